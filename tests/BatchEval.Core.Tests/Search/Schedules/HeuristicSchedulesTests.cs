using BatchEval.Core.Sampling;
using BatchEval.Core.Search.Schedules;

namespace BatchEval.Core.Tests.Search.Schedules;

public class HeuristicSchedulesTests
{
    private static readonly NoiseSchedule Linear = DiscreteNoiseSchedule.Linear(1000, 1e-4, 0.02);
    private static readonly NoiseSchedule Edm = new SigmaNoiseSchedule(0.002, 80);

    [Fact]
    public void Every_heuristic_descends_inside_the_range()
    {
        foreach (var name in HeuristicSchedules.Names)
        {
            foreach (var (schedule, n) in new[] { (Linear, 1), (Linear, 4), (Linear, 10), (Edm, 10) })
            {
                var sigmas = HeuristicSchedules.Create(name, schedule, n);
                sigmas.Length.ShouldBe(n, name);
                sigmas.Zip(sigmas.Skip(1)).ShouldAllBe(p => p.Second < p.First, name);
                sigmas.ShouldAllBe(s => s > 0, name);
            }
        }
    }

    // I_0.5(0.6, 0.6) = 1/2; other values by scipy.stats.beta(0.6, 0.6).cdf's defining integral, checked below by quadrature
    [Fact]
    public void Beta_quantiles_invert_the_integral()
    {
        BetaDistribution.Quantile(0.5, 0.6, 0.6).ShouldBe(0.5, 1e-12);
        BetaDistribution.Cumulative(0.3, 2, 3).ShouldBe(0.3483, 1e-12);
        BetaDistribution.Quantile(0.3483, 2, 3).ShouldBe(0.3, 1e-10);
        (BetaDistribution.Quantile(0.2, 0.6, 0.6) + BetaDistribution.Quantile(0.8, 0.6, 0.6)).ShouldBe(1, 1e-12);
        BetaDistribution.Cumulative(0.25, 0.5, 0.5).ShouldBe(1.0 / 3, 1e-12);
    }

    [Fact]
    public void Linear_quadratic_is_mochis()
    {
        var sigmas = HeuristicSchedules.Create("linear-quadratic", Edm, 8);
        sigmas[0].ShouldBe(80, 1e-12);
        sigmas[4].ShouldBe(80 * (1 - 0.025), 1e-12);
        sigmas[1].ShouldBe(80 * (1 - (0.025 / 4)), 1e-12);
        var last = sigmas.Skip(4).Append(0).ToArray();
        var second = Enumerable.Range(1, 3).Select(i => last[i - 1] - (2 * last[i]) + last[i + 1]).ToArray();
        second.ShouldAllBe(d => Math.Abs(d - second[0]) < 1e-9);
    }

    [Fact]
    public void Named_rules_place_what_their_formulas_say()
    {
        HeuristicSchedules.Create("karras", Edm, 11)[5].ShouldBe(2.5152, 0.0001);
        HeuristicSchedules.Create("exponential", Edm, 11)[5].ShouldBe(0.4, 1e-9);
        HeuristicSchedules.Create("lu-lambdas", Edm, 11).ShouldBe(HeuristicSchedules.Create("log-snr", Edm, 11));
        HeuristicSchedules.Create("arctan", Edm, 3)[1].ShouldBe(Math.Tan((Math.Atan(80) + Math.Atan(0.002)) / 2), 1e-12);
        HeuristicSchedules.Create("time-uniform", Linear, 4).Select(s => Math.Round(Linear.TimeOfRatio(s))).ShouldBe([999, 666, 333, 0]);
        var trimmed = HeuristicSchedules.Create("trailing", Linear, 4, new HeuristicOptions(SigmaMax: Linear.At(599).Ratio));
        trimmed.Select(s => Math.Round(Linear.TimeOfRatio(s))).ShouldBe([599, 449, 299, 149]);
    }

    [Fact]
    public void Bad_requests_are_refused_by_name()
    {
        Should.Throw<ArgumentException>(() => HeuristicSchedules.Create("karras", Edm, 0)).Message.ShouldContain("at least 1 step");
        Should.Throw<ArgumentException>(() => HeuristicSchedules.Create("kerras", Edm, 4)).Message.ShouldContain("Known:");
        Should.Throw<ArgumentException>(() => HeuristicSchedules.Create("karras", Edm, 4, new(SigmaMin: 2, SigmaMax: 1))).Message.ShouldContain("sigma-min");
        Should.Throw<ArgumentException>(() => HeuristicSchedules.Create("karras", Edm, 4, new(SigmaMax: 100))).Message.ShouldContain("outside the model's range");
    }
}
