using BatchEval.Core.Metrics.LinearAlgebra;

namespace BatchEval.Core.Tests.Metrics.LinearAlgebra;

public class BlockedProductTests
{
    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(7, 5, 23)]
    [InlineData(8, 256, 24)]
    [InlineData(33, 257, 49)]
    [InlineData(130, 600, 97)]
    public void Add_equals_the_definition(int m, int depth, int n)
    {
        var (a, b, c) = (TestFeatures.RandomMatrix(m, depth, 1), TestFeatures.RandomMatrix(depth, n, 2), TestFeatures.RandomMatrix(m, n, 3));
        var expected = (double[])c.Clone();
        for (var i = 0; i < m; i++)
        for (var j = 0; j < n; j++)
        for (var k = 0; k < depth; k++)
            expected[(i * n) + j] -= a[(i * depth) + k] * b[(k * n) + j];
        BlockedProduct.Add(-1, MatrixView.RowMajor(a, m, depth), MatrixView.RowMajor(b, depth, n), c, n, ProductShape.Full, 1);
        for (var i = 0; i < c.Length; i++) c[i].ShouldBe(expected[i], 1e-12 * depth);
    }

    [Fact]
    public void Add_reads_transposed_strided_and_single_precision_factors()
    {
        var (a, b) = (TestFeatures.RandomMatrix(40, 50, 1), TestFeatures.Normal(30, 40, 2));
        var wide = Array.ConvertAll(b.Values.ToArray(), v => (double)v);
        var (first, second) = (new double[50 * 30], new double[50 * 30]);
        BlockedProduct.Add(1, MatrixView.RowMajor(a, 40, 50).Transposed, b.View.Transposed, first, 30, ProductShape.Full, 1);
        BlockedProduct.Add(1, MatrixView.ColumnMajor(a, 50, 40, 50), MatrixView.ColumnMajor(wide, 40, 30, 40), second, 30, ProductShape.Full, 1);
        first.ShouldBe(second);
    }

    [Fact]
    public void Add_has_the_same_bits_on_any_number_of_threads_and_anywhere_in_the_result()
    {
        var (a, b) = (TestFeatures.RandomMatrix(211, 300, 1), TestFeatures.RandomMatrix(300, 173, 2));
        var (whole, threaded, part) = (new double[211 * 173], new double[211 * 173], new double[100 * 50]);
        BlockedProduct.Add(1, MatrixView.RowMajor(a, 211, 300), MatrixView.RowMajor(b, 300, 173), whole, 173, ProductShape.Full, 1);
        BlockedProduct.Add(1, MatrixView.RowMajor(a, 211, 300), MatrixView.RowMajor(b, 300, 173), threaded, 173, ProductShape.Full, 3);
        threaded.ShouldBe(whole);
        BlockedProduct.Add(1, MatrixView.RowMajor(a.AsMemory(11 * 300), 100, 300), MatrixView.RowMajor(b.AsMemory(5), 300, 50, 173), part, 50, ProductShape.Full, 1);
        for (var i = 0; i < 100; i++)
        for (var j = 0; j < 50; j++)
            part[(i * 50) + j].ShouldBe(whole[((i + 11) * 173) + j + 5]);
    }

    [Fact]
    public void Structured_factors_give_the_same_numbers_as_full_ones()
    {
        const int N = 300;
        var u = TestFeatures.RandomMatrix(N, N, 5);
        for (var i = 0; i < N; i++) u.AsSpan(i * N, i).Clear();
        var s = TestFeatures.RandomSymmetric(N, 6);
        var (full, shaped) = (new double[N * N], new double[N * N]);
        var (uView, sView) = (MatrixView.RowMajor(u, N, N), MatrixView.RowMajor(s, N, N));
        BlockedProduct.Add(1, sView, uView.Transposed, full, N, ProductShape.Full, 1);
        BlockedProduct.Add(1, sView, uView.Transposed, shaped, N, ProductShape.RightIsLower, 1);
        shaped.ShouldBe(full);
        var (full2, shaped2) = (new double[N * N], new double[N * N]);
        BlockedProduct.Add(1, uView, MatrixView.RowMajor(full, N, N), full2, N, ProductShape.Full, 1);
        BlockedProduct.Add(1, uView, MatrixView.RowMajor(full, N, N), shaped2, N, ProductShape.LeftIsUpper | ProductShape.UpperResult, 1);
        for (var i = 0; i < N; i++)
        for (var j = i; j < N; j++)
            shaped2[(i * N) + j].ShouldBe(full2[(i * N) + j]);
    }

    [Fact]
    public void Squared_norm_has_the_bits_of_the_product()
    {
        var x = TestFeatures.Normal(1, 700, 3);
        var c = new double[1];
        BlockedProduct.Add(1, x.View, x.View.Transposed, c, 1, ProductShape.Full, 1);
        BlockedProduct.SquaredNorm(x.Values).ShouldBe(c[0]);
    }
}
