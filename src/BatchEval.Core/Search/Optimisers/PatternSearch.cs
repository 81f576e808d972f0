namespace BatchEval.Core.Search.Optimisers;

/// <summary>
/// A local search for polishing a good point: a star of two points per variable, the minimum of the parabola through each variable's three
/// values, and the step that joins them all, in full and in half. The step size halves when nothing is better than the centre.
/// </summary>
/// <param name="variables">The variables, in order.</param>
/// <param name="step">First step size.</param>
public sealed class PatternSearch(IReadOnlyList<Variable> variables, double step) : IOptimiser
{
    public OptimiserState Begin(IReadOnlyList<double> start) => Star(new OptimiserState(0, [.. start], step));

    public IReadOnlyList<double[]> Ask(OptimiserState state) => [[.. state.Mean], .. state.Trials!.Select(t => t.ToArray())];

    public OptimiserState Tell(OptimiserState state, IReadOnlyList<double> values)
    {
        double[] known = [.. values.Select(v => double.IsNaN(v) ? double.PositiveInfinity : v)];
        var best = Enumerable.Range(0, known.Length).MinBy(i => known[i]);
        var trials = Ask(state);
        var next = state with { Generation = state.Generation + 1 };
        if (trials.Count == 1 + (2 * variables.Count))
        {
            // Joined steps, and the best of the star beside them.
            double[] joined = [.. Enumerable.Range(0, variables.Count).Select(j => Vertex(known[0], known[1 + (2 * j)], known[2 + (2 * j)]) * state.Step)];
            double[] Along(double share) => [.. state.Mean.Select((m, j) => variables[j].Clamp(m + (share * joined[j])))];
            return next with { Trials = [Along(1), Along(0.5), trials[best]] };
        }

        return Star(best == 0 ? next with { Step = state.Step / 2 } : next with { Mean = trials[best] });
    }

    private OptimiserState Star(OptimiserState state) => state with
    {
        Trials = [.. Enumerable.Range(0, variables.Count).SelectMany(j => new[] { -1, 1 }.Select(sign =>
            (IReadOnlyList<double>)[.. state.Mean.Select((m, k) => k == j ? variables[j].Clamp(m + (sign * state.Step)) : m)]))],
    };

    // Minimum, within one step, of the parabola through the values at -1, 0 and 1.
    private static double Vertex(double centre, double below, double above)
    {
        var curvature = below + above - (2 * centre);
        return double.IsFinite(curvature) && curvature > 0 ? Math.Clamp((below - above) / (2 * curvature), -1, 1)
            : below < Math.Min(centre, above) ? -1
            : above < centre ? 1
            : 0;
    }
}
