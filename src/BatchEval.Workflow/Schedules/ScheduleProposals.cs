using BatchEval.Core.Sampling.Placement;
using BatchEval.Core.Search;
using BatchEval.Core.Search.Schedules;

namespace BatchEval.Workflow.Schedules;

/// <summary>
/// What a schedule method proposes in a run: computed once when the run is prepared, stored, and scored and chosen by the same rounds as
/// any search.
/// </summary>
/// <param name="NetworkCalls">Network calls spent on computing the proposals.</param>
/// <param name="Schedules">The proposals, no two alike.</param>
public sealed record ScheduleProposals(string Method, long NetworkCalls, IReadOnlyList<SamplingSchedule> Schedules)
{
    /// <summary>Before a method has been computed: about as many schedules as it proposes, uniform grids from different starts.</summary>
    internal static ScheduleProposals StandIns(string method, NoiseSchedule schedule, int steps)
    {
        var count = method switch
        {
            ScheduleMethods.KlubDp => 250,
            ScheduleMethods.Oss or ScheduleMethods.Dmn => 1,
            _ => 16,
        };
        var starts = Enumerable.Range(0, count).Select(i => schedule.MaxTime - ((schedule.MaxTime - schedule.MinTime) * i / (2 * count)));
        return new ScheduleProposals(method, 0, [.. starts.Select(start => PlacementRules.Create("trailing", schedule, steps, new PlacementOptions(Start: start)))]);
    }

    public IReadOnlyList<Candidate> Candidates(string solver) => [.. Schedules.Select(s => Candidate.At(solver, s.Times, s.End))];

    /// <summary>How the run chooses among them: <c>klub-dp</c> by the halving that <c>batcheval schedule</c> runs, another method among its own variants.</summary>
    /// <param name="options">Rungs, survivors and elites.</param>
    public ISearchMethod Halving(string solver, NoiseSchedule schedule, EvolutionOptions options)
    {
        if (Method != ScheduleMethods.KlubDp)
        {
            return new SuccessiveHalving(Candidates(solver), options.Rungs, options.Survivors, options.Elites);
        }

        var named = Schedules.ToLookup(s => ScheduleMethods.Computed.Contains(s.Method));
        return new ScheduleHalving([.. named[true]], [.. named[false]], solver, schedule, new HalvingSizes(options.Rungs, options.Elites));
    }

    /// <summary>
    /// Computes the proposals of a run: everything that is computed and every heuristic for <c>klub-dp</c>, the state after every sweep for <c>klub</c>, the
    /// method's own variants otherwise.
    /// </summary>
    /// <param name="steps">Steps that the budget buys.</param>
    /// <param name="parallel">Network calls side by side; changes no result.</param>
    public static async Task<ScheduleProposals> ComputeAsync(OpenedModel model, RunSpecification specification, int steps, int parallel, CancellationToken cancellation = default)
    {
        var (search, method) = (specification.Search, specification.Search.Method.Name());
        var setting = new ScheduleSetting(specification.Solver, specification.Conditions, specification.Seed, parallel);
        var options = new MaterialOptions(search.DataFree || (model.Sampling.Manifest.Data is null && !ScheduleMethods.NeedsData(method)));
        var request = new ScheduleRequest(method, steps, setting, options, PlacementOptions.Default, Distance: search.Distance);
        var (schedules, calls) = method switch
        {
            ScheduleMethods.Oss or ScheduleMethods.Dmn => await SingleAsync(model, request, cancellation),
            _ => Several(new ScheduleMaterials(model.Sampling, setting, options, needsTable: true, cancellation), request),
        };
        return new ScheduleProposals(method, calls, [.. schedules.DistinctBy(s => string.Join(' ', s.Times))]);
    }

    // Early stopping of klub is the run's own choice among all sweeps.
    private static (IReadOnlyList<SamplingSchedule> Schedules, long Calls) Several(ScheduleMaterials materials, ScheduleRequest request)
    {
        IReadOnlyList<SamplingSchedule> schedules = request.Method switch
        {
            ScheduleMethods.Klub => [.. ScheduleFinder.Sweeps(request, materials)],
            ScheduleMethods.KlubDp => [.. materials.Pool(request.Steps, request.Setting.Order), .. new HeuristicPool(materials.Schedule, request.Setting.Order).All(request.Steps)],
            _ => [.. materials.Family(request.Setting.Order).Members(materials.Schedule, request.Steps, [request.Distance]).Where(m => m.Method == request.Method)],
        };
        return (schedules, materials.Calls);
    }

    private static async Task<(IReadOnlyList<SamplingSchedule> Schedules, long Calls)> SingleAsync(OpenedModel model, ScheduleRequest request, CancellationToken cancellation)
    {
        var found = await new ScheduleFinder(model, new MemoryBlobs()).FindAsync(request, cancellation);
        return ([found.Schedule], found.Calls);
    }
}
