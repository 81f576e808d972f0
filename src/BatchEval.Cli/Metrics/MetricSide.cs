using BatchEval.Onnx.Datasets;
using BatchEval.Onnx.Evaluation;
using BatchEval.Onnx.Features;
using BatchEval.Onnx.Numpy;

namespace BatchEval.Cli.Metrics;

/// <summary>One argument of <c>metrics</c>: images, features or statistics.</summary>
/// <param name="Text">As the user typed it.</param>
/// <param name="Path">Full path, or blob prefix.</param>
/// <param name="Kind"><c>images</c>, <c>features</c> or <c>statistics</c>.</param>
internal sealed record MetricSide(string Text, string Path, string Kind)
{
    /// <summary>What can be given, in words for help texts.</summary>
    public const string Description = $"Images ({ImageSources.Kinds}, or blob:<prefix>), features (.npy of floats), or statistics (.npz with mu and sigma).";

    /// <summary>Looks at what an argument names.</summary>
    /// <param name="preferImages">Of a file that holds images and statistics, take the images.</param>
    /// <exception cref="ProblemException">It cannot be used.</exception>
    public static MetricSide Of(string text, Shell shell, bool preferImages)
    {
        if (ImageArgument.IsBlob(text))
        {
            return new MetricSide(text, text, "images");
        }

        var path = shell.PathOf(text);
        return new MetricSide(text, path, File.Exists(path) ? Input.ReadFile(text, path, () => KindOf(path, preferImages)) : "images");
    }

    /// <summary>Reads the side for distribution metrics.</summary>
    /// <exception cref="ProblemException">It cannot be used.</exception>
    public async Task<MeasuredSet> MeasureAsync(ImageArgument argument, FeatureNetwork? network, Shell shell, CancellationToken cancellation)
    {
        if (Kind == "statistics")
        {
            return Input.ReadFile(Text, Path, () => MeasuredSet.OfStatistics(Path));
        }

        if (Kind == "features")
        {
            return Input.ReadFile(Text, Path, () => MeasuredSet.OfFeatures(Path, Environment.ProcessorCount));
        }

        var source = await argument.OpenAsync(Text, cancellation);
        var progress = new ImageProgress(shell, Text, source.Count);
        return network is null
            ? throw new ProblemException($"'{Text}' holds images, so a feature network is needed: give --features <package>.")
            : MetricOptions.Refusing(() => MeasuredSet.OfImages(source, network, Environment.ProcessorCount, progress.Report, cancellation));
    }

    private static string KindOf(string path, bool preferImages)
    {
        if (path.EndsWith(".npy", StringComparison.OrdinalIgnoreCase))
        {
            using var stream = File.OpenRead(path);
            return NpyHeader.Read(stream, path).Kind is NpyKind.Float16 or NpyKind.Float32 or NpyKind.Float64 ? "features" : "images";
        }

        if (!path.EndsWith(".npz", StringComparison.OrdinalIgnoreCase))
        {
            return "images";
        }

        using var file = NpzFile.Open(path);
        var (images, statistics) = (file.Contains(ArrayImageSource.BatchArray), file.Contains(StatisticsFile.Mean));
        return statistics && !(images && preferImages) ? "statistics" : "images";
    }
}
