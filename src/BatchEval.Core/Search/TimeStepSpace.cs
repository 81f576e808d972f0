using BatchEval.Core.Randomness;
using BatchEval.Core.Sampling;

namespace BatchEval.Core.Search;

/// <summary>
/// Sets of K distinct sampling times for one solver (AutoDiffusion's first stage). Genomes are sorted sets, so the same set in another
/// order is the same candidate, and duplicates that crossover makes are replaced, never silently dropped.
/// </summary>
public sealed class TimeStepSpace : CandidateSpace
{
    private readonly string solver;
    private readonly TimeAxis axis;
    private readonly int steps;
    private readonly double mutationProbability;
    private readonly double localShare;

    /// <param name="schedule">The model's noise schedule; discrete models get whole-numbered times.</param>
    /// <param name="steps">K, at least 1.</param>
    /// <param name="mutationProbability">Chance of each time to change in a mutation, in (0, 1].</param>
    /// <param name="localShare">Share of changes that move a time between its neighbours instead of redrawing it (0 is the published rule).</param>
    /// <exception cref="ArgumentException">A value outside its range, or more steps than the model has times.</exception>
    public TimeStepSpace(string solver, NoiseSchedule schedule, int steps, double mutationProbability = 0.25, double localShare = 0.5)
    {
        if (schedule.TrainSteps is { } trained && steps > trained)
        {
            // A budget stops counting one step above what the model has, so the number asked for is not known here.
            throw new ArgumentException($"A search over more than {trained} steps is empty; the model allows 1 to {trained} steps.", nameof(steps));
        }

        if (steps < 1)
        {
            throw new ArgumentException($"A search over {steps} steps is empty; the model allows at least 1 step.", nameof(steps));
        }

        if (!(mutationProbability > 0 && mutationProbability <= 1) || !(localShare >= 0 && localShare <= 1))
        {
            throw new ArgumentException($"mutation probability {mutationProbability} must lie in (0, 1] and local share {localShare} in [0, 1].");
        }

        (this.solver, axis, this.steps) = (solver, new TimeAxis(schedule), steps);
        (this.mutationProbability, this.localShare) = (mutationProbability, localShare);
    }

    public override Candidate Random(PhiloxStream random) => Complete([], random);

    public override Candidate Mutate(Candidate parent, PhiloxStream random)
    {
        double[] times = [.. parent.Steps.Select(s => s.Time)];
        var kept = new SortedSet<double>();
        var forced = random.NextInt(times.Length);
        for (var i = 0; i < times.Length; i++)
        {
            var change = i == forced || random.NextDouble() < mutationProbability;
            if (!change)
            {
                kept.Add(times[i]);
            }
            else if (random.NextDouble() < localShare)
            {
                kept.Add(axis.Move(times, i, random));
            }
        }

        return Complete(kept, random);
    }

    public override Candidate Cross(Candidate first, Candidate second, PhiloxStream random)
    {
        var mixed = new SortedSet<double>();
        for (var i = 0; i < Math.Min(first.Steps.Count, second.Steps.Count); i++)
        {
            mixed.Add((random.NextInt(2) == 0 ? first : second).Steps[i].Time);
        }

        return Complete(mixed, random);
    }

    public override Candidate? Adopt(Candidate candidate)
    {
        var times = candidate.Steps.Select(s => axis.Nearest(s.Time)).Distinct().ToList();
        var fits = times.Count == steps && times.TrueForAll(axis.Contains);
        return fits ? Candidate.At(solver, times) : null;
    }

    private Candidate Complete(SortedSet<double> times, PhiloxStream random)
    {
        while (times.Count < steps)
        {
            times.Add(axis.Draw(random));
        }

        return Candidate.At(solver, times);
    }
}
