using System.Numerics.Tensors;
using BatchEval.Core.Metrics.LinearAlgebra;

namespace BatchEval.Core.Metrics;

/// <summary>
/// Features of a set of images: <see cref="Count"/> rows (one per image, in the order of the sample index) of <see cref="Dimensions"/>
/// float32 numbers, row-major, all finite. Checked once, at construction.
/// </summary>
public sealed class FeatureMatrix
{
    private readonly ReadOnlyMemory<float> values;

    /// <summary>Wraps features without copying them.</summary>
    /// <param name="values">Count x dimensions numbers, row-major. Must not change while this object lives.</param>
    /// <param name="count">Number of rows, at least 1.</param>
    /// <param name="dimensions">Numbers per row, at least 1.</param>
    /// <exception cref="ArgumentException">The length is not count x dimensions, or a feature is NaN or infinite; the message names the row.</exception>
    public FeatureMatrix(ReadOnlyMemory<float> values, int count, int dimensions)
        : this(values, count, dimensions, check: true)
    {
    }

    private FeatureMatrix(ReadOnlyMemory<float> values, int count, int dimensions, bool check)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(dimensions, 1);
        if (values.Length != (long)count * dimensions)
            throw new ArgumentException($"{count} rows of {dimensions} features are {(long)count * dimensions} numbers, but {values.Length} were given.", nameof(values));
        if (check) RequireFinite(values.Span, dimensions, 0);
        this.values = values;
        Count = count;
        Dimensions = dimensions;
    }

    /// <summary>Number of rows (images).</summary>
    public int Count { get; }

    /// <summary>Numbers per row.</summary>
    public int Dimensions { get; }

    /// <summary>All numbers, row-major.</summary>
    public ReadOnlySpan<float> Values => values.Span;

    internal MatrixView View => MatrixView.RowMajor(values, Count, Dimensions);

    /// <summary>The features of one image.</summary>
    /// <param name="index">Row, 0 to <see cref="Count"/> - 1.</param>
    public ReadOnlySpan<float> Row(int index)
    {
        if ((uint)index >= (uint)Count) throw new ArgumentOutOfRangeException(nameof(index), index, $"There are {Count} rows.");
        return values.Span.Slice(checked(index * Dimensions), Dimensions);
    }

    /// <summary>A view of consecutive rows, without copying.</summary>
    /// <param name="first">First row.</param>
    /// <param name="count">Number of rows, at least 1.</param>
    public FeatureMatrix Slice(int first, int count)
    {
        if (first < 0 || count < 1 || first > Count - count)
            throw new ArgumentOutOfRangeException(nameof(first), $"Rows {first} to {(long)first + count - 1} are not all within 0 to {Count - 1}.");
        return new FeatureMatrix(values.Slice(first * Dimensions, count * Dimensions), count, Dimensions, check: false);
    }

    /// <summary>A copy of the chosen rows, in the given order.</summary>
    /// <param name="rows">Row indices, 0 to <see cref="Count"/> - 1.</param>
    public FeatureMatrix Select(ReadOnlySpan<int> rows)
    {
        var chosen = new float[checked(rows.Length * Dimensions)];
        for (var i = 0; i < rows.Length; i++) Row(rows[i]).CopyTo(chosen.AsSpan(i * Dimensions));
        return new FeatureMatrix(chosen, rows.Length, Dimensions, check: false);
    }

    internal static void RequireFinite(ReadOnlySpan<float> values, int dimensions, long firstRow)
    {
        for (var start = 0; start < values.Length; start += dimensions)
        {
            var row = values.Slice(start, dimensions);

            // The largest magnitude of a row is NaN or infinite exactly if one of its numbers is.
            if (float.IsFinite(TensorPrimitives.MaxMagnitude(row))) continue;
            for (var column = 0; column < row.Length; column++)
            {
                if (float.IsFinite(row[column])) continue;
                throw new ArgumentException($"Feature {column} of row {firstRow + (start / dimensions)} is {row[column]}; all features must be finite numbers. The image of that row, or the network, is broken.", nameof(values));
            }
        }
    }

    internal static void RequireSameDimensions(FeatureMatrix first, FeatureMatrix second)
    {
        if (first.Dimensions != second.Dimensions)
            throw new ArgumentException($"The first set has {first.Dimensions} features per image and the second has {second.Dimensions}; both must come from the same layer of the same network.");
    }
}
