using BatchEval.Core.Metrics;
using BatchEval.Core.Randomness;

namespace BatchEval.Core.Tests.Metrics;

public class StatisticsTests
{
    [Fact]
    public void Running_statistics_equal_the_definitions()
    {
        var stream = new PhiloxStream(1, 1);
        var values = Enumerable.Range(0, 100).Select(_ => 1e6 + stream.NextGaussian()).ToArray();
        var all = new RunningStatistics();
        foreach (var v in values) all.Add(v);
        var (mean, variance) = (values.Average(), values.Sum(v => Math.Pow(v - values.Average(), 2)) / 99);
        all.Count.ShouldBe(100);
        all.Mean.ShouldBe(mean, 1e-9);
        all.Variance.ShouldBe(variance, 1e-8);
        all.StandardError.ShouldBe(Math.Sqrt(variance / 100), 1e-9);
        all.Minimum.ShouldBe(values.Min());
        all.Maximum.ShouldBe(values.Max());
        all.StandardDeviation.ShouldBe(Math.Sqrt(variance), 1e-9);
        var one = new RunningStatistics();
        one.Add(3);
        (one.Mean, one.Variance).ShouldBe((3, double.NaN));
        one.Add(5);
        (one.Mean, one.Variance).ShouldBe((4, 2));
        new RunningStatistics().Mean.ShouldBe(double.NaN);
        Should.Throw<ArgumentException>(() => all.Add(double.NaN)).Message.ShouldContain("Number 100");
    }

    [Fact]
    public void Quantiles_follow_numpy()
    {
        double[] values = [4, 1, 3, 2];
        Quantiles.Of(values, [0, 0.25, 0.5, 0.9, 1]).ShouldBe([1, 1.75, 2.5, 3.7, 4], 1e-12);
        Quantiles.Of([double.NegativeInfinity, 1, double.PositiveInfinity], 1).ShouldBe(double.PositiveInfinity);
        Should.Throw<ArgumentException>(() => Quantiles.Of([], 0.5));
        Should.Throw<ArgumentException>(() => Quantiles.Of([1, double.NaN], 0.5)).Message.ShouldContain("NaN");
        Should.Throw<ArgumentException>(() => Quantiles.Of(values, -0.1));
        Quantiles.Of([7], 0.3).ShouldBe(7);
        values.ShouldBe([4, 1, 3, 2]);
        Should.Throw<ArgumentException>(() => Quantiles.Of(values, 1.5));
    }

    [Fact]
    public void Chi_square_equals_the_textbook_and_scipy()
    {
        // chi2 = n (ad - bc)^2 / (rows x columns) = 100 (10 * 40 - 20 * 30)^2 / (30 * 70 * 40 * 60); p = erfc(sqrt(chi2 / 2)).
        var plain = ChiSquareTest.TwoByTwo(10, 20, 30, 40);
        plain.Statistic.ShouldBe(0.7936507936507936, 1e-12);
        plain.PValue.ShouldBe(0.37299848361348714, 1e-14);

        // The 95 % point of one degree of freedom is 3.841458820694124.
        ChiSquareTest.TwoByTwo(10, 20, 30, 40, continuityCorrection: true).Statistic.ShouldBe(0.4464285714285714, 1e-12);
        ChiSquareTest.TwoByTwo(5, 5, 5, 5).PValue.ShouldBe(1);
        ChiSquareTest.TwoByTwo(1_000_000, 0, 0, 1_000_000).PValue.ShouldBe(0, 1e-300);
        Should.Throw<ArgumentException>(() => ChiSquareTest.TwoByTwo(0, 0, 1, 2)).Message.ShouldContain("empty row");
        Should.Throw<ArgumentException>(() => ChiSquareTest.TwoByTwo(-1, 0, 1, 2)).Message.ShouldContain("negative");
    }
}
