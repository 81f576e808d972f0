using BatchEval.Core.Metrics;
using BatchEval.Onnx.Features;
using BatchEval.Onnx.Packages;
using BatchEval.Onnx.Runtime;

namespace BatchEval.Onnx.Tests.Features;

/// <summary>Feature and perceptual networks of the bundled package against PyTorch.</summary>
public sealed class DigitsFeatureTests(DigitsFixture digits) : IClassFixture<DigitsFixture>
{
    [Fact]
    public void Features_are_those_of_pytorch_at_every_batch_size()
    {
        var (images, _) = DigitsFixture.Golden("features.npz", "images");
        var expected = DigitsFixture.Golden("features.npz", "features").Values;
        using var network = new FeatureNetwork(FeaturePackage.Of(digits.Package), new DeviceOptions());
        foreach (var batch in new[] { 128, 5, 1 })
        {
            network.Run(images, withLogits: false, batch).Features.ShouldBe(expected, 1e-3);
        }
    }

    [Fact]
    public void Perceptual_distances_are_those_of_the_transcription()
    {
        var (a, _) = DigitsFixture.Golden("perceptual.npz", "a");
        var (b, _) = DigitsFixture.Golden("perceptual.npz", "b");
        var expected = DigitsFixture.Golden("perceptual.npz", "distance").Values;
        using var perceptual = new PerceptualNetwork(FeaturePackage.Of(digits.Package), new DeviceOptions());
        perceptual.Measure(a, b, new ImageShape(1, 16, 16), batchSize: 3).ShouldBe(expected, 1e-4);
        perceptual.Measure(a, a, new ImageShape(1, 16, 16)).ShouldAllBe(d => d == 0);
    }
}
