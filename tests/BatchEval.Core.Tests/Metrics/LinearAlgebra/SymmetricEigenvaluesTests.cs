using BatchEval.Core.Metrics.LinearAlgebra;
using MathNet.Numerics.LinearAlgebra.Double;

namespace BatchEval.Core.Tests.Metrics.LinearAlgebra;

public class SymmetricEigenvaluesTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(31)]
    [InlineData(32)]
    [InlineData(33)]
    [InlineData(100)]
    [InlineData(450)]
    public void The_second_difference_matrix_has_the_eigenvalues_of_the_textbook(int n)
    {
        // tridiag(-1, 2, -1): eigenvalues 2 - 2 cos(k pi / (n + 1)).
        var a = new double[n * n];
        for (var i = 0; i < n; i++)
        {
            a[(i * n) + i] = 2;
            if (i + 1 < n) a[(i * n) + i + 1] = a[((i + 1) * n) + i] = -1;
        }

        var eigenvalues = SymmetricEigenvalues.ComputeInPlace(a, n);
        for (var k = 1; k <= n; k++) eigenvalues[k - 1].ShouldBe(2 - (2 * Math.Cos(k * Math.PI / (n + 1))), 1e-13);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(5)]
    [InlineData(64)]
    [InlineData(131)]
    public void Random_matrices_agree_with_MathNet(int n)
    {
        var a = TestFeatures.RandomSymmetric(n, (ulong)n);
        var expected = DenseMatrix.OfColumnMajor(n, n, a).Evd(MathNet.Numerics.LinearAlgebra.Symmetricity.Symmetric).EigenValues.Select(z => z.Real).Order().ToArray();
        var eigenvalues = SymmetricEigenvalues.ComputeInPlace(a, n);
        for (var k = 0; k < n; k++) eigenvalues[k].ShouldBe(expected[k], 1e-12 * n);
    }

    [Fact]
    public void Ones_matrix_and_zero_matrix_are_exact_enough()
    {
        const int N = 500;
        var ones = new double[N * N];
        Array.Fill(ones, 1.0);
        var eigenvalues = SymmetricEigenvalues.ComputeInPlace(ones, N);
        eigenvalues[^1].ShouldBe(N, 1e-10);
        eigenvalues[..^1].ShouldAllBe(v => Math.Abs(v) < 1e-11);
        SymmetricEigenvalues.ComputeInPlace(new double[9], 3).ShouldBe([0.0, 0.0, 0.0]);
    }

    [Theory]
    [InlineData(1e-250)]
    [InlineData(1e-40)]
    [InlineData(1e200)]
    public void Very_small_and_very_large_matrices_keep_relative_accuracy(double scale)
    {
        var a = TestFeatures.RandomSymmetric(40, 4);
        var expected = SymmetricEigenvalues.ComputeInPlace((double[])a.Clone(), 40);
        var eigenvalues = SymmetricEigenvalues.ComputeInPlace(Array.ConvertAll(a, v => v * scale), 40);
        for (var k = 0; k < 40; k++) (eigenvalues[k] / scale).ShouldBe(expected[k], 1e-12);
    }

    [Fact]
    public void The_bits_do_not_depend_on_the_number_of_threads()
    {
        var a = TestFeatures.RandomSymmetric(600, 8);
        var one = SymmetricEigenvalues.ComputeInPlace((double[])a.Clone(), 600, 1);
        SymmetricEigenvalues.ComputeInPlace((double[])a.Clone(), 600, 2).ShouldBe(one);
        SymmetricEigenvalues.ComputeInPlace(a, 600, 5).ShouldBe(one);
    }

    [Fact]
    public void Graded_matrices_keep_the_relative_accuracy_of_small_eigenvalues()
    {
        // D B D with B near the identity and D graded over 24 orders of magnitude of the eigenvalues; product of eigenvalues = det.
        const int N = 13;
        var a = new double[N * N];
        for (var i = 0; i < N; i++)
        for (var j = 0; j < N; j++)
            a[(i * N) + j] = Math.Pow(10, -i - j) * (i == j ? 1 : 0.1);
        var eigenvalues = SymmetricEigenvalues.ComputeInPlace(a, N);
        var logDeterminant = (Math.Log(0.9) * (N - 1)) + Math.Log(0.9 + (0.1 * N)) - (2 * Math.Log(10) * (N * (N - 1) / 2.0));
        eigenvalues.Sum(Math.Log).ShouldBe(logDeterminant, 1e-10);
    }

    [Fact]
    public void Non_finite_numbers_and_wrong_sizes_are_refused_by_name()
    {
        Should.Throw<ArgumentException>(() => SymmetricEigenvalues.ComputeInPlace([1, double.NaN, double.NaN, 1], 2)).Message.ShouldContain("row 0");
        Should.Throw<ArgumentException>(() => SymmetricEigenvalues.ComputeInPlace(new double[5], 2)).Message.ShouldContain("2 x 2");
    }
}
