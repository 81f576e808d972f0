using BatchEval.Core.Randomness;
using BatchEval.Core.Sampling;

namespace BatchEval.Core.Search.Skipping;

/// <summary>
/// Time steps together with calls left out: candidates have more steps than the budget has network calls, and either single steps reuse
/// (hold or extrapolate) an earlier output, or a run-time policy with a hard limit decides per sample. Every operator keeps the budget.
/// </summary>
public sealed class SkippingSpace : CandidateSpace
{
    private readonly string solver;
    private readonly SkipGenes genes;
    private readonly CandidateSpace[] spaces;

    /// <summary>Creates the space.</summary>
    /// <param name="times">The space of time steps alone, by number of steps.</param>
    /// <param name="computed">Steps that the budget computes, at least 1.</param>
    /// <param name="maxCalls">Network calls per sample that the budget allows.</param>
    /// <param name="maxSteps">Most steps, computed or not.</param>
    /// <param name="reuse">Whether single steps may reuse an output.</param>
    /// <param name="policy">Whether a run-time policy may decide per sample.</param>
    public SkippingSpace(string solver, Func<int, CandidateSpace> times, int computed, int maxCalls, int maxSteps, bool reuse, bool policy)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(computed, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxSteps, computed);
        this.solver = solver;
        genes = new SkipGenes(reuse, policy, computed, maxCalls, Sampling.Solvers.Solver.Parse(solver).CallsPerStep);
        spaces = [.. Enumerable.Range(computed, maxSteps - computed + 1).Select(times)];
    }

    private int Most => genes.Computed + spaces.Length - 1;

    public override Candidate Random(PhiloxStream random)
    {
        var steps = genes.Computed + random.NextInt(spaces.Length);
        return genes.Assemble(solver, Times(SpaceOf(steps).Random(random)), new SortedSet<int>(), genes.RandomPolicy(steps, random), random);
    }

    public override Candidate Mutate(Candidate parent, PhiloxStream random)
    {
        var steps = Math.Clamp(parent.Steps.Count + (random.NextInt(3) == 0 ? random.NextInt(3) - 1 : 0), genes.Computed, Most);
        var moved = random.NextInt(2) == 0 && steps == parent.Steps.Count ? parent : Resize(parent, steps, random);
        var reuse = Reused(parent);
        if (random.NextInt(2) == 0 && reuse.Count > 0)
        {
            reuse.Remove(reuse.ElementAt(random.NextInt(reuse.Count)));
            reuse.Add(random.NextInt(steps));
        }

        var policy = random.NextInt(2) == 0 ? genes.Mutate(parent.Skip, steps, random) : Refit(parent.Skip, steps);
        return genes.Assemble(solver, Times(moved), reuse, policy, random);
    }

    public override Candidate Cross(Candidate first, Candidate second, PhiloxStream random)
    {
        var steps = Math.Clamp((random.NextInt(2) == 0 ? first : second).Steps.Count, genes.Computed, Most);
        var mixed = SpaceOf(steps).Cross(first, second, random);
        SortedSet<int> reuse = [.. Enumerable.Range(0, steps).Where(k => (random.NextInt(2) == 0 ? first : second).Steps.ElementAtOrDefault(k)?.Reuse ?? false)];
        return genes.Assemble(solver, Times(mixed), reuse, Refit((random.NextInt(2) == 0 ? first : second).Skip, steps), random);
    }

    public override Candidate? Adopt(Candidate candidate)
    {
        var steps = candidate.Steps.Count;
        if (steps < genes.Computed || steps > Most || SpaceOf(steps).Adopt(candidate) is not { } adopted)
        {
            return null;
        }

        var reuse = genes.Reuse ? Reused(candidate) : [];
        var whole = new Candidate(adopted.Solver, adopted.Steps.Select((s, k) => new CandidateStep(s.Time, reuse: reuse.Contains(k))), Refit(candidate.Skip, steps));
        return whole.NetworkCalls <= genes.MaxCalls ? whole : null;
    }

    private CandidateSpace SpaceOf(int steps) => spaces[steps - genes.Computed];

    // The time space's own mutation where the number of steps stays; otherwise one time fewer, or times filled up by a crossing with itself
    private Candidate Resize(Candidate parent, int steps, PhiloxStream random)
    {
        if (steps == parent.Steps.Count)
        {
            return SpaceOf(steps).Mutate(parent, random);
        }

        var left = steps < parent.Steps.Count ? random.NextInt(parent.Steps.Count) : -1;
        return steps < parent.Steps.Count
            ? Candidate.At(solver, Times(parent).Where((_, k) => k != left).Take(steps))
            : SpaceOf(steps).Cross(parent, parent, random);
    }

    private SkipPolicy? Refit(SkipPolicy? policy, int steps) => policy is null ? null : genes.Fit(
        steps, genes.Policy ? policy.Threshold : 0, policy.Order, policy.MaxConsecutive, policy.Guard);

    private static double[] Times(Candidate candidate) => [.. candidate.Steps.Select(s => s.Time)];

    private static SortedSet<int> Reused(Candidate candidate) => [.. Enumerable.Range(0, candidate.Steps.Count).Where(k => candidate.Steps[k].Reuse)];
}
