namespace BatchEval.Core.Metrics;

/// <summary>A score with its uncertainty and with what it was computed from.</summary>
/// <param name="Score">Value, standard error, sample count and method.</param>
/// <param name="Provenance">Metric, preprocessing, network and reference.</param>
public sealed record MetricScore(ScoreWithError Score, ScoreProvenance Provenance)
{
    /// <summary>This score minus another, with the standard error for independent samples.</summary>
    /// <exception cref="ArgumentException">The scores cannot be compared; the message says why.</exception>
    public ScoreWithError DifferenceTo(MetricScore other)
    {
        if (Provenance.ReasonNotComparable(other.Provenance) is { } reason) throw new ArgumentException(reason, nameof(other));
        return new ScoreWithError(
            Score.Value - other.Score.Value,
            double.Hypot(Score.StandardError, other.Score.StandardError),
            Math.Min(Score.SampleCount, other.Score.SampleCount),
            "difference; errors combined as if independent (too large for scores on common random numbers)");
    }
}
