using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using BatchEval.Core.Sampling;
using BatchEval.Core.Sampling.Solvers;
using BatchEval.Workflow.Evaluation;

namespace BatchEval.Workflow.Tests.Evaluation;

/// <summary>Stored results are found by the code's version and a candidate's id, so a solver whose table changes needs a new version.</summary>
public class CodeVersionTests
{
    // The last one is this version's. Where only this test fails because a solver was added, its row alone is new: put the new digest in place of the last.
    private static readonly (int Version, string Digest)[] Known = [(5, "6ced658138792c84")];

    [Fact]
    public void A_table_of_a_solver_changes_with_the_version_of_the_code_only()
    {
        var digest = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', Tables()))))[..16];
        Known[^1].ShouldBe((Shard.CodeVersion, digest), $"A table of a solver is another one: raise Shard.CodeVersion, say in docs/blob-layout.md what changed, and add (version, \"{digest}\") here.");
    }

    // Six digits, and none of what is left of a difference of equal numbers: mathematical functions differ in the last ones from platform to platform.
    private static IEnumerable<string> Tables()
    {
        NoiseSchedule[] schedules = [DiscreteNoiseSchedule.Linear(1000, 1e-4, 0.02), new SigmaNoiseSchedule(0.002, 80), new LogSigmaNoiseSchedule(0.002, 80), new FlowNoiseSchedule(1), new FlowNoiseSchedule(1000)];
        foreach (var name in SolverRegistry.All.Select(d => d.Name).Order(StringComparer.Ordinal))
        {
            foreach (var (schedule, i) in schedules.Select((s, i) => (s, i)))
            {
                double[] times = [.. new[] { 0.9, 0.7, 0.5, 0.3, 0.1 }.Select(share => Math.Round(schedule.MinTime + (share * (schedule.MaxTime - schedule.MinTime)), schedule.TrainSteps is null ? 4 : 0))];
                yield return $"{name} {i} {Text(() => Solver.Table(Candidate.At(name, times), schedule))}";
            }
        }
    }

    private static string Text(Func<CoefficientTable> create)
    {
        try
        {
            var table = create();
            return string.Join('|', table.Rows.Select(r => $"{r.Step} {Number(r.NetworkTime)} {Number(r.OutputScale)} {Of(r.Next)} {Of(r.NextAnchor)} {Of(r.Remembered)}"));
        }
        catch (ArgumentException)
        {
            return "refused";
        }
    }

    private static string Of(LinearCombination? c) => c is null ? "-" : string.Join(',', [Number(c.State), Number(c.Anchor), Number(c.Raw), .. c.Data.Select(Number), Number(c.Noise)]);

    private static string Number(double value) => (Math.Abs(value) < 1e-9 ? 0 : value).ToString("E5", CultureInfo.InvariantCulture);
}
