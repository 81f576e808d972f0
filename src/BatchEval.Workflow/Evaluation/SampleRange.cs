namespace BatchEval.Workflow.Evaluation;

/// <summary>Samples [Start, Start + Count).</summary>
/// <param name="Start">First sample index.</param>
public sealed record SampleRange(long Start, int Count)
{
    /// <summary>Where the samples that a search compares on begin.</summary>
    public const long SearchStart = 0;

    /// <summary>Where the samples that choose the winner begin.</summary>
    public const long ValidationStart = 1L << 24;

    /// <summary>Where the samples of the final scores begin.</summary>
    public const long FinalStart = 1L << 25;

    public IEnumerable<long> Indices => Enumerable.Range(0, Count).Select(i => Start + i);

    /// <summary>Cuts the range at the given offsets and so that no part is longer than <paramref name="longest"/>.</summary>
    public IReadOnlyList<SampleRange> Split(IEnumerable<int> offsets, int longest)
    {
        var parts = new List<SampleRange>();
        var from = 0;
        foreach (var to in offsets.Where(o => o > 0 && o < Count).Append(Count).Distinct().Order())
        {
            for (; from < to; from += parts[^1].Count)
            {
                parts.Add(new SampleRange(Start + from, Math.Min(longest, to - from)));
            }
        }

        return parts;
    }
}
