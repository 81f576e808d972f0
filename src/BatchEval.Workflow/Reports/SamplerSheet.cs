using BatchEval.Core.Sampling.Solvers;

namespace BatchEval.Workflow.Reports;

/// <summary>The table of a candidate with numbers of its own beside that of its solver at the same times.</summary>
/// <param name="Candidate">The candidate.</param>
/// <param name="Rows">One entry per network call, in order.</param>
public sealed record SamplerSheet(Candidate Candidate, IReadOnlyList<SamplerSheetRow> Rows)
{
    /// <summary>The sheet of a candidate; null for one without numbers of its own.</summary>
    public static SamplerSheet? Of(Candidate candidate, NoiseSchedule schedule)
    {
        if (!candidate.HasNumbers)
        {
            return null;
        }

        var plain = new Candidate(candidate.Solver, candidate.Steps.Select(s => new CandidateStep(s.Time, s.Drop, s.Reuse, guidance: s.Guidance)), candidate.Skip, candidate.End);
        var rows = Solver.Table(candidate, schedule).Rows.Zip(Solver.Table(plain, schedule).Rows);
        return new SamplerSheet(candidate, [.. rows.Select(r => new SamplerSheetRow(
            candidate.Steps[r.First.Step].Time, r.First.NetworkTime, r.First.OutputScale, candidate.Steps[r.First.Step].Numbers ?? new StepNumbers(), Coefficients(r.First.Next), Coefficients(r.Second.Next)))]);
    }

    // The state that solvers carry beside x counts as x.
    private static double[] Coefficients(LinearCombination c)
    {
        double[] all = [c.State + c.Anchor, c.Raw + c.Data.ElementAtOrDefault(0), .. c.Data.Skip(1)];
        return [.. all.Take(Math.Max(2, Array.FindLastIndex(all, v => v != 0) + 1))];
    }
}

/// <summary>One network call.</summary>
/// <param name="Time">Time of its step.</param>
/// <param name="NetworkTime">Time that the network is told.</param>
/// <param name="OutputScale">Factor on its output.</param>
/// <param name="Numbers">The candidate's numbers of the step.</param>
/// <param name="Own">Coefficients of the state and of the data predictions, newest first.</param>
/// <param name="Base">The same of the solver alone.</param>
public sealed record SamplerSheetRow(double Time, double NetworkTime, double OutputScale, StepNumbers Numbers, IReadOnlyList<double> Own, IReadOnlyList<double> Base);
