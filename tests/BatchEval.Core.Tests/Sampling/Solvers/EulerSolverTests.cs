using BatchEval.Core.Sampling;
using BatchEval.Core.Sampling.Solvers;

namespace BatchEval.Core.Tests.Sampling.Solvers;

/// <summary>Karras et al. 2022, algorithm 2: gamma = min(S_churn / n, sqrt(2) - 1) between S_tmin and S_tmax, both included.</summary>
public sealed class EulerSolverTests
{
    private static readonly NoiseSchedule Edm = new SigmaNoiseSchedule(0.002, 80);

    [Theory]
    [InlineData("euler(churn=0.3)", 0.1, 0.1, 0.1)]
    [InlineData("euler(churn=30)", 0.41421356237309515, 0.41421356237309515, 0.41421356237309515)]
    [InlineData("euler(churn=0.3,s-tmin=10)", 0.1, 0.1, 0)]
    [InlineData("euler(churn=0.3,s-tmax=10)", 0, 0.1, 0.1)]
    [InlineData("euler(churn=0.3,s-tmax=9,s-tmin=6)", 0, 0, 0)]
    public void Churned_steps_call_the_network_higher_up(string solver, double first, double second, double third)
    {
        var table = Solver.Table(Candidate.At(solver, [40, 10, 5]), Edm);
        double[] expected = [40 * (1 + first), 10 * (1 + second), 5 * (1 + third)];
        table.Rows.Select(r => r.Level.Ratio).ShouldBe(expected, 1e-9);
        table.StartScale.ShouldBe(1 + first, 1e-9);

        // the noise that brings the next level up, and the Euler step from the churned level to the next
        table.Rows[0].Next.Noise.ShouldBe(10 * Math.Sqrt(((1 + second) * (1 + second)) - 1), 1e-9);
        table.Rows[0].Next.State.ShouldBe(10 / expected[0], 1e-12);
        table.Rows[0].Next.Data[0].ShouldBe(1 - (10 / expected[0]), 1e-12);
        table.Rows[2].Next.Noise.ShouldBe(0);
    }
}
