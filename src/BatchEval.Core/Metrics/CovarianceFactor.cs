using BatchEval.Core.Metrics.LinearAlgebra;

namespace BatchEval.Core.Metrics;

/// <summary>
/// Sigma = F F^T with F = P U^T of size d x rank, from a pivoted Cholesky factorisation. Since (Sigma S)^(1/2) and (F^T S F)^(1/2) have
/// the same trace, F does everything in a Frechet distance that a matrix square root would, without eigenvectors and without complex numbers.
/// </summary>
internal sealed class CovarianceFactor
{
    private readonly PivotedCholesky cholesky;

    public CovarianceFactor(GaussianStatistics statistics, int degreeOfParallelism) =>
        cholesky = PivotedCholesky.FactorInPlace((double[])statistics.Covariance.Clone(), statistics.Dimensions, degreeOfParallelism);

    /// <summary>Numerical rank of Sigma.</summary>
    public int Rank => cholesky.Rank;

    private int Dimensions => cholesky.Order;

    /// <summary>Eigenvalues of F^T S F (rank x rank), ascending; the sum of their roots is tr (Sigma S)^(1/2).</summary>
    public double[] EigenvaluesWith(GaussianStatistics other, int degreeOfParallelism)
    {
        if (Rank == 0) return [];
        var (d, r) = (Dimensions, Rank);
        var u = MatrixView.RowMajor(cholesky.Factor, r, d);
        var permuted = new double[d * d];
        for (var i = 0; i < d; i++)
        {
            var (from, to) = (cholesky.Permutation[i] * d, i * d);
            for (var j = 0; j < d; j++) permuted[to + j] = other.Covariance[from + cholesky.Permutation[j]];
        }

        var product = new double[d * r];
        BlockedProduct.Add(1, MatrixView.RowMajor(permuted, d, d), u.Transposed, product, r, ProductShape.RightIsLower, degreeOfParallelism);
        var m = new double[r * r];
        BlockedProduct.Add(1, u, MatrixView.RowMajor(product, d, r), m, r, ProductShape.UpperResult | ProductShape.LeftIsUpper, degreeOfParallelism);
        return SymmetricEigenvalues.ComputeInPlace(m, r, degreeOfParallelism);
    }

    /// <summary>C F for C of <paramref name="rows"/> x d; the result is row-major, rows x rank.</summary>
    public double[] Project(double[] c, int rows, int degreeOfParallelism)
    {
        var (d, r) = (Dimensions, Rank);
        var permuted = new double[rows * d];
        for (var i = 0; i < rows; i++)
        {
            for (var j = 0; j < d; j++) permuted[(i * d) + j] = c[(i * d) + cholesky.Permutation[j]];
        }

        var projected = new double[rows * r];
        if (r > 0)
            BlockedProduct.Add(1, MatrixView.RowMajor(permuted, rows, d), MatrixView.RowMajor(cholesky.Factor, r, d).Transposed, projected, r, ProductShape.RightIsLower, degreeOfParallelism);
        return projected;
    }
}
