using BatchEval.Core.Metrics;
using FsCheck;
using FsCheck.Fluent;

namespace BatchEval.Core.Tests.Metrics;

public class ManifoldMetricsTests
{
    [Fact]
    public void Generated_is_the_first_argument_as_in_torch_fidelity()
    {
        // torch-fidelity's convention test: generated 0.1 N(0, 1), real 3 N(0, 1), 200 x 16: precision > 0.8, recall < 0.3.
        var result = PrecisionRecall.Compute(TestFeatures.Normal(200, 16, 42, 0.1), TestFeatures.Normal(200, 16, 43, 3));
        result.Precision.Value.ShouldBeGreaterThan(0.8);
        result.Recall.Value.ShouldBeLessThan(0.3);
        result.F.ShouldBe(2 * result.Precision.Value * result.Recall.Value / (result.Precision.Value + result.Recall.Value), 1e-12);
    }

    [Fact]
    public void All_four_equal_the_definitions() =>
        Prop.ForAll(Gen.Choose(1, 1_000_000).ToArbitrary(), seed =>
        {
            var k = 1 + (seed % 5);
            var fake = TestFeatures.Normal(k + 2 + (seed % 40), 1 + (seed % 7), (ulong)seed);
            var real = TestFeatures.Normal(k + 2 + (seed / 40 % 40), 1 + (seed % 7), (ulong)seed + 1, 1.1, 0.2);
            var (ff, rr, fr) = (Distances(fake, fake), Distances(real, real), Distances(fake, real));
            var (fakeRadii, realRadii) = (ff.Select(row => row.Order().ElementAt(k)).ToArray(), rr.Select(row => row.Order().ElementAt(k)).ToArray());
            var precision = fr.Average(row => row.Select((v, j) => v <= realRadii[j]).Any(b => b) ? 1.0 : 0);
            var recall = Enumerable.Range(0, real.Count).Average(j => fr.Select((row, i) => row[j] <= fakeRadii[i]).Any(b => b) ? 1.0 : 0);
            var density = fr.Average(row => row.Select((v, j) => v < realRadii[j]).Count(b => b)) / k;
            var coverage = Enumerable.Range(0, real.Count).Average(j => fr.Min(row => row[j]) < realRadii[j] ? 1.0 : 0);
            var (pr, dc) = (PrecisionRecall.Compute(fake, real, k), DensityCoverage.Compute(fake, real, k, 2));
            return Near(pr.Precision.Value, precision) && Near(pr.Recall.Value, recall) && Near(dc.Density.Value, density) && Near(dc.Coverage.Value, coverage);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Ties_are_inside_for_precision_and_outside_for_density()
    {
        // Two real points at distance 1, k = 1: radii exactly 1. The fake point lies at distance exactly 1 from the first.
        var real = TestFeatures.Matrix(new float[,] { { 0, 0 }, { 1, 0 } });
        var fake = TestFeatures.Matrix(new float[,] { { -1, 0 }, { -1, 0 } });
        PrecisionRecall.Compute(fake, real, 1).Precision.Value.ShouldBe(1);
        PrecisionRecall.Compute(real, fake, 1).Recall.Value.ShouldBe(1);
        DensityCoverage.Compute(fake, real, 1).Density.Value.ShouldBe(0);
        DensityCoverage.Compute(fake, real, 1).Coverage.Value.ShouldBe(0);
    }

    [Fact]
    public void Errors_are_binomial_and_that_of_density_is_the_spread_over_samples()
    {
        // On a line with k = 1: real 0 1 2 10, radii 1 1 1 8. Generated 0.5 (two balls by <), 6 (one), 40 (none): precision 2/3, density (2 + 1 + 0) / 3.
        var real = TestFeatures.Matrix(new float[,] { { 0 }, { 1 }, { 2 }, { 10 } });
        var fake = TestFeatures.Matrix(new float[,] { { 0.5f }, { 6 }, { 40 } });
        var (pr, dc) = (PrecisionRecall.Compute(fake, real, 1), DensityCoverage.Compute(fake, real, 1));
        pr.Precision.Value.ShouldBe(2.0 / 3, 1e-15);
        pr.Precision.StandardError.ShouldBe(Math.Sqrt(2.0 / 27), 1e-15);

        // generated radii 5.5, 5.5, 34: all of 0, 1, 2 are near 0.5, and 10 is near 6
        pr.Recall.Value.ShouldBe(1);
        pr.Recall.StandardError.ShouldBe(0);
        pr.F.ShouldBe(0.8, 1e-15);
        dc.Density.Value.ShouldBe(1, 1e-15);
        dc.Density.StandardError.ShouldBe(Math.Sqrt(1.0 / 3), 1e-15);
        dc.Coverage.Value.ShouldBe(0.75, 1e-15);
        dc.Coverage.StandardError.ShouldBe(Math.Sqrt(0.75 * 0.25 / 4), 1e-15);
        new PrecisionRecallResult(pr.Precision with { Value = 0 }, pr.Recall with { Value = 0 }).F.ShouldBe(0);
    }

    [Theory]
    [InlineData(63)]
    [InlineData(64)]
    [InlineData(70)]
    public void Many_neighbours_are_the_sorted_distances(int k)
    {
        var x = TestFeatures.Normal(80, 3, 9);
        NeighbourRadii.Squared(x, k, 1).ShouldBe(Distances(x, x).Select(row => row.Order().ElementAt(k)), 1e-12);
    }

    [Fact]
    public void Duplicates_have_distance_exactly_zero_however_large_the_features_are()
    {
        var x = TestFeatures.Normal(30, 300, 5, 1000, 5000);
        var twice = x.Select([.. Enumerable.Range(0, 30), .. Enumerable.Range(0, 30)]);

        // Every point has a twin: the first neighbour is at 0, so only exact copies are within the radius, and copies are.
        PrecisionRecall.Compute(x, twice, 1).Precision.Value.ShouldBe(1);
        DensityCoverage.Compute(x, twice, 1).Coverage.Value.ShouldBe(0);
    }

    [Fact]
    public void Equal_distributions_show_the_published_values_of_prdc()
    {
        // prdc's README: N(0, I), 10,000 x 1,000, k = 5: precision .4772, recall .4705, density 1.0555, coverage .9735.
        // At 1,000 x 100 the reference implementation's formulas give values near these; coverage has the closed form 1 - (1/2)^k for equal n.
        var (fake, real) = (TestFeatures.Normal(1000, 100, 1), TestFeatures.Normal(1000, 100, 2));
        var result = DensityCoverage.Compute(fake, real);
        result.Density.Value.ShouldBe(1, 0.15);
        result.Coverage.Value.ShouldBe(1 - (1 / 32.0), 0.02);
        result.Density.StandardError.ShouldBeInRange(0.005, 0.2);
    }

    [Fact]
    public void Order_and_threads_change_no_bit_and_too_few_samples_are_refused()
    {
        var (fake, real) = (TestFeatures.Normal(100, 20, 1), TestFeatures.Normal(120, 20, 2, 1.3));
        var result = PrecisionRecall.Compute(fake, real);
        PrecisionRecall.Compute(TestFeatures.Permuted(fake, 1), TestFeatures.Permuted(real, 2), 3, 3).ShouldBe(result);
        Should.Throw<ArgumentException>(() => PrecisionRecall.Compute(fake, real.Slice(0, 3))).Message.ShouldContain("at least 4");
        Should.Throw<ArgumentException>(() => DensityCoverage.Compute(fake, TestFeatures.Normal(9, 3, 1))).Message.ShouldContain("same layer");
    }

    [Fact]
    public void Sets_of_more_than_one_block_of_rows_on_a_line()
    {
        // Integers on a line: with k = 2 every inner point of 0, 2, 4, ... has radius 2 (squared 4), so all odd points in between are inside.
        var real = new FeatureMatrix(Enumerable.Range(0, 2500).Select(i => 2f * i).ToArray(), 2500, 1);
        var fake = new FeatureMatrix(Enumerable.Range(0, 2400).Select(i => (2f * i) + 1).ToArray(), 2400, 1);
        var (pr, dc) = (PrecisionRecall.Compute(fake, real, 2, 2), DensityCoverage.Compute(fake, real, 2, 2));
        pr.Precision.Value.ShouldBe(1);
        dc.Density.Value.ShouldBe(4801.0 / 4800, 1e-12); // two balls each, and the ball of 0 has radius 4 and holds 3 as well
        dc.Coverage.Value.ShouldBe(2401.0 / 2500, 1e-12);
    }

    private static bool Near(double a, double b) => Math.Abs(a - b) < 1e-12;

    private static double[][] Distances(FeatureMatrix x, FeatureMatrix y) =>
        [.. Enumerable.Range(0, x.Count).Select(i => Enumerable.Range(0, y.Count).Select(j =>
        {
            var sum = 0.0;
            for (var k = 0; k < x.Dimensions; k++) sum += Math.Pow((double)x.Row(i)[k] - y.Row(j)[k], 2);
            return sum;
        }).ToArray())];
}
