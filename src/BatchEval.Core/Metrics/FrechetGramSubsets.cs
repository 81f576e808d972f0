using BatchEval.Core.Metrics.LinearAlgebra;

namespace BatchEval.Core.Metrics;

/// <summary>
/// Frechet distances of many subsets of few samples to one reference. The Gram matrix K = X Sigma_ref X^T of all n samples is computed once; a
/// subset only needs the contrasts of its own part of K, c_i = x_i - sum_j w_j x_j with the same w for all i (see <see cref="CentredFeatures"/>).
/// </summary>
internal sealed class FrechetGramSubsets
{
    private readonly FrechetReference reference;
    private readonly int n;
    private readonly int d;
    private readonly double[] mean;
    private readonly double[] centred;
    private readonly double[] squaredNorms;
    private readonly double[] k;

    public FrechetGramSubsets(FrechetReference reference, FeatureMatrix features)
    {
        this.reference = reference;
        (n, d) = (features.Count, features.Dimensions);
        mean = CentredFeatures.MeanOf(features);
        centred = new double[checked(n * d)];
        squaredNorms = new double[n];
        for (var i = 0; i < n; i++)
        {
            var row = CentredFeatures.Centred(features.Row(i), mean);
            row.CopyTo(centred, i * d);
            squaredNorms[i] = VectorMath.Dot(row, row);
        }

        var w = reference.Factor.Project(centred, n, reference.DegreeOfParallelism);
        var view = MatrixView.RowMajor(w, n, reference.Factor.Rank);
        k = new double[n * n];
        if (reference.Factor.Rank > 0) BlockedProduct.Add(1, view, view.Transposed, k, n, ProductShape.Full, reference.DegreeOfParallelism);
    }

    /// <summary>Frechet distance of the samples with the given indices, at least two of them.</summary>
    public double DistanceOf(int[] subset)
    {
        var s = subset.Length;
        var share = 1 / (Math.Sqrt(s) + 1);
        var weights = new double[s];
        Array.Fill(weights, (1 - share) / s);
        weights[0] += share;
        var gram = ContrastGram(subset, weights);
        var root = SymmetricEigenvalues.TraceOfSquareRootInPlace(gram, s - 1) / Math.Sqrt(s - 1);
        var (subsetMean, trace) = MeanAndTrace(subset);
        return reference.Assemble(reference.SquaredDistance(subsetMean), trace, root);
    }

    /// <summary>(c_i, c_l) = K_il - t_i - t_l + q with t = K w and q = w t, for all but the first sample.</summary>
    private double[] ContrastGram(int[] subset, double[] weights)
    {
        var s = subset.Length;
        var part = new double[s * s];
        var t = new double[s];
        for (var i = 0; i < s; i++)
        {
            for (var l = 0; l < s; l++) part[(i * s) + l] = k[(subset[i] * n) + subset[l]];
            t[i] = VectorMath.Dot(part.AsSpan(i * s, s), weights);
        }

        var q = VectorMath.Dot(t, weights);
        var gram = new double[(s - 1) * (s - 1)];
        for (var i = 1; i < s; i++)
        {
            for (var l = i; l < s; l++) gram[((i - 1) * (s - 1)) + l - 1] = part[(i * s) + l] - t[i] - t[l] + q;
        }

        return gram;
    }

    private (double[] Mean, double Trace) MeanAndTrace(int[] subset)
    {
        var shift = new double[d];
        var squares = 0.0;
        foreach (var i in subset)
        {
            VectorMath.AddScaled(1, centred.AsSpan(i * d, d), shift);
            squares += squaredNorms[i];
        }

        for (var j = 0; j < d; j++) shift[j] /= subset.Length;
        var trace = (squares - (subset.Length * VectorMath.Dot(shift, shift))) / (subset.Length - 1);
        VectorMath.AddScaled(1, mean, shift);
        return (shift, trace);
    }
}
