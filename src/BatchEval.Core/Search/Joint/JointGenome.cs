using BatchEval.Core.Sampling;

namespace BatchEval.Core.Search.Joint;

/// <summary>A candidate under construction: (step, mask) pairs in ascending order of time, at most one per time.</summary>
internal sealed class JointGenome
{
    private readonly SortedList<double, IReadOnlyList<int>> pairs = [];

    public int Count => pairs.Count;

    /// <summary>The mask that all steps have in common, or null where each has its own.</summary>
    public IReadOnlyList<int>? Shared { get; private set; }

    public bool TryAdd(double time, IReadOnlyList<int> mask) => pairs.TryAdd(time, mask);

    public void AddAll(IEnumerable<CandidateStep> steps)
    {
        foreach (var step in steps)
        {
            TryAdd(step.Time, step.Drop);
        }
    }

    public void Remove(double time) => pairs.Remove(time);

    public void RemoveAt(int index) => pairs.RemoveAt(index);

    public double TimeAt(int index) => pairs.GetKeyAtIndex(index);

    public IReadOnlyList<int> MaskAt(int index) => pairs.GetValueAtIndex(index);

    public void SetMask(int index, IReadOnlyList<int> mask) => pairs.SetValueAtIndex(index, mask);

    /// <summary>Gives every step the same mask, those still to come included; null changes nothing.</summary>
    public void Share(IReadOnlyList<int>? mask)
    {
        Shared = mask;
        for (var i = 0; mask is not null && i < pairs.Count; i++)
        {
            SetMask(i, mask);
        }
    }

    /// <summary>Indices of steps that do not drop every block yet.</summary>
    public IReadOnlyList<int> NotFull(int blocks) => [.. Enumerable.Range(0, Count).Where(i => MaskAt(i).Count < blocks)];

    public void ReplaceBy(IReadOnlyList<double> times)
    {
        pairs.Clear();
        Shared = Shared is null ? null : [];
        foreach (var time in times)
        {
            TryAdd(time, []);
        }
    }

    public Candidate ToCandidate(string solver) => new(solver, pairs.Select(p => new CandidateStep(p.Key, p.Value)));
}
