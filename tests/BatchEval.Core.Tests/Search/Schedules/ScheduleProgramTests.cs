using BatchEval.Core.Randomness;
using BatchEval.Core.Sampling.Placement;
using BatchEval.Core.Search.Schedules;

namespace BatchEval.Core.Tests.Search.Schedules;

public class ScheduleProgramTests
{
    private static IEnumerable<int[]> AllPaths(int points, int steps, bool freeStart) =>
        from bits in Enumerable.Range(0, 1 << (points - 1))
        let path = Enumerable.Range(0, points - 1).Where(i => (bits >> i & 1) == 1).Append(points - 1).ToArray()
        where path.Length == steps + 1 && (freeStart || path[0] == 0)
        select path;

    [Theory]
    [InlineData(false, 1)]
    [InlineData(true, 1)]
    [InlineData(true, 1.15)]
    public void First_order_equals_brute_force(bool freeStart, double growth)
    {
        const int Points = 9;
        var random = new PhiloxStream(7, 1);
        var cost = new double[Points, Points];
        double[] start = [.. Enumerable.Range(0, Points).Select(_ => random.NextDouble())];
        for (var k = 0; k < cost.Length; k++)
        {
            cost[k / Points, k % Points] = random.NextDouble();
        }

        var solved = ScheduleProgram.FirstOrder(Points, 6, (i, j) => cost[i, j], freeStart ? i => start[i] : null, growth);

        double Total(int[] p) => (freeStart ? start[p[0]] : 0) + Enumerable.Range(0, p.Length - 1).Sum(n => Math.Pow(growth, n) * cost[p[n], p[n + 1]]);
        for (var n = 1; n <= 6; n++)
        {
            solved[n - 1].ShouldBe(AllPaths(Points, n, freeStart).MinBy(Total));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Second_order_equals_brute_force(bool freeStart)
    {
        const int Points = 8;
        var random = new PhiloxStream(8, 1);
        var cost = new double[Points + 1, Points, Points];
        foreach (var p in Enumerable.Range(0, Points + 1))
        {
            for (var k = 0; k < Points * Points; k++)
            {
                cost[p, k / Points, k % Points] = random.NextDouble();
            }
        }

        var solved = ScheduleProgram.SecondOrder(Points, 5, (p, i, j) => cost[p + 1, i, j], freeStart ? i => 0.1 * i : null);

        double Total(int[] p) => (freeStart ? 0.1 * p[0] : 0) + Enumerable.Range(0, p.Length - 1).Sum(n => cost[n == 0 ? 0 : p[n - 1] + 1, p[n], p[n + 1]]);
        for (var n = 1; n <= 5; n++)
        {
            solved[n - 1].ShouldBe(AllPaths(Points, n, freeStart).MinBy(Total));
        }
    }

    [Fact]
    public void More_steps_than_the_grid_has_give_no_path()
    {
        var solved = ScheduleProgram.FirstOrder(3, 4, (i, j) => 1);
        solved.Select(p => p?.Length).ShouldBe([2, 3, null, null]);
        ScheduleProgram.SecondOrder(3, 3, (p, i, j) => 1).Select(p => p?.Length).ShouldBe([2, 3, null]);
    }

    [Fact]
    public void Equal_distances_are_equal()
    {
        double[] sigmas = [8, 4, 2, 1];
        ScheduleProgram.EqualDistances(sigmas, [0, 1, 2, 3], 6).ShouldBe(PublishedSchedule.Interpolate([8, 1], 7), 1e-12);
        ScheduleProgram.EqualDistances(sigmas, [0, 0, 0, 3], 1).ShouldBe([8, 1]);
    }
}
