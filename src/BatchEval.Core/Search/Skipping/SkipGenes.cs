using BatchEval.Core.Randomness;
using BatchEval.Core.Sampling;

namespace BatchEval.Core.Search.Skipping;

/// <summary>What a search may vary about network calls left out, and the operators that vary it. Policies use the <c>output</c> rule.</summary>
/// <param name="Reuse">Whether single steps may reuse an output.</param>
/// <param name="Policy">Whether a run-time policy may decide per sample.</param>
/// <param name="MaxCalls">Network calls per sample that the budget allows.</param>
/// <param name="CallsPerStep">Network calls of one computed step.</param>
internal sealed record SkipGenes(bool Reuse, bool Policy, int Computed, int MaxCalls, int CallsPerStep)
{
    private const int Warmup = 3;
    private const int HighestOrder = 3;
    private const int MostConsecutive = 8;

    /// <summary>A random policy for a number of steps; null for plain reuse of the last output.</summary>
    public SkipPolicy? RandomPolicy(int steps, PhiloxStream random)
    {
        var adaptive = Policy && steps > Computed && (!Reuse || random.NextInt(2) == 0);
        var threshold = adaptive ? Math.Exp(double.Lerp(Math.Log(0.001), Math.Log(0.3), random.NextDouble())) : 0;
        return Fit(steps, threshold, random.NextInt(HighestOrder + 1), 1 + random.NextInt(4), random.NextInt(2));
    }

    /// <summary>Changes one member of a policy.</summary>
    public SkipPolicy? Mutate(SkipPolicy? policy, int steps, PhiloxStream random)
    {
        var (threshold, order, most, guard) = (policy?.Threshold ?? 0, policy?.Order ?? 0, policy?.MaxConsecutive ?? 4, policy?.Guard ?? 0);
        return random.NextInt(threshold > 0 ? 4 : 2) switch
        {
            0 => Fit(steps, threshold, random.NextInt(HighestOrder + 1), most, guard),
            1 => RandomPolicy(steps, random),
            2 => Fit(steps, threshold * Math.Exp(0.5 * random.NextGaussian()), order, most, guard),
            _ => Fit(steps, threshold, order, 1 + random.NextInt(4), random.NextInt(2)),
        };
    }

    /// <summary>A policy made to fit: with a threshold it obeys the budget by its hard limit, and may be refused for too small a budget.</summary>
    public SkipPolicy? Fit(int steps, double threshold, int order, int maxConsecutive, int guard)
    {
        for (var most = maxConsecutive; threshold > 0 && most <= MostConsecutive; most++)
        {
            var policy = new SkipPolicy(Math.Round(Math.Max(1e-4, threshold), 6), most, Warmup, order, guard, SkipCriterion.Output, MaxCalls);
            if (policy.LeastComputed(steps) <= MaxCalls / CallsPerStep)
            {
                return policy;
            }
        }

        return order == 0 ? null : new SkipPolicy(0, order: order);
    }

    /// <summary>
    /// Puts times, reuse and policy together so that the budget holds: a policy with a threshold obeys it by itself and decides alone;
    /// otherwise exactly the steps beyond the budget reuse, chosen at random where parents do not say. That is also the fallback of a search
    /// over policies alone where none fits the budget.
    /// </summary>
    public Candidate Assemble(string solver, IReadOnlyList<double> times, ISet<int> reuse, SkipPolicy? policy, PhiloxStream random)
    {
        if (policy is { Threshold: > 0 })
        {
            return new Candidate(solver, times.Select(t => new CandidateStep(t)), policy);
        }

        reuse.Remove(0);
        reuse.IntersectWith(Enumerable.Range(1, times.Count - 1));
        while (times.Count - reuse.Count > Computed)
        {
            reuse.Add(1 + random.NextInt(times.Count - 1));
        }

        while (times.Count - reuse.Count < Math.Min(Computed, times.Count))
        {
            reuse.Remove(reuse.ElementAt(random.NextInt(reuse.Count)));
        }

        while (Build().NetworkCalls > MaxCalls && reuse.Count < times.Count - 1)
        {
            // Heun: a computed last step is cheaper than the one it stands for.
            reuse.Add(1 + random.NextInt(times.Count - 1));
        }

        return Build() is var candidate && candidate.NetworkCalls <= MaxCalls ? candidate : Candidate.At(solver, times.Take(Computed));

        // Without a step that reuses, a policy without a threshold says nothing.
        Candidate Build() => new(solver, times.Select((t, k) => new CandidateStep(t, reuse: reuse.Contains(k))), reuse.Count == 0 ? null : policy);
    }
}
