using BatchEval.Core.Metrics;

namespace BatchEval.Core.Tests.Metrics;

public class LpipsReductionTests
{
    [Fact]
    public void Orthogonal_features_have_the_closed_form()
    {
        // Unit vectors e_0 and e_1 at both positions: w_0 + w_1, whatever the lengths; a second tap adds.
        var tap = new LpipsTap(new float[] { 3, 8, 0, 0 }, new float[] { 0, 0, 5, 1 }, new ImageShape(2, 1, 2), new float[] { 0.25f, 0.5f });
        LpipsReduction.Distance([tap]).ShouldBe(0.75, 1e-9);
        LpipsReduction.Distance([tap, tap]).ShouldBe(1.5, 1e-9);
    }

    [Fact]
    public void The_sum_equals_the_definition()
    {
        var (x, y, w) = (TestFeatures.Normal(6, 20, 1), TestFeatures.Normal(6, 20, 2), TestFeatures.Normal(1, 6, 3).Values.ToArray().Select(Math.Abs).ToArray());
        var expected = 0.0;
        for (var p = 0; p < 20; p++)
        {
            var nx = Math.Sqrt(Enumerable.Range(0, 6).Sum(c => Math.Pow(x.Row(c)[p], 2))) + 1e-10;
            var ny = Math.Sqrt(Enumerable.Range(0, 6).Sum(c => Math.Pow(y.Row(c)[p], 2))) + 1e-10;
            for (var c = 0; c < 6; c++) expected += w[c] * Math.Pow((x.Row(c)[p] / nx) - (y.Row(c)[p] / ny), 2) / 20;
        }

        var tap = new LpipsTap(x.Values.ToArray(), y.Values.ToArray(), new ImageShape(6, 4, 5), w);
        LpipsReduction.Distance([tap]).ShouldBe(expected, 1e-12);
    }

    [Fact]
    public void Equal_and_dead_features_are_exactly_zero_apart()
    {
        var x = TestFeatures.Normal(4, 9, 1).Values.ToArray();
        x[0] = x[9] = x[18] = x[27] = 0;
        LpipsReduction.Distance([new LpipsTap(x, x, new ImageShape(4, 3, 3), new float[] { 1, 1, 1, 1 })]).ShouldBe(0);
    }

    [Fact]
    public void Weights_that_were_not_loaded_are_refused()
    {
        var x = new float[4];
        Should.Throw<ArgumentException>(() => LpipsReduction.Distance([new LpipsTap(x, x, new ImageShape(2, 1, 2), new float[] { 1, -0.1f })])).Message.ShouldContain("not loaded");
        Should.Throw<ArgumentException>(() => LpipsReduction.Distance([new LpipsTap(x, x, new ImageShape(2, 1, 2), new float[3])])).Message.ShouldContain("another backbone");
        Should.Throw<ArgumentException>(() => LpipsReduction.Distance([new LpipsTap(new float[] { 1, float.NaN, 0, 0 }, x, new ImageShape(2, 1, 2), new float[2])])).Message.ShouldContain("Tap 0");
        Should.Throw<ArgumentException>(() => LpipsReduction.Distance([]));
    }
}
