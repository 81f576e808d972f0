using BatchEval.Core.Sampling;
using BatchEval.Onnx.Guidance;
using BatchEval.Onnx.Packages;
using BatchEval.Onnx.Runtime;
using BatchEval.Tests.Shared;

namespace BatchEval.Onnx.Tests.Networks;

public class ClassifierGradientTests
{
    // The same data prediction said as noise, v, sample and, at a level where both exist, velocity must be guided to the same data prediction: eps' = eps - sigma s g.
    [Theory]
    [InlineData(PredictionType.V)]
    [InlineData(PredictionType.Sample)]
    public void Every_prediction_is_guided_as_noise_is(PredictionType prediction)
    {
        var package = ModelPackage.Open(Path.Combine(RepoPaths.Root, "tests", "Golden", "pipelines", "adm"));
        var manifest = package.Manifest;
        using var gradient = new ClassifierGradient(package.PathOf(manifest.Classifier!.File), manifest.Classifier, manifest.Sample, new DeviceOptions());
        var level = manifest.Schedule.At(400);
        float[] state = [.. Enumerable.Range(0, manifest.Sample.Size).Select(i => (float)Math.Sin(i))], noise = [.. state.Select((x, i) => (float)(0.9 * x) + (float)(0.2 * Math.Cos(3 * i)))];
        DenoiserRow[] rows = [new DenoiserRow(state, level, 400, 0, 4)];
        var expected = noise.ToArray();
        gradient.Guide(rows, [expected], manifest, 6);

        var other = DataPrediction.For(prediction, level);
        float[] output = [.. state.Zip(noise, (x, eps) => (float)((((x - (level.Sigma * eps)) / level.Alpha) - (other.FromState * x)) / other.FromNetwork))];
        gradient.Guide(rows, [output], manifest with { Denoiser = manifest.Denoiser with { Prediction = prediction } }, 6);

        for (var i = 0; i < state.Length; i++)
        {
            var clean = (other.FromState * state[i]) + (other.FromNetwork * output[i]);
            clean.ShouldBe((state[i] - (level.Sigma * expected[i])) / level.Alpha, 1e-4);
        }

        expected.Zip(noise).Max(p => Math.Abs(p.First - p.Second)).ShouldBeGreaterThan(1e-3f, "guidance changes something");
    }
}
