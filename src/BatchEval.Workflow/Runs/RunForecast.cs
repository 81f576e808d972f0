using BatchEval.Core.Search;
using BatchEval.Core.Search.Costs;
using BatchEval.Workflow.Evaluation;
using BatchEval.Workflow.Schedules;

namespace BatchEval.Workflow.Runs;

/// <summary>
/// The rounds that a run will consist of, with the sample-steps (network calls times samples) that each adds: the run's own decisions, with scores each of which is
/// better than all before, so that no search ends before its time. Failures and what other runs have computed are not foreseen. Of a search of very many candidates
/// only the first generations are played through; the others are taken to be like the last of these. A search over a sampler's numbers is played with few network calls
/// and fewer numbers, as its decisions take the time of a matrix of all of them, and what it adds is taken to grow with the calls.
/// </summary>
public sealed class RunForecast
{
    // What is bred for a forecast at most: steps of all candidates of a search, its generations, and candidates of one. Somebody waits for it at every change of a form.
    private const int MostSteps = 20_000;
    private const int MostGenerations = 50;
    private const int MostCandidates = 250;
    private const int MostSamplerCalls = 16;

    // A joined step of a pattern search has so many points; its star has two for each number, so that they too grow with the calls.
    private const int JoinedPoints = 4;
    private const int FewestGenerations = 4;
    private const int FewestCandidates = 16;
    private readonly IReadOnlyList<ForecastRound> rounds;

    /// <summary>Plays a whole run.</summary>
    public RunForecast(RunMachine machine)
        : this(Play(machine, _ => 1, CancellationToken.None))
    {
    }

    private RunForecast(IReadOnlyList<ForecastRound> rounds) => this.rounds = rounds;

    /// <summary>How many rounds there will be.</summary>
    public int Rounds => rounds.Count;

    /// <summary>All sample-steps of the run.</summary>
    public long Total => rounds.Sum(r => r.SampleSteps);

    /// <summary>A round, or null past the end.</summary>
    public ForecastRound? this[int round] => round >= 0 && round < rounds.Count ? rounds[round] : null;

    /// <summary>Sample-steps of all rounds before one.</summary>
    public long Before(int round) => rounds.Take(round).Sum(r => r.SampleSteps);

    /// <summary>
    /// Foresees a run that has not been prepared: uniform grids stand in for what a schedule method will propose, and as many network calls as a limit names for a
    /// limit that cannot be counted.
    /// </summary>
    /// <param name="specification">The run's specification, which fits the model.</param>
    /// <param name="costs">What the model costs as far as that can be counted, or null.</param>
    /// <param name="own">What the model's own pipeline samples with in a number of steps; null where that is unknown.</param>
    public static RunForecast Of(RunSpecification specification, NoiseSchedule schedule, CostModel? costs, Func<int, Candidate?>? own = null, CancellationToken cancellation = default)
    {
        var budget = specification.Budget;
        if (budget.NeedsCosts && (costs is null || (budget.Milliseconds is not null && costs.Milliseconds == 0)))
        {
            specification = specification with { Budget = new BudgetSpecification { NetworkCalls = budget.ExpectedCalls } };
        }

        var proposals = specification.Search.Method.IsSchedule() ? ScheduleProposals.StandIns(specification.Search.Method.Name(), schedule, new EntryFactory(specification, schedule, costs).Steps) : null;
        return Foresee(specification, part => new RunMachine(part, schedule, costs, proposals, own), cancellation);
    }

    /// <summary>Foresees a run as it is prepared, and keeps that with it: who looks at it need not have its model.</summary>
    public static async Task StoreAsync(RunStore store, RunContext context, CancellationToken cancellation)
    {
        if (!await store.ExistsAsync(BlobNames.Forecast(context.RunId), cancellation))
        {
            var forecast = Foresee(context.Specification, context.MachineOf, cancellation);
            await store.WriteJsonOnceAsync(BlobNames.Forecast(context.RunId), forecast.rounds, cancellation);
        }
    }

    /// <summary>The rounds of a run of the store; null as long as it has not been prepared, and where an earlier version prepared it.</summary>
    public static async Task<RunForecast?> ReadAsync(RunStore store, string runId, CancellationToken cancellation = default) =>
        await store.ReadJsonAsync<IReadOnlyList<ForecastRound>>(BlobNames.Forecast(runId), cancellation) is { } rounds ? new RunForecast(rounds) : null;

