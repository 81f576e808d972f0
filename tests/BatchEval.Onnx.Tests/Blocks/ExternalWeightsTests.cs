using BatchEval.Core.Json;
using BatchEval.Core.Sampling;
using BatchEval.Onnx.Blocks;
using BatchEval.Onnx.Graph;
using BatchEval.Onnx.Networks;
using BatchEval.Onnx.Runtime;
using BatchEval.Onnx.Sampling;

namespace BatchEval.Onnx.Tests.Blocks;

/// <summary>Models whose weights lie in another file, as those over 2 GB do.</summary>
public sealed class ExternalWeightsTests : IDisposable
{
    private readonly TestNetwork network = new("unet2d");
    private readonly ExternalModel files = new();

    [Fact]
    public void Blocks_are_found_and_dropped_with_weights_in_another_file()
    {
        var graph = BlockDiscovery.Find(OnnxModel.Open(files.WriteExternal(network.Graph.Model.Proto, "model.onnx", "weights.bin")));

        graph.Blocks.ShouldBe(network.Graph.Blocks, new SameBlock());
        NetworkProfile.Of(graph, network.Manifest, Conditioning.None).Macs.ShouldBe(network.TotalMacs);
        using var gated = new GatedNetwork(graph, network.Manifest, TestNetwork.Device);
        using var pruned = new PrunedSessionCache(graph, network.Manifest, TestNetwork.Device);
        foreach (var (drop, expected) in network.Recorded().Where((_, i) => i % 11 == 0))
        {
            network.ShouldAgree(network.Run(gated.Without(drop)), expected, "gated");
            network.ShouldAgree(network.Run(pruned.Without(drop)), expected, "pruned");
        }
    }

    [Fact]
    public void An_export_takes_only_the_weights_that_are_left()
    {
        var graph = BlockDiscovery.Find(OnnxModel.Open(files.WriteExternal(network.Graph.Model.Proto, "model.onnx", "weights.bin")));
        var (drop, expected) = network.Recorded().First(r => r.Drop.Length > 10);

        new PrunedExport(graph, network.Manifest, new Candidate("ddim", [new(500, drop)])).Write(files.PathOf("out"));

        var exported = Path.Combine(files.Folder, "out", "model-0.onnx");
        File.Delete(files.PathOf("weights.bin"));
        using var plain = new DenoiserNetwork(SessionLoader.Open(exported, TestNetwork.Device), network.Manifest, "exported");
        network.ShouldAgree(network.Run(plain), expected, "exported");
        var lost = graph.Select(drop).Sum(b => b.Parameters * 4);
        new FileInfo(exported + ".data").Length.ShouldBeLessThan(((network.TotalParameters * 4) - lost) + (4096L * OnnxModel.Open(exported).Graph.Initializer.Count));
    }

    [Fact]
    public void Weights_that_are_missing_or_cut_off_are_named()
    {
        var path = files.WriteExternal(network.Graph.Model.Proto, "model.onnx", "weights.bin");
        using (var data = File.OpenWrite(files.PathOf("weights.bin")))
        {
            data.SetLength(5000);
        }

        Should.Throw<ProblemException>(() => OnnxModel.Open(path)).Message.ShouldContain("of 'weights.bin', which has 5000 bytes; it was only partly copied");
        File.Delete(files.PathOf("weights.bin"));
        Should.Throw<ProblemException>(() => OnnxModel.Open(path)).Message.ShouldContain("'weights.bin', which does not exist");
        var outside = network.Graph.Model.Proto.Clone();
        outside.Graph.Initializer[0].DataLocation = BatchEval.Onnx.Graph.Proto.TensorProto.Types.DataLocation.External;
        outside.Graph.Initializer[0].ExternalData.Add(new BatchEval.Onnx.Graph.Proto.StringStringEntryProto { Key = "location", Value = "../secret" });
        Should.Throw<ProblemException>(() => OnnxModel.Open(files.Write(outside, "outside.onnx"))).Message.ShouldContain("no path inside the model's folder");
    }

    [Fact]
    public void Weights_behind_a_symbolic_link_have_the_length_of_their_file()
    {
        // As every Hugging Face cache lies: names in one folder are links to blobs in another.
        var snapshot = Directory.CreateDirectory(files.PathOf("snapshot")).FullName;
        files.WriteExternal(network.Graph.Model.Proto, "blob0", "weights.bin");
        File.CreateSymbolicLink(Path.Combine(snapshot, "model.onnx"), "../blob0");
        File.CreateSymbolicLink(Path.Combine(snapshot, "weights.bin"), "../weights.bin");

        var model = OnnxModel.Open(Path.Combine(snapshot, "model.onnx"));
        using var whole = new DenoiserNetwork(SessionLoader.Open(Path.Combine(snapshot, "model.onnx"), TestNetwork.Device), network.Manifest, "model.onnx");
        using var gated = new GatedNetwork(BlockDiscovery.Find(model), network.Manifest, TestNetwork.Device);

        var expected = network.Recorded().Single(r => r.Drop.Length == 0).Expected;
        network.ShouldAgree(network.Run(whole), expected, "linked");
        network.ShouldAgree(network.Run(gated.Without([])), expected, "linked and gated");
    }

    public void Dispose()
    {
        network.Dispose();
        files.Dispose();
    }

    private sealed class SameBlock : IEqualityComparer<Block>
    {
        public bool Equals(Block? x, Block? y) => (x?.Id, x?.Name, x?.Parameters) == (y?.Id, y?.Name, y?.Parameters);

        public int GetHashCode(Block block) => block.Id;
    }
}
