using System.Text.Json;
using BatchEval.Onnx.Blocks;
using BatchEval.Tests.Shared;

namespace BatchEval.Onnx.Tests.Blocks;

/// <summary>Multiply-adds against counts by hooks on the PyTorch modules.</summary>
public class NetworkProfileTests
{
    [Theory]
    [InlineData("adm", "model.onnx")]
    [InlineData("unet2d-condition", "model.onnx")]
    [InlineData("unet2d", "model.onnx")]
    [InlineData("unet2d", "model.opset13.onnx")]
    [InlineData("unet2d", "model.half-weights.onnx")]
    [InlineData("unet2d", "model.half.onnx")]
    public void Multiply_adds_are_exact_in_total_and_by_block(string name, string file)
    {
        using var network = new TestNetwork(name, file);
        var profile = NetworkProfile.Of(network.Graph, network.Manifest, network.Conditioning);

        profile.Macs.ShouldBe(network.TotalMacs);
        profile.Blocks.Select(b => b.Macs).ShouldBe(network.Blocks.Select(b => b.GetProperty("macs").GetDouble()));
        profile.PeakBytes.ShouldBeGreaterThan(profile.Parameters * 2);
    }

    [Fact]
    public void Resolutions_are_those_of_the_levels()
    {
        using var network = new TestNetwork("adm");
        var profile = NetworkProfile.Of(network.Graph, network.Manifest, network.Conditioning);

        profile.Blocks.Select(b => b.Resolution).ShouldBe([.. Levels()]);

        static IEnumerable<string> Levels() =>
            Enumerable.Repeat("32x32", 3).Concat(Enumerable.Repeat("16x16", 7)).Concat(Enumerable.Repeat("8x8", 7)).Concat(Enumerable.Repeat("4x4", 7 + 3 + 8))
                .Concat(Enumerable.Repeat("8x8", 9)).Concat(Enumerable.Repeat("16x16", 9)).Concat(Enumerable.Repeat("32x32", 5));
    }

    [Fact]
    public void The_digits_network_is_counted_exactly()
    {
        using var digits = new DigitsFixture();
        var counts = JsonDocument.Parse(File.ReadAllText(Path.Combine(RepoPaths.Root, "tests", "Golden", "digits", "digits.json"))).RootElement.GetProperty("multiplyAdds");
        var profile = NetworkProfile.Of(((BlockNetworks)digits.Model.Networks).Graph, digits.Model.Manifest, digits.Model.Conditioning);

        profile.Macs.ShouldBe(counts.GetProperty("total").GetDouble());
        profile.Blocks.ToDictionary(b => b.Block.Name, b => b.Macs).ShouldBe(counts.GetProperty("blocks").EnumerateObject().ToDictionary(b => b.Name, b => b.Value.GetDouble()), ignoreOrder: true);
    }
}
