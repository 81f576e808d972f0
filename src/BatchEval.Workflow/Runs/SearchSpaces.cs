using BatchEval.Core.Search;
using BatchEval.Core.Search.Skipping;

namespace BatchEval.Workflow.Runs;

/// <summary>Builds the space that a specification's genes span.</summary>
internal static class SearchSpaces
{
    // A search over reused outputs has up to this many steps per network call.
    private const int StepsPerCall = 2;

    /// <summary>Builds the space.</summary>
    /// <exception cref="ArgumentException">The space is empty on this model.</exception>
    public static CandidateSpace Create(RunSpecification specification, NoiseSchedule schedule, int steps)
    {
        var (solver, options) = (specification.Solver, specification.Search);
        CandidateSpace Times(int n) => new TimeStepSpace(solver, schedule, n, options.MutationProbability, options.LocalShare!.Value);
        var (reuse, skip) = (options.Genes.Contains(SearchGene.Reuse), options.Genes.Contains(SearchGene.Skip));
        var most = Math.Max(steps, Math.Min(StepsPerCall * steps, schedule.TrainSteps ?? int.MaxValue));
        // Where other costs are limited, as many calls as the steps of the whole network that they buy.
        var calls = specification.Budget is { NeedsCosts: false, NetworkCalls: { } limit } ? limit : Math.Max(1, steps);
        if (options.Genes.Contains(SearchGene.Guidance))
        {
            return new GuidanceSpace(solver, Times, steps, most);
        }

        return reuse || skip ? new SkippingSpace(solver, Times, steps, calls, most, reuse, skip) : Times(steps);
    }
}
