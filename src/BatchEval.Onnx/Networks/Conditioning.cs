using BatchEval.Onnx.Numpy;

namespace BatchEval.Onnx.Networks;

/// <summary>Everything that a network is fed beside state and time: labels, contexts, encoded prompts, sizes.</summary>
/// <param name="sources">One source per input.</param>
public sealed class Conditioning(IReadOnlyList<IConditionSource> sources)
{
    public static Conditioning None { get; } = new([]);

    /// <summary>
    /// What the files of a package supply: labels, a bank of contexts or a table of classes, and constants; zeros in place of prompts, which are
    /// encoded where sampling begins.
    /// </summary>
    /// <exception cref="ProblemException">A file does not hold what it should.</exception>
    public static Conditioning Of(ModelPackage package)
    {
        var (entry, labels) = (package.Manifest.Denoiser, package.Manifest.Labels);
        var sources = new List<IConditionSource>();
        if (entry.LabelInput is { } label)
        {
            sources.Add(new LabelSource(label, labels?.Null));
        }

        if (entry.ContextInput is { } context && entry.ContextFile is { } file)
        {
            sources.Add(new PromptSource(context, Read(package.PathOf(file))));
        }

        if (entry.ImagesFile is { } images)
        {
            // The image stays where a prompt or a label is left out.
            var shown = Read(package.PathOf(images));
            sources.Add(new PromptSource(entry.SampleInput, shown.Count, row => (shown, shown, row)));
        }

        if (entry.ContextInput is { } table && labels?.Table is { } rows)
        {
            var classes = Read(package.PathOf(rows));
            var needed = Math.Max(labels.Count, (labels.Null ?? -1) + 1);
            sources.Add(classes.Count >= needed
                ? new TableSource(table, classes, labels.Null)
                : throw new ProblemException($"'{package.PathOf(rows)}' has {classes.Count} rows; {labels.Count} classes{(labels.Null is { } none ? $" and the null label {none}" : string.Empty)} need {needed}."));
        }

        sources.AddRange(ConstantConditions.Of(package.Manifest).Where(c => sources.All(s => s.Input != c.Input)));
        return new Conditioning(sources);
    }

    /// <summary>This conditioning with some inputs more, or supplied otherwise.</summary>
    public Conditioning With(IEnumerable<IConditionSource> others)
    {
        IConditionSource[] list = [.. others];
        return list.Length == 0 ? this : new([.. sources.Where(s => list.All(o => o.Input != s.Input)), .. list]);
    }

    /// <summary>What the rows of one call are fed.</summary>
    public IReadOnlyList<Feed> For(IReadOnlyList<ConditionRow> rows) => [.. sources.Select(s => s.For(rows))];

    /// <summary>What a call on samples without labels of their own is fed; for measurements.</summary>
    public IReadOnlyList<Feed> ForAny(int batch) => For(new ConditionRow[batch]);

    private static TensorRows Read(string path)
    {
        var array = NpyFormat.ReadFile(path);
        return array.Shape.Count >= 2 && array.Shape.All(d => d > 0)
            ? new TensorRows(array.ToFloat32(), array.Shape)
            : throw new ProblemException($"'{path}' has shape [{string.Join(", ", array.Shape)}]; contexts have [prompts, tokens, dimensions], a table of classes the same with classes first, and images [images, channels, height, width].");
    }
}
