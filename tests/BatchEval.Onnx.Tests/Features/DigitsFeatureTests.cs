using BatchEval.Onnx.Features;
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
        foreach (var batch in new[] { 128, 5, 1 })
        {
            using var extractor = new FeatureExtractor(digits.Package, new DeviceOptions(), batch);
            extractor.Extract(images).ShouldBe(expected, 1e-3);
        }
    }

    [Fact]
    public void Perceptual_distances_are_those_of_the_transcription()
    {
        var (a, _) = DigitsFixture.Golden("perceptual.npz", "a");
        var (b, _) = DigitsFixture.Golden("perceptual.npz", "b");
        var expected = DigitsFixture.Golden("perceptual.npz", "distance").Values;
        using var perceptual = new PerceptualDistance(digits.Package, new DeviceOptions(), batchSize: 3);
        perceptual.Measure(a, b).ShouldBe(expected, 1e-4);
        perceptual.Measure(a, a).ShouldAllBe(d => d == 0);
    }
}
