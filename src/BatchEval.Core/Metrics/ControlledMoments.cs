namespace BatchEval.Core.Metrics;

/// <summary>
/// Moments of one sampler from few samples, with another as control variate: what the control's moments on the same few samples miss of its moments on many
/// is added, mu = mu_few + (mu_c,many - mu_c,few) and likewise Sigma. The nearer the two samplers, the less the estimate depends on the few samples.
/// The covariance may have small negative eigenvalues; a Frechet distance counts them as 0.
/// </summary>
/// <param name="few">The control's moments on the few samples that everyone is measured on.</param>
/// <param name="many">The control's moments on many samples.</param>
public sealed class ControlledMoments(GaussianStatistics few, GaussianStatistics many)
{
    /// <summary>The corrected moments.</summary>
    /// <param name="own">A sampler's moments on the same few samples.</param>
    public GaussianStatistics Correct(GaussianStatistics own)
    {
        double[] Moved(double[] values, double[] from, double[] to) => [.. values.Select((v, i) => v + to[i] - from[i])];
        return new GaussianStatistics(Moved(own.Mean, few.Mean, many.Mean), Moved(own.Covariance, few.Covariance, many.Covariance), many.Count);
    }
}
