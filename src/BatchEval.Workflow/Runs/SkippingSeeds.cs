using BatchEval.Core.Sampling.Placement;

namespace BatchEval.Workflow.Runs;

/// <summary>Known good ways to have more steps than network calls, for searches over reused steps and skip policies.</summary>
internal static class SkippingSeeds
{
    private const double Threshold = 0.01;

    /// <summary>Twice as many steps as calls, evenly spaced: reuse at every other step, extrapolated, and a run-time policy.</summary>
    public static IEnumerable<Candidate> Of(RunSpecification specification, NoiseSchedule schedule, int steps)
    {
        var genes = specification.Search.Genes;
        if (genes.Contains(SearchGene.Guidance))
        {
            return Guided(specification.Solver, schedule, steps, n => [PlacementRules.Create("trailing", schedule, n)]);
        }

        if (genes.Count == 1 || steps < 4 || 2 * steps > (schedule.TrainSteps ?? int.MaxValue))
        {
            return [];
        }

        var times = PlacementRules.Create("trailing", schedule, 2 * steps).Times;
        var seeds = new List<Candidate>();
        if (genes.Contains(SearchGene.Reuse))
        {
            seeds.AddRange(new[] { 1, 2 }.Select(order => new Candidate(
                specification.Solver, times.Select((t, k) => new CandidateStep(t, reuse: k % 2 == 1)), new SkipPolicy(0, order: order))));
        }

        // Whatever does not fit the budget exactly is made to fit, or turned away, by the space.
        if (genes.Contains(SearchGene.Skip))
        {
            var policy = new SkipPolicy(Threshold, warmup: 3, order: 2, criterion: SkipCriterion.Output);
            seeds.Add(new Candidate(specification.Solver, times.Select(t => new CandidateStep(t)), policy));
        }

        return seeds;
    }

    /// <summary>Half as many steps again, guided in the middle (arXiv 2404.07724) or at the beginning; what follows goes without, or takes the last difference.</summary>
    /// <param name="steps">Steps with both evaluations that the budget buys.</param>
    /// <param name="schedules">Schedules with a number of steps.</param>
    public static IEnumerable<Candidate> Guided(string solver, NoiseSchedule schedule, int steps, Func<int, IReadOnlyList<SamplingSchedule>> schedules)
    {
        var count = steps + (steps / 2);
        if (steps < 2 || count > (schedule.TrainSteps ?? int.MaxValue))
        {
            return [];
        }

        var full = (2 * steps) - count;
        return schedules(count).SelectMany(s => new[] { (count - full) / 2, 0 }.SelectMany(from => new[] { StepGuidance.Positive, StepGuidance.Cached }.Select(after => new Candidate(
            solver, s.Times.Select((t, k) => new CandidateStep(t, guidance: k < from ? StepGuidance.Positive : k < from + full ? StepGuidance.Full : after)), end: s.End))));
    }
}
