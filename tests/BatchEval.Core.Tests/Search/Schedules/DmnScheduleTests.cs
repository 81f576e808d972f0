using BatchEval.Core.Sampling.Placement;
using BatchEval.Core.Search.Schedules;

namespace BatchEval.Core.Tests.Search.Schedules;

public class DmnScheduleTests
{
    private static readonly double[] Five = [20, 9, 4, 1.5, 0.5, 0.05];
    private static readonly double[] Ten = [50, 20, 11, 6, 3.5, 2, 1.1, 0.6, 0.25, 0.08, 0.01];

    private static double Bound(double[] sigmas, int order, int power, int? separated = null) =>
        DmnSchedule.Objective([.. sigmas.Select(s => -Math.Log(s))], order, power, true, separated);

    // sel_lambdas_lof_obj of step_optim.py (scxue/DM-NonUniform, 95d4ac6), evaluated in float64 with truncNum 3 and 0 and data_err_vec = sigma^q / alpha,
    // times the last sigma
    [Theory]
    [InlineData(5, 3, 1, 1.49235151232)]
    [InlineData(5, 3, 2, 1.20567779878)]
    [InlineData(5, 0, 1, 1.18035633011)]
    [InlineData(5, 0, 2, 0.901038579592)]
    [InlineData(10, 3, 1, 0.275194086914)]
    [InlineData(10, 3, 2, 0.164927777578)]
    [InlineData(10, 0, 1, 0.233186919559)]
    [InlineData(10, 0, 2, 0.122990646092)]
    public void The_bound_is_that_of_the_released_code(int steps, int separated, int power, double expected) =>
        Bound(steps == 5 ? Five : Ten, 3, power, separated).ShouldBe(expected, 1e-11);

    [Fact]
    public void The_first_three_steps_are_separated_up_to_seven_calls()
    {
        Enumerable.Range(1, 10).Select(DmnSchedule.Separated).ShouldBe([3, 3, 3, 3, 3, 3, 3, 0, 0, 0]);
        Bound(Five, 3, 1).ShouldBe(Bound(Five, 3, 1, 3));
        Bound(Ten, 3, 1).ShouldBe(Bound(Ten, 3, 1, 0));
    }

    // of order 1 with err = sigma / alpha the bound is sum (e^h - 1), least for equal h: log-linear is the optimum itself
    [Fact]
    public void Of_order_one_the_optimum_is_log_linear_on_a_variance_exploding_model() =>
        DmnSchedule.Create(0.01, 50, 6, 1, 1, variancePreserving: false).Zip(PublishedSchedule.Interpolate([50, 0.01], 7), (a, b) => a / b).ShouldBe(Enumerable.Repeat(1.0, 7), 1e-4);

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 1)]
    [InlineData(3, 1)]
    [InlineData(3, 2)]
    public void No_schedule_of_a_fine_grid_has_a_smaller_bound(int order, int power)
    {
        var knots = DmnSchedule.Create(0.05, 20, 4, order, power);
        SigmaKnots.CheckDescending(knots);
        var grid = PublishedSchedule.Interpolate([20, 0.05], 61);

        var best = (from a in Enumerable.Range(1, 58)
                    from b in Enumerable.Range(a + 1, 59 - a)
                    from c in Enumerable.Range(b + 1, 59 - b)
                    select Bound([20, grid[a], grid[b], grid[c], 0.05], order, power)).Min();

        Bound(knots, order, power).ShouldBeLessThanOrEqualTo(best);
    }

    [Theory]
    [InlineData(6)]
    [InlineData(10)]
    public void No_small_move_of_a_knot_helps(int steps)
    {
        var knots = DmnSchedule.Create(0.01, 50, steps, 3, 1);
        var best = Bound(knots, 3, 1);
        for (var i = 1; i < steps; i++)
        {
            foreach (var factor in new[] { 0.999, 1.001 })
            {
                double[] moved = [.. knots];
                moved[i] *= factor;
                Bound(moved, 3, 1).ShouldBeGreaterThanOrEqualTo(best * (1 - 1e-9));
            }
        }
    }
}
