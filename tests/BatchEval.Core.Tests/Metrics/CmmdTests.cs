using BatchEval.Core.Metrics;

namespace BatchEval.Core.Tests.Metrics;

public class CmmdTests
{
    [Fact]
    public void The_score_equals_the_definition_and_ignores_lengths()
    {
        var (x, y) = (TestFeatures.Normal(40, 6, 1), TestFeatures.Normal(50, 6, 2, 1, 0.5));
        var expected = 1000 * (Mean(x, x) + Mean(y, y) - (2 * Mean(x, y)));
        Cmmd.Compute(x, y).Value.ShouldBe(expected, 1e-10);
        var scaled = new FeatureMatrix(Array.ConvertAll(x.Values.ToArray(), v => v * 4), 40, 6);
        Cmmd.Compute(scaled, y).Value.ShouldBe(expected, 1e-10);
        Cmmd.Compute(TestFeatures.Permuted(x, 1), y, 3).Value.ShouldBe(expected, 1e-10);
    }

    [Fact]
    public void Opposite_points_have_the_closed_form()
    {
        // All of one set at +e, all of the other at -e: 2 - 2 exp(-4 / 200).
        var score = Cmmd.Compute(TestFeatures.Matrix(new float[,] { { 3, 0 }, { 1, 0 } }), TestFeatures.Matrix(new float[,] { { -1, 0 }, { -5, 0 } }));
        score.Value.ShouldBe(1000 * (2 - (2 * Math.Exp(-0.02))), 1e-10);
    }

    [Fact]
    public void A_set_against_itself_is_zero_and_an_embedding_without_direction_is_refused()
    {
        var x = TestFeatures.Normal(30, 8, 3);
        Cmmd.Compute(x, x).Value.ShouldBe(0, 1e-11);
        Should.Throw<ArgumentException>(() => Cmmd.Compute(x, new FeatureMatrix(new float[16], 2, 8))).Message.ShouldContain("Embedding 0");
    }

    [Fact]
    public void The_error_is_that_of_the_linear_part_of_the_statistic()
    {
        // 1000 * 2 sqrt(Var h_x / m + Var h_y / n) with h_x(i) = mean_j k(x_i, x_j) - mean_j k(x_i, y_j), by loops; 1e-10 is rounding.
        var (x, y) = (TestFeatures.Normal(9, 6, 1), TestFeatures.Normal(12, 6, 2, 1, 0.5));
        var (hx, hy) = (new RunningStatistics(), new RunningStatistics());
        for (var i = 0; i < x.Count; i++) hx.Add(Mean(x.Slice(i, 1), x) - Mean(x.Slice(i, 1), y));
        for (var j = 0; j < y.Count; j++) hy.Add(Mean(y.Slice(j, 1), y) - Mean(y.Slice(j, 1), x));
        Cmmd.Compute(x, y).StandardError.ShouldBe(2000 * Math.Sqrt((hx.Variance / 9) + (hy.Variance / 12)), 1e-10);
        Cmmd.Compute(x, y).SampleCount.ShouldBe(9);
        Cmmd.Compute(x.Slice(0, 2), y).SampleCount.ShouldBe(2);
        Should.Throw<ArgumentException>(() => Cmmd.Compute(x.Slice(0, 1), y)).Message.ShouldContain("1 and 12");
    }

    private static double Mean(FeatureMatrix x, FeatureMatrix y)
    {
        var sum = 0.0;
        for (var i = 0; i < x.Count; i++)
        for (var j = 0; j < y.Count; j++)
        {
            var (u, v) = (Unit(x.Row(i)), Unit(y.Row(j)));
            sum += Math.Exp(-u.Zip(v, (a, b) => (a - b) * (a - b)).Sum() / 200);
        }

        return sum / x.Count / y.Count;
    }

    private static double[] Unit(ReadOnlySpan<float> row)
    {
        var values = Array.ConvertAll(row.ToArray(), v => (double)v);
        var length = Math.Sqrt(values.Sum(v => v * v));
        return Array.ConvertAll(values, v => v / length);
    }
}
