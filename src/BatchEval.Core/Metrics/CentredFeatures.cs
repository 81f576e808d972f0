using BatchEval.Core.Metrics.LinearAlgebra;

namespace BatchEval.Core.Metrics;

/// <summary>
/// Mean and contrasts of few samples in many dimensions (n - 1 below d): Sigma = C^T C / (n - 1) with C of (n - 1) x d. The Householder
/// reflection that maps the vector of ones to the first axis turns n centred rows into n - 1 rows with the same scatter, so that the Gram matrix
/// has no eigenvalue that is zero by construction (the root of its rounding error would be the largest error of the score).
/// </summary>
internal sealed class CentredFeatures
{
    private CentredFeatures(double[] mean, double[] contrasts, int count)
    {
        Mean = mean;
        Contrasts = contrasts;
        Count = count;
    }

    /// <summary>mu, d numbers.</summary>
    public double[] Mean { get; }

    /// <summary>C, row-major (n - 1) x d, not divided by n - 1.</summary>
    public double[] Contrasts { get; }

    /// <summary>n.</summary>
    public int Count { get; }

    /// <summary>tr Sigma.</summary>
    public double Trace => VectorMath.Dot(Contrasts, Contrasts) / (Count - 1);

    /// <summary>Computes mean and contrasts of at least two samples.</summary>
    public static CentredFeatures Of(FeatureMatrix features)
    {
        var (n, d) = (features.Count, features.Dimensions);
        RequireTwo(n);
        var mean = MeanOf(features);
        var first = Centred(features.Row(0), mean);

        // c_i = x_i - x_1 / (sqrt(n) + 1) for centred rows x, i = 2..n.
        var contrasts = new double[checked((n - 1) * d)];
        var share = 1 / (Math.Sqrt(n) + 1);
        for (var i = 1; i < n; i++)
        {
            var row = features.Row(i);
            var to = contrasts.AsSpan((i - 1) * d, d);
            for (var j = 0; j < d; j++) to[j] = (row[j] - mean[j]) - (share * first[j]);
        }

        return new CentredFeatures(mean, contrasts, n);
    }

    /// <summary>Mean of all rows, float64.</summary>
    public static double[] MeanOf(FeatureMatrix features)
    {
        var mean = new double[features.Dimensions];
        for (var i = 0; i < features.Count; i++)
        {
            var row = features.Row(i);
            for (var j = 0; j < mean.Length; j++) mean[j] += row[j];
        }

        for (var j = 0; j < mean.Length; j++) mean[j] /= features.Count;
        return mean;
    }

    public static double[] Centred(ReadOnlySpan<float> x, double[] mean)
    {
        var centred = new double[mean.Length];
        for (var j = 0; j < centred.Length; j++) centred[j] = x[j] - mean[j];
        return centred;
    }

    /// <summary>tr (W^T W)^(1/2) = tr (W W^T)^(1/2) for W of <paramref name="rows"/> x <paramref name="columns"/>, from the smaller Gram matrix: the sum of the singular values of W.</summary>
    public static double SumOfSingularValues(double[] w, int rows, int columns, int degreeOfParallelism)
    {
        if (rows == 0 || columns == 0) return 0;
        var view = MatrixView.RowMajor(w, rows, columns);
        var wide = rows > columns ? view.Transposed : view;
        var gram = new double[wide.Rows * wide.Rows];
        BlockedProduct.Add(1, wide, wide.Transposed, gram, wide.Rows, ProductShape.UpperResult, degreeOfParallelism);
        return SymmetricEigenvalues.TraceOfSquareRootInPlace(gram, wide.Rows, degreeOfParallelism);
    }

    public static void RequireTwo(int count)
    {
        if (count < 2) throw new ArgumentException($"A Frechet distance needs at least two samples on each side; there is {count}.");
    }
}
