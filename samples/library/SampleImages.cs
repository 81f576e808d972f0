using BatchEval.Core.Randomness;
using BatchEval.Core.Sampling;
using BatchEval.Core.Sampling.Placement;
using BatchEval.Onnx.Images;
using BatchEval.Onnx.Networks;
using BatchEval.Onnx.Packages;
using BatchEval.Onnx.Runtime;
using BatchEval.Onnx.Sampling;

namespace Samples;

/// <summary>Draws images of a model package with a sampler and writes them side by side into one PNG file.</summary>
public static class SampleImages
{
    public static void Run(string package, string file)
    {
        using var model = SamplingModel.Open(ModelPackage.Open(package), new DeviceOptions("cpu", Threads: 1));
        var times = PlacementRules.Create("trailing", model.Manifest.Schedule, 6).Times;
        var sampler = Candidate.At("dpmpp-2m", times);
        var conditions = new Conditions(Label: Conditions.RandomLabel, GuidanceScale: 1.5);
        conditions.Check(model.Manifest);

        var engine = new SamplingEngine(model, new NoiseBank(seed: 1), conditions, batchSize: 8);
        var results = engine.Run([.. Enumerable.Range(0, 16).Select(sample => (sampler, (long)sample))]);
        float[] pixels = [.. model.Images([.. results.Select(r => r.Image)]).SelectMany(image => image)];
        var shape = model.Manifest.Image;
        var images = TensorImages.ToImages(pixels, shape.Channels, shape.Height, shape.Width, new PixelRange(shape.Low, shape.High));
        File.WriteAllBytes(file, ImageCodec.EncodePng(ImageGrid.Compose(images, columns: 4)));
    }
}
