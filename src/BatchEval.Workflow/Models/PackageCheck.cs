using BatchEval.Onnx.Decoding;
using BatchEval.Onnx.Features;
using BatchEval.Onnx.Guidance;
using BatchEval.Onnx.Images;
using BatchEval.Onnx.Packages;
using BatchEval.Onnx.Runtime;
using BatchEval.Onnx.Sampling;
using BatchEval.Onnx.Text;
using BatchEval.Core.Metrics;
using Microsoft.ML.OnnxRuntime;

namespace BatchEval.Workflow.Models;

/// <summary>Opens everything that a package names and calls it once: the denoiser by <see cref="ModelCheck"/>, and what images are decoded and measured with.</summary>
public static class PackageCheck
{
    private const float Same = 1e-3f;

    /// <summary>All results, in order; networks are opened while they are read.</summary>
    /// <exception cref="ProblemException">The denoiser does not fit the manifest at all.</exception>
    public static IEnumerable<CheckResult> Run(ModelPackage package, DeviceOptions device) =>
        new ModelCheck(package, device).Run().Concat(Others(package, device));

    private static IEnumerable<CheckResult> Others(ModelPackage package, DeviceOptions device)
    {
        var manifest = package.Manifest;
        if (manifest.Text is not null)
        {
            yield return Try("text", () => Encode(package, device));
        }

        if (manifest.Classifier is { } classifier)
        {
            yield return Try("classifier", () => Classify(package, classifier, device));
        }

        if (manifest.Decoder is not null)
        {
            yield return Try("decoder", () => Decode(package, device));
        }

        if (manifest.Features is not null)
        {
            yield return Try("features", () => Features(package, device));
        }

        if (manifest.Perceptual is not null)
        {
            yield return Try("perceptual", () => Perceptual(package, device));
        }

        if (manifest.ClipFolder is { } clip)
        {
            yield return Try("clip", () => Clip(package, clip, device));
        }

        if (manifest.SecondFolder is { } second)
        {
            yield return Try("second", () => Second(package, second, device));
        }

        if (manifest.Reference is { } reference)
        {
            foreach (var entry in new[] { reference.Training, reference.HeldOut }.OfType<StatisticsEntry>())
            {
                yield return Try("statistics", () => (true, $"{reference.File}: {ReferenceStatistics.Read(package, reference, entry).Dimensions} dimensions, the covariance can be used"));
            }
        }
    }

    private static CheckResult Try(string name, Func<(bool Passed, string Seen)> look)
    {
        try
        {
            var (passed, seen) = look();
            return new CheckResult(name, passed, seen);
        }
        catch (Exception error) when (error is ProblemException or NetworkFailedException or InvalidDataException or InvalidOperationException or OnnxRuntimeException)
        {
            return new CheckResult(name, false, ErrorText.Of(error));
        }
    }

    private static (bool Passed, string Seen) Encode(ModelPackage package, DeviceOptions device)
    {
        var (entry, denoiser) = (package.Manifest.Text!, package.Manifest.Denoiser);
        var encoded = new PromptEncoder(package, device).Encode([new Prompt("a cat")]);
        var seen = $"{string.Join(", ", entry.Encoders.Select(e => e.File))}: a prompt as [{string.Join(", ", encoded.Sequence.Shape.Skip(1))}]{(encoded.Pooled is { } pooled ? $" and [{pooled.Shape[1]}]" : string.Empty)}";
        return denoiser.ContextShape is { } shape && encoded.Sequence.Shape[2] != shape.Width
            ? (false, $"{seen}; the denoiser's '{denoiser.ContextInput}' has a width of {shape.Width}")
            : Finite([.. encoded.Sequence.Data, .. encoded.Pooled?.Data ?? []], seen);
    }

    private static (bool Passed, string Seen) Classify(ModelPackage package, ClassifierEntry entry, DeviceOptions device)
    {
        var (sample, schedule) = (package.Manifest.Sample, package.Manifest.Schedule);
        using var classifier = new ClassifierGradient(package.PathOf(entry.File), entry, sample, device);
        var level = schedule.At(schedule.Nearest((schedule.MinTime + schedule.MaxTime) / 2));
        return Finite(classifier.Of([new DenoiserRow(Grey(sample), level, level.Time, 0, 0)], sample), $"{entry.File}: the gradient of class 0 at a grey sample");
    }

    private static (bool Passed, string Seen) Second(ModelPackage package, string folder, DeviceOptions device)
    {
        using var network = new FeatureNetwork(FeaturePackage.Open(package.PathOf(folder)), device);
        return Finite(network.Run([GreyImage(package.Manifest.Image)]).Features, $"{folder}: {network.Dimensions} features of an image, {network.Preprocessing}");
    }

    private static (bool Passed, string Seen) Clip(ModelPackage package, string folder, DeviceOptions device)
    {
        using var scorer = new ClipScorer(FeaturePackage.Open(package.PathOf(folder)), device);
        var score = scorer.Score([(GreyImage(package.Manifest.Image), "a cat")]).First();
        return (double.IsFinite(score), string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{folder}: the score of a grey image and a text is {score:G3}"));
    }

    private static (bool Passed, string Seen) Decode(ModelPackage package, DeviceOptions device)
    {
        var (entry, sample) = (package.Manifest.Decoder!, package.Manifest.Sample);
        using var decoder = new LatentDecoder(package, device);
        var image = decoder.Decode([new float[sample.Size]])[0];
        return Finite(image, $"{entry.File}: an image of {entry.Image.Channels} x {entry.Image.Height} x {entry.Image.Width} from a latent of {sample.Channels} x {sample.Height} x {sample.Width}");
    }

    private static (bool Passed, string Seen) Features(ModelPackage package, DeviceOptions device)
    {
        var image = package.Manifest.Image;
        using var network = new FeatureNetwork(FeaturePackage.Of(package), device);
        var features = network.Run(Grey(image), withLogits: true).Features;
        return Finite(features, $"{package.Manifest.Features!.File}: {network.Dimensions} features of an image, {network.Preprocessing}");
    }

    private static (bool Passed, string Seen) Perceptual(ModelPackage package, DeviceOptions device)
    {
        var image = package.Manifest.Image;
        using var network = new PerceptualNetwork(FeaturePackage.Of(package), device);
        var distance = network.Measure(Grey(image), Grey(image), new ImageShape(image.Channels, image.Height, image.Width))[0];
        return (Math.Abs(distance) < Same, string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{package.Manifest.Perceptual!.File}: the distance of equal images is {distance:G3}{(Math.Abs(distance) < Same ? string.Empty : "; it must be 0")}"));
    }

    private static RgbImage GreyImage(SampleEntry image) => new(image.Width, image.Height, [.. Enumerable.Repeat((byte)128, 3 * image.Width * image.Height)]);

    private static float[] Grey(SampleEntry image) => [.. Enumerable.Repeat((float)((image.Low + image.High) / 2), image.Size)];

    private static (bool Passed, string Seen) Finite(float[] values, string seen) =>
        values.All(float.IsFinite) ? (true, seen) : (false, $"{seen}; {values.Count(v => !float.IsFinite(v))} of {values.Length} values are not finite");
}
