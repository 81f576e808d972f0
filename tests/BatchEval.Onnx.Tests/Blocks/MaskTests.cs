using BatchEval.Onnx.Blocks;

namespace BatchEval.Onnx.Tests.Blocks;

/// <summary>Every block dropped alone, 50 masks of several, and the whole network, against PyTorch without those modules.</summary>
public class MaskTests
{
    [Theory]
    [InlineData("adm", "model.onnx")]
    [InlineData("unet2d-condition", "model.onnx")]
    [InlineData("unet2d", "model.onnx")]
    [InlineData("unet2d", "model.opset13.onnx")]
    [InlineData("unet2d", "model.opset16.onnx")]
    [InlineData("unet2d", "model.half-weights.onnx")]
    [InlineData("unet2d", "model.half.onnx")]
    public void Gated_execution_equals_PyTorch_without_the_blocks(string name, string file)
    {
        using var network = new TestNetwork(name, file);
        using var gated = new GatedNetwork(network.Graph, network.Manifest, TestNetwork.Device);

        foreach (var (drop, expected) in network.Recorded())
        {
            network.ShouldAgree(network.Run(gated.Without(drop)), expected, $"without {string.Join(',', drop)}");
        }
    }

    [Theory]
    [InlineData("adm", "model.onnx", 9)]
    [InlineData("unet2d-condition", "model.onnx", 7)]
    [InlineData("unet2d", "model.onnx", 1)]
    [InlineData("unet2d", "model.opset13.onnx", 5)]
    [InlineData("unet2d", "model.half-weights.onnx", 5)]
    [InlineData("unet2d", "model.half.onnx", 5)]
    public void Pruned_graphs_equal_PyTorch_without_the_blocks(string name, string file, int every)
    {
        using var network = new TestNetwork(name, file);
        foreach (var (drop, expected) in network.Recorded().Where((_, i) => i % every == 0))
        {
            using var pruned = network.Open(GraphPruner.Without(network.Graph, drop));
            network.ShouldAgree(network.Run(pruned), expected, $"without {string.Join(',', drop)}");
        }
    }
}
