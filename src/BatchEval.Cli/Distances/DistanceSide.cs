using BatchEval.Cli.Terminal;
using BatchEval.Core.Json;
using BatchEval.Core.Metrics;
using BatchEval.Onnx.Datasets;
using BatchEval.Onnx.Evaluation;
using BatchEval.Onnx.Features;
using BatchEval.Onnx.Numpy;
using BatchEval.Onnx.Packages;
using BatchEval.Onnx.Runtime;

namespace BatchEval.Cli.Distances;

/// <summary>One side of a Frechet distance: statistics, or features from which statistics follow.</summary>
/// <param name="Kind">What was given: statistics, features or images.</param>
/// <param name="Statistics">Mean and covariance.</param>
/// <param name="Features">The features, or null where only statistics are known.</param>
internal sealed record DistanceSide(string Kind, GaussianStatistics Statistics, FeatureMatrix? Features)
{
    /// <summary>Samples behind it, or null where a statistics file does not say.</summary>
    public long? Count => Statistics.Count > 0 ? Statistics.Count : null;

    /// <summary>Reads a side.</summary>
    /// <param name="path">An <c>.npz</c> of statistics, an <c>.npy</c> of features, or a folder of images.</param>
    /// <param name="package">Package whose feature network folders need, or null.</param>
    /// <param name="device">Where it runs.</param>
    /// <exception cref="ProblemException">It cannot be used.</exception>
    public static DistanceSide Read(string path, string? package, DeviceOptions device)
    {
        if (Directory.Exists(path))
        {
            return package is null
                ? throw new ProblemException($"'{path}' is a folder of images, so a feature network is needed: give --features <package>.")
                : FromImages(path, package, device);
        }

        if (!File.Exists(path))
        {
            throw new ProblemException($"'{path}' does not exist; expected an .npz of statistics, an .npy of features, or a folder of images.");
        }

        return Input.Read($"'{path}'", () => Path.GetExtension(path).ToLowerInvariant() switch
        {
            ".npz" => new DistanceSide("statistics", StatisticsFile.Read(path), null),
            ".npy" => FromFeatures("features", FromArray(path)),
            _ => throw new ArgumentException("is neither an .npz of statistics, an .npy of features, nor a folder of images."),
        });
    }

    private static DistanceSide FromFeatures(string kind, FeatureMatrix features) =>
        new(kind, MomentAccumulator.Of(features, Environment.ProcessorCount).ToStatistics(), features);

    private static FeatureMatrix FromArray(string path)
    {
        var array = NpyFormat.ReadFile(path);
        if (array.Kind is not (NpyKind.Float16 or NpyKind.Float32 or NpyKind.Float64) || array.Shape.Count != 2 || array.Shape[0] < 2)
        {
            throw new InvalidDataException($"holds {array.Kind} elements of shape [{string.Join(", ", array.Shape)}]; floating point features [n, d] with n at least 2 are needed.");
        }

        return new FeatureMatrix(array.ToFloat32(), array.Shape[0], array.Shape[1]);
    }

    private static DistanceSide FromImages(string folder, string package, DeviceOptions device)
    {
        using var network = new FeatureNetwork(FeaturePackage.Open(package), device);
        var set = Input.Read($"'{folder}'", () => MeasuredSet.OfImages(ImageSources.Open(folder), network, Environment.ProcessorCount));
        return new DistanceSide("images", set.Statistics, set.Features);
    }
}
