using BatchEval.Core.Json;
using BatchEval.Onnx.Datasets;
using BatchEval.Onnx.Features;
using BatchEval.Onnx.Images;
using BatchEval.Onnx.Numpy;
using BatchEval.Onnx.Packages;
using BatchEval.Onnx.Runtime;
using BatchEval.Tests.Shared;

namespace BatchEval.Onnx.Tests.Features;

/// <summary>What tools/features exports, with random weights and few channels, against PyTorch.</summary>
public sealed class ExportedNetworkTests
{
    private static readonly string Folder = Path.Combine(RepoPaths.Root, "tests", "Golden", "features");

    [Theory]
    [InlineData("inception")]
    [InlineData("clip")]
    public void Feature_networks_equal_the_framework(string name)
    {
        using var network = new FeatureNetwork(FeaturePackage.Open(Path.Combine(Folder, name)), new DeviceOptions());
        var (features, logits) = network.Run(Images(name, "images0"));
        Close(features, Golden(name, "features"));
        (logits is null).ShouldBe(name == "clip");
        if (logits is not null) Close(logits, Golden(name, "logits"));
        var alone = network.Run([Images(name, "images0")[1]]).Features;
        alone.Length.ShouldBe(network.Dimensions);
        alone.Zip(features.Skip(network.Dimensions)).ShouldAllBe(p => Math.Abs(p.First - p.Second) < 1e-4 * Math.Max(1, Math.Abs(p.First)));
    }

    [Fact]
    public void Clip_scores_equal_the_framework()
    {
        using var scorer = new ClipScorer(FeaturePackage.Open(Path.Combine(Folder, "clip")), new DeviceOptions());
        var scores = scorer.Score(Images("clip", "images0").Zip(["a red cat", "two dogs", "a green hill at night"])).ToList();
        scores.Count.ShouldBe(3);
        scores.Zip(Golden("clip", "score")).ShouldAllBe(p => p.First > 10 && Math.Abs(p.First - p.Second) < 1e-4 * p.Second);
        Should.Throw<ProblemException>(() => new ClipScorer(FeaturePackage.Open(Path.Combine(Folder, "inception")), new DeviceOptions())).Message.ShouldContain("has no text half");
    }

    [Theory]
    [InlineData("lpips-alex")]
    [InlineData("lpips-vgg")]
    [InlineData("lpips-squeeze")]
    public void Perceptual_networks_equal_the_framework(string name)
    {
        using var network = new PerceptualNetwork(FeaturePackage.Open(Path.Combine(Folder, name)), new DeviceOptions());
        var (a, b) = (Images(name, "images0"), Images(name, "images1"));
        network.Measure(a, b).ShouldBe(Golden(name, "distance"), 1e-5);
        network.Measure(b, a).ShouldBe(network.Measure(a, b), 1e-6);
        network.Measure(a, a).ShouldAllBe(d => d == 0);
        network.ReasonAgainst(new RgbImage(8, 8, new byte[192])).ShouldNotBeNull().ShouldContain("needs at least");
    }

    [Fact]
    public void A_package_with_only_a_perceptual_network_has_no_features()
    {
        var package = FeaturePackage.Open(Path.Combine(Folder, "lpips-alex"));
        Should.Throw<ProblemException>(() => new FeatureNetwork(package, new DeviceOptions())).Message.ShouldContain("no feature network");
        var other = FeaturePackage.Open(Path.Combine(Folder, "clip"));
        Should.Throw<ProblemException>(() => new PerceptualNetwork(other, new DeviceOptions())).Message.ShouldContain("no perceptual network");
    }

    private static RgbImage[] Images(string name, string array) => [.. ArrayImageSource.OfNpz(Path.Combine(Folder, name, "golden.npz"), array).Read()];

    private static float[] Golden(string name, string array)
    {
        using var file = NpzFile.Open(Path.Combine(Folder, name, "golden.npz"));
        return file.Read(array).ToFloat32();
    }

    private static void Close(float[] found, float[] expected)
    {
        found.Length.ShouldBe(expected.Length);
        var largest = expected.Max(Math.Abs);
        found.ShouldBe(expected, 1e-5f * largest);
    }
}
