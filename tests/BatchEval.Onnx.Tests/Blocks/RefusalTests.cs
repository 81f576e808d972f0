using BatchEval.Core.Json;
using BatchEval.Onnx.Blocks;
using BatchEval.Onnx.Graph;
using BatchEval.Onnx.Graph.Proto;
using BatchEval.Onnx.Networks;

namespace BatchEval.Onnx.Tests.Blocks;

/// <summary>What cannot be cut is refused by name, and can still be sampled whole.</summary>
public sealed class RefusalTests : IDisposable
{
    private readonly TestNetwork network = new("unet2d");
    private readonly ExternalModel files = new();

    [Theory]
    [InlineData(12)]
    [InlineData(22)]
    public void Other_operator_sets_are_refused_by_number(long version)
    {
        var path = files.Write(WithOperatorSet(version), "model.onnx");
        Should.Throw<ProblemException>(() => BlockDiscovery.Find(OnnxModel.Open(path))).Message
            .ShouldBe($"model.onnx uses operator set {version}; blocks can be found and dropped in operator sets 13 to 21.");
    }

    [Theory]
    [InlineData(13)]
    [InlineData(21)]
    public void Operator_sets_at_both_ends_are_cut(long version) =>
        BlockDiscovery.Find(OnnxModel.Open(files.Write(WithOperatorSet(version), "model.onnx"))).Blocks.Count.ShouldBe(18);

    [Fact]
    public void A_network_whose_operator_set_is_refused_still_runs_whole()
    {
        using var source = new WholeNetwork(network.Open(network.Graph.Model.Proto), "model.onnx uses operator set 12.");
        source.Blocks.ShouldBe(0);
        Should.Throw<ProblemException>(() => source.Without([4])).Message.ShouldBe("Block 4 cannot be dropped: model.onnx uses operator set 12.");
    }

    [Fact]
    public void A_mask_after_which_the_output_depends_on_no_input_is_refused()
    {
        // The output is a block whose shortcut is a weight.
        var block = network.Graph.Blocks[0] with { Id = 0, Output = network.Manifest.Denoiser.Output, Replacement = network.Graph.Model.Graph.Initializer[0].Name };
        var graph = network.Graph with { Blocks = [block] };
        Should.Throw<ProblemException>(() => GraphPruner.Without(graph, [0])).Message
            .ShouldBe("Without blocks 0 of model.onnx, its output 'out_sample' depends on no input.");
    }

    [Fact]
    public void A_mask_that_the_runtime_refuses_is_refused_with_its_words()
    {
        // A shortcut of another shape than the block's output.
        var block = network.Graph.Blocks[1] with { Id = 0, Replacement = network.Graph.Blocks[0].Replacement };
        var graph = network.Graph with { Blocks = [block] };
        using var cache = new PrunedSessionCache(graph, network.Manifest, TestNetwork.Device);
        Should.Throw<ProblemException>(() => cache.Without([0])).Message.ShouldStartWith("model.onnx cannot be loaded without some of its blocks:");
    }

    [Fact]
    public void A_file_that_is_no_model_is_named()
    {
        File.WriteAllText(files.PathOf("text.onnx"), "this is not ONNX");
        Should.Throw<ProblemException>(() => OnnxModel.Open(files.PathOf("text.onnx"))).Message.ShouldContain("text.onnx' could not be loaded as an ONNX model");
        Should.Throw<ProblemException>(() => OnnxModel.Open(files.PathOf("none.onnx"))).Message.ShouldContain("none.onnx' does not exist");
    }

    public void Dispose()
    {
        network.Dispose();
        files.Dispose();
    }

    private ModelProto WithOperatorSet(long version)
    {
        var model = network.Graph.Model.Proto.Clone();
        model.OpsetImport[0].Version = version;
        return model;
    }
}
