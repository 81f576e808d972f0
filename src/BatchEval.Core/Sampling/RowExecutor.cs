using System.Numerics;
using System.Numerics.Tensors;
using BatchEval.Core.Sampling.Solvers;

namespace BatchEval.Core.Sampling;

/// <summary>Fills a buffer with the standard normal noise of a row.</summary>
/// <param name="noise">The buffer, one sample.</param>
public delegate void RowNoise<T>(int row, T[] noise);

/// <summary>
/// Executes the rows of a coefficient table for one sample: in single precision for networks, in double precision for exact models and tests.
/// The caller calls the network, or not, and hands over the output of each row in order.
/// </summary>
/// <typeparam name="T">Element type of states, <see cref="float"/> or <see cref="double"/>.</typeparam>
public sealed class RowExecutor<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly CoefficientTable table;
    private readonly PredictionType prediction;
    private readonly DataLimit? limit;
    private readonly List<T[]> history = [];
    private readonly T[] raw;
    private T[] next;
    private T[]? anchor;
    private T[]? nextAnchor;

    /// <param name="table">The solver, written out.</param>
    /// <param name="prediction">What the network returns.</param>
    /// <param name="start">State to start from, before <see cref="CoefficientTable.StartScale"/>; not changed.</param>
    /// <param name="limit">What data predictions are clamped to, or null.</param>
    public RowExecutor(CoefficientTable table, PredictionType prediction, ReadOnlySpan<T> start, DataLimit? limit = null)
    {
        (this.table, this.prediction, this.limit) = (table, prediction, limit);
        (State, next, raw) = (start.ToArray(), new T[start.Length], new T[start.Length]);
        if (table.StartScale != 1)
        {
            TensorPrimitives.Multiply(State, T.CreateChecked(table.StartScale), State);
        }

        if (table.Rows.Any(r => r.NextAnchor is not null))
        {
            (anchor, nextAnchor) = ((T[])State.Clone(), new T[start.Length]);
        }
    }

    /// <summary>The state that enters the next row; overwritten two rows later.</summary>
    public T[] State { get; private set; }

    /// <summary>Takes a row's linear combinations of the state and of the network output.</summary>
    /// <param name="index">Index of the row; rows follow each other from 0.</param>
    /// <param name="output">The network output at the row, or what stands for it; twice as long as the state where variances follow.</param>
    /// <param name="noise">Noise of the row; needed by rows that add some.</param>
    /// <exception cref="ArgumentNullException">The row adds noise and none is given.</exception>
    public void Advance(int index, ReadOnlySpan<T> output, RowNoise<T>? noise = null)
    {
        var row = table.Rows[index];
        Remember(row, output[..State.Length]);
        Combine(row.Next, next, index, row.LearnedNoise is { } range ? Widened(noise, range, output[State.Length..].ToArray()) : noise);
        if (row.NextAnchor is { } keep)
        {
            Combine(keep, nextAnchor!, index, noise);
            (anchor, nextAnchor) = (nextAnchor, anchor);
        }

        (State, next) = (next, State);
    }

    private void Remember(SolverRow row, ReadOnlySpan<T> output)
    {
        row.Prediction(prediction).Apply<T>(State, output, raw);
        var data = history.Count == table.History ? history[^1] : new T[raw.Length];
        if (history.Count == table.History)
        {
            history.RemoveAt(history.Count - 1);
        }

        raw.CopyTo(data, 0);
        limit?.Apply<T>(data);
        if (row.Remembered is { } kept)
        {
            TensorPrimitives.Multiply(data, T.CreateChecked(kept.Data[0]), data);
            Accumulate(kept.State, State, data);
            Accumulate(kept.Raw, raw, data);
        }

        history.Insert(0, data);
    }

    // z e^(r (v + 1) / 2)
    private static RowNoise<T> Widened(RowNoise<T>? noise, double range, T[] learned) => (row, z) =>
    {
        ArgumentNullException.ThrowIfNull(noise);
        noise(row, z);
        for (var i = 0; i < z.Length; i++)
        {
            z[i] *= T.CreateChecked(Math.Exp(range * (double.CreateChecked(learned[i]) + 1) / 2));
        }
    };

    private void Combine(LinearCombination c, T[] destination, int index, RowNoise<T>? noise)
    {
        TensorPrimitives.Multiply(State, T.CreateChecked(c.State), destination);
        Accumulate(c.Anchor, anchor, destination);
        Accumulate(c.Raw, raw, destination);
        for (var j = 0; j < c.Data.Count; j++)
        {
            Accumulate(c.Data[j], c.Data[j] == 0 ? null : history[j], destination);
        }

        if (c.Noise != 0)
        {
            ArgumentNullException.ThrowIfNull(noise);
            var z = new T[destination.Length];
            noise(index, z);
            Accumulate(c.Noise, z, destination);
        }
    }

    private static void Accumulate(double factor, T[]? source, T[] destination)
    {
        if (factor != 0 && source is not null)
        {
            TensorPrimitives.MultiplyAdd(source, T.CreateChecked(factor), destination, destination);
        }
    }
}

/// <summary>Whole loops for networks that are functions: exact (closed-form) models and tests.</summary>
public static class RowExecutor
{
    /// <summary>Runs a table from a start state.</summary>
    /// <param name="table">The solver, written out.</param>
    /// <param name="prediction">What <paramref name="network"/> returns.</param>
    /// <param name="network">Network output at a state and a level, whose time is what the network is told.</param>
    /// <param name="start">State to start from, before <see cref="CoefficientTable.StartScale"/>; not changed.</param>
    /// <param name="noise">Noise of a row; needed by stochastic tables.</param>
    /// <param name="limit">What data predictions are clamped to, or null.</param>
    /// <param name="observe">Called after each row with the row and a copy of the new state.</param>
    /// <returns>The final state.</returns>
    public static T[] Run<T>(
        CoefficientTable table,
        PredictionType prediction,
        Func<T[], NoiseLevel, T[]> network,
        T[] start,
        RowNoise<T>? noise = null,
        DataLimit? limit = null,
        Action<SolverRow, T[]>? observe = null)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var executor = new RowExecutor<T>(table, prediction, start, limit);
        for (var index = 0; index < table.Rows.Count; index++)
        {
            var row = table.Rows[index];
            executor.Advance(index, network(executor.State, row.Level with { Time = row.NetworkTime }), noise);
            observe?.Invoke(row, (T[])executor.State.Clone());
        }

        return executor.State;
    }
}
