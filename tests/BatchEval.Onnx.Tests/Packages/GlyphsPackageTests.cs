using System.Text.Json;
using BatchEval.Core.Metrics;
using BatchEval.Onnx.Blocks;
using BatchEval.Onnx.Features;
using BatchEval.Onnx.Numpy;
using BatchEval.Onnx.Networks;
using BatchEval.Onnx.Packages;
using BatchEval.Onnx.Runtime;
using BatchEval.Onnx.Sampling;
using BatchEval.Tests.Shared;

namespace BatchEval.Onnx.Tests.Packages;

/// <summary>The bundled glyphs package against PyTorch (tools/golden/glyphs.py): a v-prediction network with a cosine schedule, in colour.</summary>
public sealed class GlyphsPackageTests : IDisposable
{
    private const int Values = 3 * 3 * 32 * 32;

    private readonly ModelPackage package = ModelPackage.Open(Path.Combine(RepoPaths.Samples, "glyphs"));
    private readonly SamplingModel model;

    public GlyphsPackageTests() => model = SamplingModel.Open(package, new DeviceOptions());

    public void Dispose() => model.Dispose();

    [Fact]
    public void The_network_and_each_of_its_13_blocks_left_out_give_what_PyTorch_recorded()
    {
        model.Networks.Blocks.ShouldBe(13);
        Predicted([]).ShouldBe(Golden("denoiser.npz", "v"), 1e-4);
        var single = Golden("denoiser.npz", "single");
        for (var block = 0; block < 13; block++)
        {
            Predicted([block]).ShouldBe(single[(block * Values)..((block + 1) * Values)], 1e-4);
        }
    }

    [Fact]
    public void Multiply_adds_are_exact_in_total_and_by_block()
    {
        var counts = JsonDocument.Parse(File.ReadAllText(Path.Combine(RepoPaths.Root, "tests", "Golden", "glyphs", "glyphs.json"))).RootElement.GetProperty("multiplyAdds");
        var profile = NetworkProfile.Of(((BlockNetworks)model.Networks).Graph, model.Manifest, model.Conditioning);

        profile.Macs.ShouldBe(counts.GetProperty("total").GetDouble());
        profile.Blocks.Select(b => (b.Block.Name, b.Macs)).ShouldBe(counts.GetProperty("blocks").EnumerateObject().Select(b => (b.Name, b.Value.GetDouble())));
    }

    [Fact]
    public void Features_and_distances_are_those_of_PyTorch()
    {
        var images = Golden("networks.npz", "images");
        float[] reversed = [.. images.Chunk(Values / 3).Reverse().SelectMany(i => i)];
        using var features = new FeatureNetwork(FeaturePackage.Of(package), new DeviceOptions());
        using var perceptual = new PerceptualNetwork(FeaturePackage.Of(package), new DeviceOptions());

        features.Run(images, withLogits: false).Features.Select(v => (float)v).ShouldBe(Golden("networks.npz", "features"), 1e-3);
        perceptual.Measure(images, reversed, new ImageShape(3, 32, 32)).Select(v => (float)v).ShouldBe(Golden("networks.npz", "distance"), 1e-4);
    }

    [Fact]
    public void Its_files_are_smaller_than_20_megabytes() =>
        Directory.EnumerateFiles(Path.Combine(RepoPaths.Samples, "glyphs")).Sum(f => new FileInfo(f).Length).ShouldBeLessThan(20_000_000);

    private float[] Predicted(int[] dropped)
    {
        var output = new float[Values];
        var labels = Golden("denoiser.npz", "class_labels");
        model.Networks.Without(dropped).Run(
            Golden("denoiser.npz", "sample"), Golden("denoiser.npz", "timestep"), [new Feed("class_labels", labels, [labels.Length])], output);
        return output;
    }

    private static float[] Golden(string file, string name)
    {
        using var archive = NpzFile.Open(Path.Combine(RepoPaths.Root, "tests", "Golden", "glyphs", file));
        return archive.Read(name).ToFloat32();
    }
}