    private static RunForecast Foresee(RunSpecification specification, Func<RunSpecification, RunMachine> machine, CancellationToken cancellation)
    {
        var (smaller, growth) = WithFewCalls(specification);
        var (evolution, calls) = (specification.Search.Evolution, smaller.Budget.ExpectedCalls);
        var population = Math.Min(evolution.Population, Math.Clamp(MostSteps / FewestGenerations / calls, FewestCandidates, MostCandidates));
        var generations = Math.Min(evolution.Generations, Math.Clamp(MostSteps / calls / population, FewestGenerations, MostGenerations));
        var scale = (double)population / evolution.Population;
        var part = scale == 1 && generations == evolution.Generations ? smaller : smaller with
        {
            Search = smaller.Search with
            {
                Population = population,
                Generations = generations,
                Elites = Math.Min(evolution.Elites, population),
                Mutants = (int)(evolution.Mutants * scale),
                Crossovers = (int)(evolution.Crossovers * scale),
            },
        };
        var (vector, pattern) = (specification.Search.Method.IsVector(), specification.Search.Method == SearchMethod.Pattern);
        var played = Play(machine(part), Weight, cancellation);
        return new RunForecast(generations == evolution.Generations ? played : Extended(played, evolution.Generations - generations, specification.Search.Interval ?? 1));

        double Weight(RoundPlan plan)
        {
            var bred = plan.Stage is RunStage.Search or RunStage.RandomSearch or RunStage.Rivals && plan.Assignments[0].Range.Start < SampleRange.ValidationStart;
            // Generation 0 of these compares what they may begin at; a pattern search has as many points as its star whatever the population.
            var own = vector && plan.Stage == RunStage.Search;
            var star = own && pattern && bred && plan.Generation > 0 && plan.Assignments.Count - plan.Controls > JoinedPoints;
            return (!bred || (own && (pattern || plan.Generation == 0)) ? 1 : 1 / scale) * (plan.Stage == RunStage.Reference ? 1 : star ? growth * growth : growth);
        }
    }

    // Of candidates that are given the calls are known; a solver that takes two calls per step takes the same share of them.
    private static (RunSpecification Specification, double Growth) WithFewCalls(RunSpecification specification)
    {
        var (search, calls) = (specification.Search, specification.Budget.ExpectedCalls);
        if (search.Method == SearchMethod.CmaEs && search.Groups is { Count: > 1 })
        {
            specification = specification with { Search = search with { Groups = [SamplerGroup.Times] } };
        }

        return calls <= MostSamplerCalls || specification.Candidates.Count > 0 || (search.Space != SearchSpace.Sampler && !search.Method.IsVector())
            ? (specification, 1)
            : (specification with { Budget = new BudgetSpecification { NetworkCalls = MostSamplerCalls + (calls % 2) } }, calls / (double)(MostSamplerCalls + (calls % 2)));
    }

    private static List<ForecastRound> Play(RunMachine machine, Func<RoundPlan, double> weight, CancellationToken cancellation)
    {
        var rounds = new List<ForecastRound>();
        var computed = new Dictionary<(string Candidate, long Start), int>();
        var scored = 0;
        for (var state = machine.Begin(); machine.Next(state) is { } plan; state = machine.Observe(state, plan.Stage == RunStage.Reference ? [] : [.. plan.Assignments.SkipLast(plan.Controls).Select(Score)]))
        {
            cancellation.ThrowIfCancellationRequested();
            rounds.Add(new ForecastRound(StageOf(plan), plan.Generation, plan.Rung, (long)(plan.Assignments.Sum(Fresh) * weight(plan))));
        }

        return rounds;

        ScoredCandidate Score(Assignment assignment) => new(assignment.Entry.Candidate, 1.0 / ++scored, 0, assignment.Range.Count);

        long Fresh(Assignment assignment)
        {
            var key = (assignment.Entry.Candidate.Id, assignment.Range.Start);
            var before = computed.GetValueOrDefault(key);
            computed[key] = Math.Max(before, assignment.Range.Count);
            return (long)assignment.Entry.Candidate.NetworkCalls * (computed[key] - before);
        }
    }

    // Every search goes on for more generations like its last ones: as many as lie between two validations, or half of those that were played.
    private static List<ForecastRound> Extended(List<ForecastRound> played, int more, int interval)
    {
        var all = new List<ForecastRound>();
        for (var first = 0; first < played.Count;)
        {
            ForecastRound[] stage = [.. played.Skip(first).TakeWhile(r => r.Stage == played[first].Stage)];
            first += stage.Length;
            all.AddRange(stage);
            var last = stage.Max(r => r.Generation);
            var period = Math.Clamp(interval, 1, Math.Max(1, last / 2));
            if (last == 0)
            {
                continue;
            }

            ForecastRound[] pattern = [.. stage.Where(r => r.Generation > last - period)];
            for (var shift = 1; shift <= more; shift += period)
            {
                all.AddRange(pattern.Select(r => r with { Generation = r.Generation + shift + period - 1 }).Where(r => r.Generation <= last + more));
            }
        }

        return all;
    }

    private static string StageOf(RoundPlan plan) => plan.Stage switch
    {
        RunStage.Rivals => plan.Assignments[0].Entry.Name,
        var stage => stage.Words(),
    };
}

/// <summary>A round to come.</summary>
/// <param name="Generation">Its generation, from 0.</param>
/// <param name="Rung">Its rung, from 0.</param>
public sealed record ForecastRound(string Stage, int Generation, int Rung, long SampleSteps);
