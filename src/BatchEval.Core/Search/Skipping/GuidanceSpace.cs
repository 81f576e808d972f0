using BatchEval.Core.Randomness;
using BatchEval.Core.Sampling;
using BatchEval.Core.Sampling.Solvers;
using BatchEval.Core.Search.Samplers;

namespace BatchEval.Core.Search.Skipping;

/// <summary>
/// Time steps together with how each of them is guided. The budget counts evaluations, two for a step with full guidance and one for every other: what is
/// saved buys more steps. Every operator keeps the budget.
/// </summary>
public sealed class GuidanceSpace : CandidateSpace
{
    private readonly Solver solver;
    private readonly int fewest;
    private readonly int evaluations;
    private readonly CandidateSpace[] spaces;

    /// <summary>Creates the space.</summary>
    /// <param name="times">The space of time steps alone, by number of steps.</param>
    /// <param name="steps">Steps with full guidance that the budget buys, at least 1.</param>
    /// <param name="maxSteps">Most steps.</param>
    public GuidanceSpace(string solver, Func<int, CandidateSpace> times, int steps, int maxSteps)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(steps, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxSteps, steps);
        (this.solver, fewest) = (Solver.Parse(solver), steps);
        evaluations = Evaluations(Uniform(steps, StepGuidance.Full));
        // As many as there are evaluations for without any guidance.
        spaces = [.. Enumerable.Range(steps, maxSteps - steps + 1).TakeWhile(n => Evaluations(Uniform(n, StepGuidance.Positive)) <= evaluations).Select(times)];

        Candidate Uniform(int count, StepGuidance guidance) => new(solver, Enumerable.Range(1, count).Select(t => new CandidateStep(t, guidance: guidance)));
    }

    private int Most => fewest + spaces.Length - 1;

    public override Candidate Random(PhiloxStream random)
    {
        var steps = fewest + random.NextInt(spaces.Length);
        return Assemble(SpaceOf(steps).Random(random), [.. Enumerable.Range(0, steps).Select(_ => Single(random))], random);
    }

    public override Candidate Mutate(Candidate parent, PhiloxStream random)
    {
        var steps = Math.Clamp(parent.Steps.Count + (random.NextInt(3) == 0 ? random.NextInt(3) - 1 : 0), fewest, Most);
        var (guidance, removed) = (parent.Steps.Select(s => s.Guidance).ToList(), -1);
        while (guidance.Count != steps)
        {
            var at = random.NextInt(guidance.Count);
            if (guidance.Count > steps)
            {
                guidance.RemoveAt(at);
                removed = at;
            }
            else
            {
                guidance.Insert(at, Single(random));
            }
        }

        var (a, b) = (random.NextInt(steps), random.NextInt(steps));
        (guidance[a], guidance[b]) = (guidance[b], random.NextInt(2) == 0 ? guidance[a] : (StepGuidance)random.NextInt(3));
        return Assemble(Resized(parent, steps, removed, random), [.. guidance], random);
    }

    public override Candidate Cross(Candidate first, Candidate second, PhiloxStream random)
    {
        var steps = Math.Clamp((random.NextInt(2) == 0 ? first : second).Steps.Count, fewest, Most);
        StepGuidance[] guidance = [.. Enumerable.Range(0, steps).Select(k => ((random.NextInt(2) == 0 ? first : second).Steps.ElementAtOrDefault(k) ?? first.Steps[^1]).Guidance)];
        return Assemble(SpaceOf(steps).Cross(first, second, random), guidance, random);
    }

    public override Candidate? Adopt(Candidate candidate)
    {
        var steps = candidate.Steps.Count;
        if (steps < fewest || steps > Most || SpaceOf(steps).Adopt(candidate) is not { } adopted)
        {
            return null;
        }

        var whole = Build(adopted, [.. candidate.Steps.Select(s => s.Guidance)]);
        return Evaluations(whole) <= evaluations ? whole : null;
    }

    // One time fewer, or times filled up by a crossing with itself, or the time space's own mutation
    private Candidate Resized(Candidate parent, int steps, int removed, PhiloxStream random) =>
        steps < parent.Steps.Count ? Candidate.At(solver.Name, parent.Steps.Where((_, k) => k != removed).Select(s => s.Time).Take(steps))
        : steps > parent.Steps.Count ? SpaceOf(steps).Cross(parent, parent, random)
        : random.NextInt(2) == 0 ? parent
        : SpaceOf(steps).Mutate(parent, random);

    private CandidateSpace SpaceOf(int steps) => spaces[steps - fewest];

    // As many steps with full guidance as the budget has room for, the others without, and no cached difference before there is one.
    private Candidate Assemble(Candidate times, StepGuidance[] guidance, PhiloxStream random)
    {
        while (Evaluations(Build(times, guidance)) > evaluations && Places(guidance, full: true) is { Length: > 0 } guided)
        {
            guidance[guided[random.NextInt(guided.Length)]] = Single(random);
        }

        for (int[] free = Places(guidance, full: false); free.Length > 0; free = Places(guidance, full: false))
        {
            var at = free[random.NextInt(free.Length)];
            var before = guidance[at];
            guidance[at] = StepGuidance.Full;
            if (Evaluations(Build(times, guidance)) > evaluations)
            {
                guidance[at] = before;
                break;
            }
        }

        return Build(times, guidance);
    }

    private static Candidate Build(Candidate times, StepGuidance[] guidance)
    {
        var possible = GuidanceKeys.Possible(guidance);
        return times.With(times.Steps.Select((s, k) => new CandidateStep(s.Time, guidance: possible[k])), times.Skip);
    }

    private static int[] Places(StepGuidance[] guidance, bool full) => [.. Enumerable.Range(0, guidance.Length).Where(k => guidance[k] == StepGuidance.Full == full)];

    private static StepGuidance Single(PhiloxStream random) => random.NextInt(2) == 0 ? StepGuidance.Positive : StepGuidance.Cached;

    private int Evaluations(Candidate candidate) =>
        Enumerable.Range(0, candidate.Steps.Count).Sum(k => solver.NetworkCalls(candidate, k) * (candidate.Steps[k].Guidance == StepGuidance.Full ? 2 : 1));
}
