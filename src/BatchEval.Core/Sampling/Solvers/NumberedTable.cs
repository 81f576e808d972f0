namespace BatchEval.Core.Sampling.Solvers;

/// <summary>Applies a candidate's own numbers to its solver's table, see <see cref="StepNumbers"/>.</summary>
internal static class NumberedTable
{
    public static CoefficientTable Apply(CoefficientTable table, Candidate candidate, NoiseSchedule schedule)
    {
        if (!candidate.HasNumbers)
        {
            return table;
        }

        var history = candidate.Steps.Max(s => s.Numbers switch { { SecondDifference: not 0 } => 3, { FirstDifference: not 0 } => 2, _ => 1 });
        return table with
        {
            Rows = [.. table.Rows.Select(row => candidate.Steps[row.Step] is { Numbers: { } numbers } step ? Apply(row, step, numbers, schedule) : row)],
            History = Math.Max(table.History, history),
            StartScale = table.StartScale * candidate.StartScale,
        };
    }

    // A step of several rows (Heun) applies its numbers to each; the network times of all move by the same amount.
    private static SolverRow Apply(SolverRow row, CandidateStep step, StepNumbers n, NoiseSchedule schedule)
    {
        var told = schedule.Nearest(Math.Clamp(row.NetworkTime + (n.NetworkTime ?? step.Time) - step.Time, schedule.MinTime, schedule.MaxTime));
        return row with
        {
            NetworkTime = told,
            OutputScale = row.OutputScale * n.OutputScale,
            Next = Apply(row.Next, n),
        };
    }

    private static LinearCombination Apply(LinearCombination next, StepNumbers n)
    {
        var keeps = next.State != 0 || next.Anchor != 0;
        var phi = next.Raw + next.Data.Sum();
        var corrected = new LinearCombination
        {
            State = keeps ? (1 + n.State) * next.State : n.State,
            Anchor = (1 + n.State) * next.Anchor,
            Raw = (1 + n.Data) * next.Raw,
            Data = [.. next.Data.Select(d => (1 + n.Data) * d)],
            Noise = next.Noise,
        };
        var (w, u) = (phi * n.FirstDifference, phi * n.SecondDifference);
        return (w, u) == (0, 0) ? corrected
            : corrected + new LinearCombination { Data = u == 0 ? [w, -w] : [w + u, -w - (2 * u), u] };
    }
}
