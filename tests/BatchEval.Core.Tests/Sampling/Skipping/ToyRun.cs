using BatchEval.Core.Sampling;
using BatchEval.Core.Sampling.Placement;
using BatchEval.Core.Sampling.Skipping;
using BatchEval.Core.Sampling.Solvers;

namespace BatchEval.Core.Tests.Sampling.Skipping;

/// <summary>Runs a candidate with its skips in double precision on the toy network of the golden files.</summary>
internal static class ToyRun
{
    public static readonly NoiseSchedule Schedule = DiscreteNoiseSchedule.Linear(1000, 1e-4, 0.02);

    public static readonly double[] Start = [-1.8, -0.9, -0.35, 0.0, 0.2, 0.65, 1.3, 2.4];

    public static (double[] Final, IReadOnlyList<bool> Executed) Run(Candidate candidate, double[] start, Func<double[], NoiseLevel, double[]>? network = null)
    {
        var table = Solver.Table(candidate, Schedule);
        var steps = new StepOutputs<double>(candidate, table, start);
        var row = 0;
        var final = RowExecutor.Run(
            table, PredictionType.Epsilon,
            (x, level) =>
            {
                if (steps.NeedsCall(row))
                {
                    steps.Take(row, (network ?? Network)(x, level));
                }

                return steps.Output(row);
            },
            start,
            (_, z) => Array.Fill(z, 0.1),
            observe: (_, x) => steps.Observe(row++, x));
        return (final, steps.Executed);
    }

    /// <summary>One character per row: 1 where the network ran.</summary>
    public static string Bits(IReadOnlyList<bool> executed) => string.Concat(executed.Select(e => e ? '1' : '0'));

    public static double[] Network(double[] x, NoiseLevel level) => [.. x.Select(v => (0.8 * Math.Sin(v)) + (0.1 * level.Time / 1000))];

    public static Candidate Candidate(string solver, int steps, SkipPolicy? skip = null, params int[] reuse) =>
        new(solver, PlacementRules.Create("trailing", Schedule, steps).Times.Select((t, k) => new CandidateStep(t, reuse: reuse.Contains(k))), skip);
}
