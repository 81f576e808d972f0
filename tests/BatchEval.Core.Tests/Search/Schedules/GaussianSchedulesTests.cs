using BatchEval.Core.Sampling.Placement;
using BatchEval.Core.Search.Schedules;

namespace BatchEval.Core.Tests.Search.Schedules;

/// <summary>Golden numbers: c = 0.5, t in [0.002, 80], n = 10, derived from the closed forms of Align Your Steps and checked against quadrature.</summary>
public class GaussianSchedulesTests
{
    private static double[] Knots(string name) => name switch
    {
        "klub" => GaussianSchedules.KlubOptimal(0.002, 80, 10),
        "kl" => GaussianSchedules.KlOptimal(0.002, 80, 10),
        "log-linear" => PublishedSchedule.Interpolate([80, 0.002], 11),
        _ => SigmaKnots.Between(80, 0.002, 10, u => Math.Pow(double.Lerp(Math.Pow(80, 1 / 7.0), Math.Pow(0.002, 1 / 7.0), u), 7)),
    };

    [Theory]
    [InlineData("klub", 73.0233, 4, 0.55425, 5)]
    [InlineData("kl", 12650.21, 2, 0.016245, 6)]
    [InlineData("log-linear", 187.748, 3, 0.084336, 6)]
    [InlineData("edm", 745.680, 3, 0.098357, 6)]
    public void Costs_are_the_golden_numbers(string name, double totalZ, int zDigits, double kl, int klDigits)
    {
        Math.Round(GaussianSchedules.TotalZ(Knots(name)), zDigits).ShouldBe(totalZ);
        Math.Round(GaussianSchedules.KlAfterDdim(Knots(name)), klDigits).ShouldBe(kl);
    }

    [Theory]
    [InlineData("klub", ".002 .0035 .0060 .0105 .0182 .0317 .0553 .0972 .1756 .3520 80")]
    [InlineData("kl", ".002 .0807 .1635 .2553 .3632 .4989 .6851 .9737 1.5171 3.0535 80")]
    [InlineData("log-linear", ".002 .0058 .0167 .0480 .1386 .4 1.1542 3.3302 9.609 27.7258 80")]
    [InlineData("edm", ".002 .0167 .0851 .3183 .9654 2.5152 5.8389 12.3816 24.4083 45.3137 80")]
    public void Knots_are_the_golden_numbers(string name, string ascending) =>
        Knots(name).Reverse().Select(t => Math.Round(t, 4)).ShouldBe(ascending.Split(' ').Select(double.Parse));

    [Fact]
    public void The_normaliser_is_the_golden_number()
    {
        Math.Round(GaussianSchedules.Z(0.1, 0.2), 6).ShouldBe(10.472895);
        Math.Round(GaussianSchedules.Z(0.2, 0.5), 6).ShouldBe(10.697166);
        GaussianSchedules.DenoiserDistance(0.15, 0.2).ShouldBe(0.01384, 0.00001);
    }

    [Fact]
    public void Three_point_forms_agree_with_the_whole_schedules()
    {
        Math.Round(GaussianSchedules.KlOptimalBetween(0.2, 0.9), 6).ShouldBe(0.440397);
        Math.Round(GaussianSchedules.KlubOptimalBetween(0.1, 0.5), 4).ShouldBe(0.2006);
        var (kl, klub) = (Knots("kl"), Knots("klub"));
        for (var i = 1; i < 10; i++)
        {
            GaussianSchedules.KlOptimalBetween(kl[i - 1], kl[i + 1]).ShouldBe(kl[i], 1e-10);
            GaussianSchedules.KlubOptimalBetween(klub[i - 1], klub[i + 1]).ShouldBe(klub[i], 1e-10);
        }
    }

    [Fact]
    public void Coordinate_descent_from_the_edm_schedule_reaches_the_klub_optimum()
    {
        double[] Local(IReadOnlyList<double> k, int i, IReadOnlyList<double> candidates) =>
            [.. candidates.Select(t => GaussianSchedules.Z(k[i + 1], t) + GaussianSchedules.Z(t, k[i - 1]))];

        var found = CoordinateDescent.Sweeps(Knots("edm"), Local, new DescentOptions(MaxSweeps: 20_000, MinReach: 1e-9)).Last();

        var optimum = Knots("klub");
        found.Length.ShouldBe(optimum.Length);
        found.Select((t, i) => t / optimum[i]).ShouldAllBe(ratio => Math.Abs(ratio - 1) < 1e-6);
    }

    [Theory]
    [InlineData(0.002, 80, 0, "at least 1 step")]
    [InlineData(80, 0.002, 4, "sigma-min")]
    public void Impossible_ranges_are_refused(double min, double max, int steps, string words) =>
        Should.Throw<ArgumentException>(() => GaussianSchedules.KlOptimal(min, max, steps)).Message.ShouldContain(words);
}
