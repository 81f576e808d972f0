using BatchEval.Core.Search;

namespace BatchEval.Core.Tests.Search;

/// <summary>Closed forms of Optuna's own tests: staircase and simplex.</summary>
public sealed class HypervolumeTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(12)]
    public void Staircase(int n)
    {
        // points (i, n - 1 - i) and the dominated (i, n - i), reference (n, n): n^2 - n (n - 1) / 2
        double[][] points = [.. Enumerable.Range(0, n).SelectMany(i => new double[][] { [i, n - 1 - i], [i, n - i] })];
        Hypervolume.Of(points, [n, n]).ShouldBe((n * n) - (n * (n - 1) / 2.0), 1e-12);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(9)]
    public void Simplex(int n)
    {
        // points of the plane x + y + z = n - 1, reference n: n^3 - (n - 1) n (n + 1) / 6
        double[][] points = [.. from x in Enumerable.Range(0, n) from y in Enumerable.Range(0, n - x) select new double[] { x, y, n - 1 - x - y }];
        Hypervolume.Of(points, [n, n, n]).ShouldBe((n * n * n) - ((n - 1) * n * (n + 1) / 6.0), 1e-9);
    }

    [Fact]
    public void Order_and_points_beyond_the_reference_do_not_matter()
    {
        double[][] points = [[3, 1], [1, 3], [2, 2], [9, 0], [0, 9]];
        Hypervolume.Of(points, [4, 4]).ShouldBe(6);
        Hypervolume.Of([.. points.Reverse()], [4, 4]).ShouldBe(6);
        Hypervolume.Of([], [4, 4]).ShouldBe(0);
        Should.Throw<ArgumentException>(() => Hypervolume.Of([[1, 2, 3, 4]], [5, 5, 5, 5])).Message.ShouldContain("2 or 3 objectives");
    }
}
