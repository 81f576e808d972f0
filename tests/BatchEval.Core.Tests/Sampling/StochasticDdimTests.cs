using BatchEval.Core.Sampling;
using BatchEval.Core.Sampling.Solvers;

namespace BatchEval.Core.Tests.Sampling;

public class StochasticDdimTests
{
    // eta = 1 is the posterior's variance, in every parametrisation; in the variance-exploding one it used to be no noise at all.
    [Theory]
    [InlineData("sigma")]
    [InlineData("linear")]
    public void Eta_1_is_ancestral_sampling(string kind)
    {
        NoiseSchedule schedule = kind == "sigma" ? new SigmaNoiseSchedule(0.002, 80) : DiscreteNoiseSchedule.Linear(1000, 1e-4, 0.02);
        double[] times = kind == "sigma" ? [80, 5, 0.7, 0.1] : [999, 600, 200, 20];
        CoefficientTable Table(string solver) => Solver.Table(Candidate.At(solver, times), schedule);
        var (found, ancestral) = (Table("ddim(eta=1)").Rows, Table("ddpm").Rows);
        (found.Count, ancestral.Count).ShouldBe((times.Length, times.Length));
        foreach (var (a, b) in found.Zip(ancestral))
        {
            a.Next.Noise.ShouldBe(b.Next.Noise, 1e-9);
            a.Next.State.ShouldBe(b.Next.State, 1e-9);
            a.Next.Data[0].ShouldBe(b.Next.Data[0], 1e-9);
        }
    }
}
