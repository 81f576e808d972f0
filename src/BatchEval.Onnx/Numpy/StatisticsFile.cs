using BatchEval.Core.Metrics;

namespace BatchEval.Onnx.Numpy;

/// <summary>
/// Mean and covariance of features as <c>.npz</c>: <c>mu</c> (d) and <c>sigma</c> (d, d) in float64, the format of
/// pytorch-fid's <c>--save-stats</c>, clean-fid and the guided-diffusion reference batches. We add <c>count</c>, which
/// the others ignore and do not write.
/// </summary>
public static class StatisticsFile
{
    /// <inheritdoc cref="Read(Stream, string, StatisticsKeys?)"/>
    public static GaussianStatistics Read(string path, StatisticsKeys? keys = null) => Read(File.OpenRead(path), path, keys);

    /// <summary>Reads a file whose number of samples is known from elsewhere, such as a manifest; the file's own count is not looked at.</summary>
    /// <exception cref="InvalidDataException">As <see cref="Read(Stream, string, StatisticsKeys?)"/>.</exception>
    public static GaussianStatistics Read(string path, string mean, string covariance, long count)
    {
        using NpzFile file = NpzFile.Open(path);
        return Read(file, path, mean, covariance, count);
    }

    /// <summary>Reads an archive; the count is 0 where the file does not say.</summary>
    /// <param name="stream">The archive; must be able to seek; disposed.</param>
    /// <param name="keys">Names of the arrays; <see cref="StatisticsKeys.Default"/> if left out.</param>
    /// <exception cref="InvalidDataException">Not an archive, an array is missing or of the wrong shape or type, or the numbers are no mean and covariance.</exception>
    public static GaussianStatistics Read(Stream stream, string source, StatisticsKeys? keys = null)
    {
        keys ??= StatisticsKeys.Default;
        using NpzFile file = NpzFile.Open(stream, source);
        return Read(file, source, keys.Mean, keys.Covariance, ReadCount(file, keys.Count, source));
    }

    /// <summary>Writes a file; an existing one is replaced.</summary>
    public static void Write(string path, GaussianStatistics statistics, StatisticsKeys? keys = null)
    {
        using FileStream stream = File.Create(path);
        Write(stream, statistics, keys);
    }

    /// <summary>Writes an archive; the count is left out where it is unknown. The stream is left open.</summary>
    public static void Write(Stream stream, GaussianStatistics statistics, StatisticsKeys? keys = null)
    {
        keys ??= StatisticsKeys.Default;
        int d = statistics.Dimensions;
        using var writer = new NpzWriter(stream);
        writer.Add(keys.Mean, NpyArray.From(statistics.Mean, d));
        writer.Add(keys.Covariance, NpyArray.From(statistics.Covariance, d, d));
        if (statistics.Count > 0)
        {
            writer.Add(keys.Count, NpyArray.From([statistics.Count]));
        }
    }

    private static GaussianStatistics Read(NpzFile file, string source, string meanName, string covarianceName, long count)
    {
        NpyArray mean = ReadFloats(file, meanName, source);
        NpyArray covariance = ReadFloats(file, covarianceName, source);
        int d = mean.Length;
        RequireShape(mean, meanName, source, d);
        RequireShape(covariance, covarianceName, source, d, d);
        try
        {
            return new GaussianStatistics(mean.ToFloat64(), covariance.ToFloat64(), count);
        }
        catch (ArgumentException error)
        {
            throw new InvalidDataException($"{source} holds no usable statistics ({meanName}, {covarianceName}): {ErrorText.Of(error)}", error);
        }
    }

    private static NpyArray ReadFloats(NpzFile file, string name, string source)
    {
        NpyArray array = file.Read(name);
        return array.Kind is NpyKind.Float16 or NpyKind.Float32 or NpyKind.Float64
            ? array
            : throw new InvalidDataException($"{source}[{name}] holds {array.Kind} elements; floating point numbers are needed, best float64.");
    }

    private static void RequireShape(NpyArray array, string name, string source, params int[] shape)
    {
        if (!array.Shape.SequenceEqual(shape))
        {
            throw new InvalidDataException($"{source}[{name}] has shape {NpyHeader.Describe([.. array.Shape])}; {NpyHeader.Describe(shape)} is needed.");
        }
    }

    private static long ReadCount(NpzFile file, string name, string source)
    {
        if (!file.Contains(name))
        {
            return 0;
        }

        NpyArray count = file.Read(name);
        return count.Length == 1 && count.Kind is NpyKind.Int32 or NpyKind.Int64 && count.ToInt64()[0] > 0
            ? count.ToInt64()[0]
            : throw new InvalidDataException($"{source}[{name}] must be one positive integer, the number of samples.");
    }
}
