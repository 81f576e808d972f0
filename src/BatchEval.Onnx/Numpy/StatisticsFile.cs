using System.Text;
using BatchEval.Core.Metrics;

namespace BatchEval.Onnx.Numpy;

/// <summary>
/// Mean and covariance of features as <c>.npz</c>: <c>mu</c> (d) and <c>sigma</c> (d, d) in float64, the format of
/// pytorch-fid's <c>--save-stats</c>, clean-fid and the guided-diffusion reference batches. We add <c>count</c>, which
/// the others ignore and do not write.
/// </summary>
public static class StatisticsFile
{
    /// <summary>Name of the mean.</summary>
    public const string Mean = "mu";

    private const string Covariance = "sigma";
    private const string Count = "count";

    /// <inheritdoc cref="Read(Stream, string)"/>
    public static GaussianStatistics Read(string path) => Read(File.OpenRead(path), path);

    /// <summary>Reads a file whose number of samples is known from elsewhere, such as a manifest; the file's own count is not looked at.</summary>
    /// <exception cref="InvalidDataException">As <see cref="Read(Stream, string)"/>.</exception>
    public static GaussianStatistics Read(string path, string mean, string covariance, long count)
    {
        using NpzFile file = NpzFile.Open(path);
        return Read(file, path, mean, covariance, count);
    }

    /// <summary>Reads an archive; the count is 0 where the file does not say.</summary>
    /// <param name="stream">The archive; must be able to seek; disposed.</param>
    /// <exception cref="InvalidDataException">Not an archive, an array is missing or of the wrong shape or type, or the numbers are no mean and covariance.</exception>
    public static GaussianStatistics Read(Stream stream, string source)
    {
        using NpzFile file = NpzFile.Open(stream, source);
        return Read(file, source, Mean, Covariance, ReadCount(file, source));
    }

    /// <summary>Writes a file; an existing one is replaced.</summary>
    public static void Write(string path, GaussianStatistics statistics)
    {
        using FileStream stream = File.Create(path);
        Write(stream, statistics);
    }

    /// <summary>Writes an archive; the count is left out where it is unknown. The stream is left open.</summary>
    public static void Write(Stream stream, GaussianStatistics statistics, StatisticsTags? tags = null)
    {
        int d = statistics.Dimensions;
        using var writer = new NpzWriter(stream);
        writer.Add(Mean, NpyArray.From(statistics.Mean, d));
        writer.Add(Covariance, NpyArray.From(statistics.Covariance, d, d));
        if (statistics.Count > 0)
        {
            writer.Add(Count, NpyArray.From([statistics.Count]));
        }

        foreach ((string name, string text) in tags?.Entries() ?? [])
        {
            byte[] bytes = Encoding.UTF8.GetBytes(text);
            writer.Add(name, NpyArray.From(bytes, bytes.Length));
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

    private static long ReadCount(NpzFile file, string source)
    {
        if (!file.Contains(Count))
        {
            return 0;
        }

        NpyArray count = file.Read(Count);
        return count.Length == 1 && count.Kind is NpyKind.Int32 or NpyKind.Int64 && count.ToInt64()[0] > 0
            ? count.ToInt64()[0]
            : throw new InvalidDataException($"{source}[{Count}] must be one positive integer, the number of samples.");
    }
}
