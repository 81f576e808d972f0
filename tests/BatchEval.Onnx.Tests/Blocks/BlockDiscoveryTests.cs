using BatchEval.Onnx.Blocks;
using BatchEval.Onnx.Graph;
using BatchEval.Onnx.Networks;
using BatchEval.Tests.Shared;

namespace BatchEval.Onnx.Tests.Blocks;

/// <summary>Discovered blocks against the lists that the PyTorch modules gave.</summary>
public class BlockDiscoveryTests
{
    [Theory]
    [InlineData("adm", "model.onnx", 58)]
    [InlineData("unet2d-condition", "model.onnx", 28)]
    [InlineData("unet2d", "model.onnx", 18)]
    [InlineData("unet2d", "model.opset13.onnx", 18)]
    [InlineData("unet2d", "model.opset16.onnx", 18)]
    [InlineData("unet2d", "model.half-weights.onnx", 18)]
    [InlineData("unet2d", "model.half.onnx", 18)]
    public void Blocks_are_exactly_those_of_the_module_tree(string name, string file, int count)
    {
        using var network = new TestNetwork(name, file);

        network.Graph.Blocks.Count.ShouldBe(count);
        network.Graph.Blocks.Select(b => $"{b.Id} {b.Name} {b.KindName} {b.ShortcutName} {b.Parameters}").ShouldBe(network.Blocks.Select(
            e => $"{e.GetProperty("id")} {e.GetProperty("module")} {e.GetProperty("kind")} {e.GetProperty("shortcut")} {e.GetProperty("parameters")}"));
    }

    [Fact]
    public void The_digits_network_has_its_13_blocks()
    {
        var graph = BlockDiscovery.Find(OnnxModel.Open(Path.Combine(RepoPaths.Samples, "digits", "unet.onnx")));

        graph.Blocks.Select(b => b.Name).ShouldBe(
        [
            "d16_res0", "d16_res1", "d8_res0", "d8_attn", "d8_res1", "mid_res0", "mid_attn", "mid_res1", "u8_res0", "u8_attn", "u8_res1", "u16_res0", "u16_res1",
        ]);
        graph.Blocks.ShouldAllBe(b => b.Shortcut == ShortcutKind.Identity && b.KindName == (b.Name.EndsWith("attn") ? "attention" : "residual"));
    }

    [Fact]
    public void A_network_that_classifies_has_no_blocks()
    {
        var graph = BlockDiscovery.Find(OnnxModel.Open(Path.Combine(RepoPaths.Samples, "digits", "features.onnx")));

        graph.Blocks.ShouldBeEmpty();
        Should.Throw<BatchEval.Core.Json.ProblemException>(() => graph.Select([2])).Message.ShouldBe("Block 2 cannot be dropped: no droppable blocks were found in features.onnx.");
    }
}
