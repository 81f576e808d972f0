using BatchEval.Core.Sampling.Solvers;

namespace BatchEval.Core.Sampling;

/// <summary>
/// Executes a coefficient table in double precision for a denoiser given as a function; the reference that device executors are
/// checked against, and all that exact (closed-form) models need.
/// </summary>
public static class TableExecutor
{
    /// <summary>Runs a table from a start state.</summary>
    /// <param name="table">The solver, written out.</param>
    /// <param name="prediction">What <paramref name="network"/> returns.</param>
    /// <param name="network">Network output at (state, time).</param>
    /// <param name="start">Start state; not changed.</param>
    /// <param name="noise">Fills a buffer with the standard normal noise of a row; needed by stochastic tables.</param>
    /// <param name="clamp">Range that data predictions are clamped to, or null.</param>
    /// <param name="observe">Called after each row with the row and the new state.</param>
    /// <returns>The final state.</returns>
    public static double[] Run(
        CoefficientTable table,
        PredictionType prediction,
        Func<double[], NoiseLevel, double[]> network,
        double[] start,
        Action<int, double[]>? noise = null,
        (double Low, double High)? clamp = null,
        Action<SolverRow, double[]>? observe = null)
    {
        ArgumentNullException.ThrowIfNull(table);
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(start);
        var (state, anchor) = ((double[])start.Clone(), (double[])start.Clone());
        var history = new List<double[]>();
        for (var index = 0; index < table.Rows.Count; index++)
        {
            var row = table.Rows[index];
            var (p, q) = DataPrediction.For(prediction, row.Level);
            var output = network(state, row.Level);
            double[] raw = [.. state.Zip(output, (x, net) => (p * x) + (q * net))];
            history.Insert(0, clamp is { } c ? [.. raw.Select(d => Math.Clamp(d, c.Low, c.High))] : raw);
            history.RemoveRange(Math.Min(history.Count, table.History), Math.Max(0, history.Count - table.History));
            var z = Noise(row.Next.Noise, index, state.Length, noise);
            var next = Combine(row.Next, state, anchor, raw, history, z);
            anchor = row.NextAnchor is { } keep ? Combine(keep, state, anchor, raw, history, z) : anchor;
            state = next;
            observe?.Invoke(row, state);
        }

        return state;
    }

    private static double[] Noise(double scale, int row, int length, Action<int, double[]>? noise)
    {
        var z = new double[length];
        if (scale != 0)
        {
            (noise ?? throw new ArgumentException("A stochastic solver needs noise.", nameof(noise)))(row, z);
        }

        return z;
    }

    private static double[] Combine(LinearCombination c, double[] state, double[] anchor, double[] raw, List<double[]> history, double[] z)
    {
        var result = new double[state.Length];
        for (var i = 0; i < result.Length; i++)
        {
            var sum = (c.State * state[i]) + (c.Anchor * anchor[i]) + (c.Raw * raw[i]) + (c.Noise * z[i]);
            for (var j = 0; j < c.Data.Count; j++)
            {
                sum += c.Data[j] == 0 ? 0 : c.Data[j] * history[j][i];
            }

            result[i] = sum;
        }

        return result;
    }
}
