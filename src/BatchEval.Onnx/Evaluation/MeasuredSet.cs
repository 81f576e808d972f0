using System.Security.Cryptography;
using BatchEval.Core.Metrics;
using BatchEval.Onnx.Datasets;
using BatchEval.Onnx.Features;
using BatchEval.Onnx.Numpy;

namespace BatchEval.Onnx.Evaluation;

/// <summary>One side of the distribution metrics.</summary>
/// <param name="Name">Where it came from.</param>
/// <param name="Kind"><c>images</c>, <c>features</c> or <c>statistics</c>.</param>
/// <param name="Statistics">Mean and covariance of the features.</param>
/// <param name="Features">The features, or null where only statistics are known.</param>
/// <param name="Logits">Class scores, or null.</param>
/// <param name="Tags">What they were computed from, or null where a file does not say.</param>
/// <param name="Digest">Digest of the images, or of the file where the images are not known.</param>
public sealed record MeasuredSet(string Name, string Kind, GaussianStatistics Statistics, FeatureMatrix? Features, FeatureMatrix? Logits, StatisticsTags? Tags, string Digest)
{
    private const int BatchSize = 32;

    /// <summary>Number of images, or 0 where a file does not say.</summary>
    public long Count => Statistics.Count;

    /// <summary>Reads statistics (<c>mu</c>, <c>sigma</c>).</summary>
    /// <exception cref="InvalidDataException">As <see cref="StatisticsFile.Read(string)"/>.</exception>
    public static MeasuredSet OfStatistics(string path)
    {
        StatisticsTags? tags = StatisticsTags.Read(path);
        return new MeasuredSet(path, "statistics", StatisticsFile.Read(path), null, null, tags, tags?.Images ?? DigestOf(path));
    }

    /// <summary>Reads features [n, d] from a <c>.npy</c> file.</summary>
    /// <exception cref="InvalidDataException">Another shape or type, or numbers that are not finite.</exception>
    public static MeasuredSet OfFeatures(string path, int threads)
    {
        NpyArray array = NpyFormat.ReadFile(path);
        if (array.Kind is not (NpyKind.Float16 or NpyKind.Float32 or NpyKind.Float64) || array.Shape.Count != 2 || array.Shape[0] < 2)
        {
            throw new InvalidDataException($"{path} holds {array.Kind} elements of shape ({string.Join(", ", array.Shape)}); floating point features (n, d) with n at least 2 are needed.");
        }

        RequireSinglePrecision(array, path);
        FeatureMatrix features = Matrix(array.ToFloat32(), array.Shape[0], path);
        return new MeasuredSet(path, "features", StatisticsOf(features, threads), features, null, null, DigestOf(path));
    }

    /// <summary>Computes the features of images; they are kept in memory.</summary>
    /// <param name="source">At least two images.</param>
    /// <param name="threads">Threads to use at most for the moments.</param>
    /// <param name="progress">Told the number of images done.</param>
    /// <exception cref="ProblemException">An image or feature cannot be used.</exception>
    public static MeasuredSet OfImages(IImageSource source, FeatureNetwork network, int threads, Action<int>? progress = null, CancellationToken cancellation = default)
    {
        if ((long)source.Count * network.Dimensions > Array.MaxLength)
        {
            throw new ProblemException($"{source.Name}: {source.Count} x {network.Dimensions} features are too many to hold at once; compute statistics with 'batcheval stats' and compare those.");
        }

        var features = new float[source.Count * network.Dimensions];
        var logits = new List<float>();
        var digest = new ImageSetDigest();
        int done = 0;
        foreach (var images in source.Read().Chunk(BatchSize))
        {
            cancellation.ThrowIfCancellationRequested();
            (float[] rows, float[]? scores) = network.Run(images, i => source.NameOf(done + i));
            rows.CopyTo(features.AsSpan(done * network.Dimensions));
            logits.AddRange(scores ?? []);
            Array.ForEach(images, digest.Add);
            progress?.Invoke(done += images.Length);
        }

        FeatureMatrix matrix = Matrix(features, source.Count, source.Name);
        var tags = new StatisticsTags(network.Preprocessing, network.Digest, digest.ToString());
        return new MeasuredSet(
            source.Name, "images", StatisticsOf(matrix, threads), matrix, logits.Count == 0 ? null : Matrix(logits.ToArray(), source.Count, source.Name), tags, tags.Images);
    }

    // Features are computed with in single precision; larger finite numbers would become infinite.
    private static void RequireSinglePrecision(NpyArray array, string path)
    {
        if (array.Kind == NpyKind.Float64 && Array.FindIndex(array.ToFloat64(), value => double.IsFinite(value) && Math.Abs(value) > float.MaxValue) is >= 0 and var index)
        {
            throw new InvalidDataException($"{path}: feature {index % array.Shape[1]} of row {index / array.Shape[1]} is {array.ToFloat64()[index]:G4}; features are computed with in single precision, whose largest number is {float.MaxValue:G4}. Scale them.");
        }
    }

    private static GaussianStatistics StatisticsOf(FeatureMatrix features, int threads) => MomentAccumulator.Of(features, threads).ToStatistics();

    private static FeatureMatrix Matrix(float[] values, int count, string name)
    {
        try
        {
            return new FeatureMatrix(values, count, values.Length / count);
        }
        catch (ArgumentException error)
        {
            throw new ProblemException($"{name}: {ErrorText.Of(error)}");
        }
    }

    private static string DigestOf(string path)
    {
        using FileStream stream = File.OpenRead(path);
        return "file-sha256:" + Convert.ToHexStringLower(SHA256.HashData(stream));
    }
}
