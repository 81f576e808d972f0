namespace BatchEval.Onnx.Networks;

/// <summary>Supplies one input of a network.</summary>
public interface IConditionSource
{
    string Input { get; }

    Feed For(IReadOnlyList<ConditionRow> rows);
}

/// <summary>Tensors of equal shape, one behind the other.</summary>
/// <param name="Data">[N, ...], row-major.</param>
/// <param name="Shape">[N, ...]; N at least 1.</param>
public sealed record TensorRows(float[] Data, IReadOnlyList<int> Shape)
{
    public int Count => Shape[0];

    /// <summary>Values per row.</summary>
    public int RowSize => Data.Length / Count;

    public ReadOnlySpan<float> this[int row] => Data.AsSpan(row * RowSize, RowSize);

    /// <summary>Rows of some numbers as a feed.</summary>
    internal static Feed Gather(string input, IReadOnlyList<(TensorRows From, int Row)> rows)
    {
        var first = rows[0].From;
        var data = new float[rows.Count * first.RowSize];
        for (var i = 0; i < rows.Count; i++)
        {
            rows[i].From[rows[i].Row].CopyTo(data.AsSpan(i * first.RowSize));
        }

        return new Feed(input, data, [rows.Count, .. first.Shape.Skip(1).Select(d => (long)d)]);
    }
}

/// <summary>Class labels, with a label that means "none" for negative rows.</summary>
/// <param name="none">Label of negative rows; null where the model has none.</param>
internal sealed class LabelSource(string input, int? none) : IConditionSource
{
    public string Input => input;

    public Feed For(IReadOnlyList<ConditionRow> rows) => new(input, [.. rows.Select(r => (float)(r.Negative ? none!.Value : r.Label))], [rows.Count]);
}

/// <summary>A table with one row per class label: the class embedding of latent diffusion models.</summary>
/// <param name="table">[classes, ...].</param>
/// <param name="none">Label of negative rows; null where the model has none.</param>
internal sealed class TableSource(string input, TensorRows table, int? none) : IConditionSource
{
    public string Input => input;

    public Feed For(IReadOnlyList<ConditionRow> rows) => TensorRows.Gather(input, [.. rows.Select(r => (table, r.Negative ? none!.Value : r.Label))]);
}

/// <summary>Encoded prompts: sample i has prompt i modulo their number, its negative counterpart likewise.</summary>
/// <param name="count">Number of prompts.</param>
/// <param name="of">Where a prompt lies: rows [prompts, ...], rows of negative counterparts ([prompts or 1, ...], null where nothing was encoded for them), and its number among them.</param>
public sealed class PromptSource(string input, int count, Func<int, (TensorRows Positive, TensorRows? Negative, int Row)> of) : IConditionSource
{
    /// <summary>Prompts that lie in one place.</summary>
    public PromptSource(string input, TensorRows positive)
        : this(input, positive.Count, row => (positive, null, row))
    {
    }

    public string Input => input;

    /// <exception cref="ProblemException">Guidance without negative prompts.</exception>
    public Feed For(IReadOnlyList<ConditionRow> rows) => TensorRows.Gather(input, [.. rows.Select(Row)]);

    private (TensorRows From, int Row) Row(ConditionRow row)
    {
        var (positive, negative, at) = of((int)(row.Sample % count));
        var from = row.Negative ? negative ?? throw new ProblemException($"Guidance needs a negative counterpart of '{input}', and there is none.") : positive;
        return (from, at % from.Count);
    }
}

/// <summary>The same values for every sample: sizes, a guidance scale, position ids.</summary>
/// <param name="values">Values of one sample, or of the whole call.</param>
/// <param name="shape">Their shape without a batch axis.</param>
/// <param name="perSample">Whether the input has a batch axis.</param>
public sealed class ConstantSource(string input, float[] values, IReadOnlyList<int> shape, bool perSample = true) : IConditionSource
{
    public string Input => input;

    public Feed For(IReadOnlyList<ConditionRow> rows) => perSample
        ? new(input, [.. Enumerable.Repeat(values, rows.Count).SelectMany(v => v)], [rows.Count, .. shape.Select(d => (long)d)])
        : new(input, values, [.. shape.Select(d => (long)d)]);
}
