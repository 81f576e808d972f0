namespace BatchEval.Core.Metrics;

/// <summary>What a score was computed from; two scores may be compared only if all of it agrees.</summary>
/// <param name="Metric">Name of the metric, for example "fid".</param>
/// <param name="Preprocessing">Tag of resize, value range and quantisation, for example "clean-299-bicubic".</param>
/// <param name="NetworkDigest">Digest of the feature network; empty for metrics without one.</param>
/// <param name="ReferenceDigest">Digest of the reference images or statistics.</param>
public sealed record ScoreProvenance(string Metric, string Preprocessing, string NetworkDigest, string ReferenceDigest)
{
    /// <summary>Why scores with these two provenances cannot be compared, or null if they can.</summary>
    public string? ReasonNotComparable(ScoreProvenance other)
    {
        List<string> reasons = [];
        Check("metric", Metric, other.Metric);
        Check("preprocessing", Preprocessing, other.Preprocessing);
        Check("feature network", NetworkDigest, other.NetworkDigest);
        Check("reference", ReferenceDigest, other.ReferenceDigest);
        return reasons.Count == 0 ? null : "The scores cannot be compared: " + string.Join("; ", reasons) + ".";

        void Check(string what, string mine, string theirs)
        {
            if (!string.Equals(mine, theirs, StringComparison.Ordinal)) reasons.Add($"the {what} is '{mine}' for one and '{theirs}' for the other");
        }
    }
}
