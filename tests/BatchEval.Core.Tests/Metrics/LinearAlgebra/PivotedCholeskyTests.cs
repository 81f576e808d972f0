using BatchEval.Core.Metrics.LinearAlgebra;

namespace BatchEval.Core.Tests.Metrics.LinearAlgebra;

public class PivotedCholeskyTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(5, 9)]
    [InlineData(64, 64)]
    [InlineData(150, 200)]
    [InlineData(150, 40)]
    [InlineData(200, 130)]
    public void Factor_reproduces_the_matrix_and_finds_its_rank(int n, int rank)
    {
        var a = Gram(n, rank);
        var factor = PivotedCholesky.FactorInPlace((double[])a.Clone(), n);
        factor.Rank.ShouldBe(Math.Min(n, rank));
        var (u, p) = (factor.Factor, factor.Permutation);
        for (var i = 0; i < n; i++)
        for (var j = 0; j < n; j++)
        {
            var sum = 0.0;
            for (var k = 0; k < n; k++) sum += u[(k * n) + i] * u[(k * n) + j];
            sum.ShouldBe(a[(p[i] * n) + p[j]], 1e-11 * n);
        }
    }

    [Fact]
    public void The_bits_do_not_depend_on_the_number_of_threads()
    {
        var a = Gram(300, 400);
        PivotedCholesky.FactorInPlace((double[])a.Clone(), 300, 3).Factor.ShouldBe(PivotedCholesky.FactorInPlace(a, 300).Factor);
    }

    [Fact]
    public void Zero_has_rank_zero_and_an_indefinite_matrix_is_refused()
    {
        PivotedCholesky.FactorInPlace(new double[16], 4).Rank.ShouldBe(0);
        Should.Throw<ArgumentException>(() => PivotedCholesky.FactorInPlace([1, 2, 2, 1], 2)).Message.ShouldContain("not positive semidefinite");
    }

    private static double[] Gram(int n, int rank)
    {
        var b = TestFeatures.RandomMatrix(n, rank, 21);
        var a = new double[n * n];
        for (var i = 0; i < n; i++)
        for (var j = 0; j < n; j++)
        for (var k = 0; k < rank; k++)
            a[(i * n) + j] += b[(i * rank) + k] * b[(j * rank) + k];
        return a;
    }
}
