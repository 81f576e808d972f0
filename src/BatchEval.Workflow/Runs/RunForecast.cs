using BatchEval.Core.Search.Joint;
using BatchEval.Core.Search.Schedules;
using BatchEval.Workflow.Schedules;
using BatchEval.Workflow.Specifications;

namespace BatchEval.Workflow.Runs;

/// <summary>
/// The rounds that a run will consist of, with the sample-steps (network calls times samples) that each adds. An estimate for people:
/// archives that stay smaller than asked, failures and shared evaluations are not foreseen.
/// </summary>
public sealed class RunForecast
{
    private const int ExpectedBases = 100;
    private readonly List<ForecastRound> rounds = [];

    /// <summary>Foresees a run.</summary>
    public RunForecast(RunSpecification specification)
    {
        var (calls, reference) = (specification.Budget.ExpectedCalls, specification.Reference);
        var elites = specification.Validation.Elites;
        var (searched, random) = (specification.Search.Method != SearchMethod.None, HasRandomSearch(specification));
        var trimmed = specification.Baselines.Contains(BaselineNames.TrimmedUniform) ? BaselineNames.TrimmedStarts.Count : 0;
        if (reference.Samples > 0)
        {
            var paired = specification.Objective.IsPaired ? specification.Search.Evolution.Rungs[^1] + specification.Validation.Samples : 0;
            Add("reference", 0, 0, (long)reference.Steps * (Math.Min(reference.Samples, specification.Final.Samples) + paired));
        }

        string[] rivals = specification.Search.Method == SearchMethod.Evolution && specification.Search.Space.HasBlocks() ? [.. specification.Baselines.Intersect(BaselineNames.Parts)] : [];
        AddSearch("search", searched, specification);
        AddSearch("random search", random, specification);
        Array.ForEach(rivals, rival => AddSearch(rival, true, specification));
        var contenders = (searched ? elites : 0) + (random ? elites : 0) + (rivals.Length * elites) + trimmed;
        if (contenders > 0)
        {
            Add("validation", 0, 0, (long)calls * contenders * specification.Validation.Samples);
        }

        var finalists = (searched ? 1 : 0) + specification.Baselines.Count + specification.Candidates.Count;
        Add("final", 0, 0, (long)calls * finalists * specification.Final.Samples);
    }

    /// <summary>How many rounds there will be.</summary>
    public int Rounds => rounds.Count;

    /// <summary>All sample-steps of the run.</summary>
    public long Total => rounds.Sum(r => r.SampleSteps);

    /// <summary>A round, or null past the end.</summary>
    public ForecastRound? this[int round] => round >= 0 && round < rounds.Count ? rounds[round] : null;

    /// <summary>Sample-steps of all rounds before one.</summary>
    public long Before(int round) => rounds.Take(round).Sum(r => r.SampleSteps);

    private static bool HasRandomSearch(RunSpecification specification) =>
        specification.Search.Method is SearchMethod.Evolution or SearchMethod.CmaEs or SearchMethod.Pattern && specification.Baselines.Contains(BaselineNames.Random);

    private void AddSearch(string stage, bool wanted, RunSpecification specification)
    {
        var options = specification.Search.Evolution;
        if (wanted && (specification.Search.Space == SearchSpace.Sampler || specification.Search.Method.IsVector()))
        {
            AddSamplerSearch(stage, specification);
            return;
        }

        var warm = specification.Search is { Method: SearchMethod.Evolution, TwoStages: false } && specification.Search.Space.HasBlocks() && stage != "random search" && stage != BaselineNames.TimesOnly;
        for (var round = 0; wanted && warm && round < JointSearch.WarmRounds; round++)
        {
            Add(stage, 0, 0, (long)specification.Budget.ExpectedCalls * options.Population * options.Rungs[0]);
        }

        var race = specification.Search.Method.IsSchedule();
        for (var generation = 0; wanted && generation < (race ? 1 : options.Generations); generation++)
        {
            var contenders = race ? ScheduleProposals.Expected(specification.Search.Method.Name()) : options.Population;
            for (var rung = 0; rung < options.Rungs.Count; rung++)
            {
                var fresh = options.Rungs[rung] - (rung == 0 ? 0 : options.Rungs[rung - 1]);
                Add(stage, generation, rung, (long)specification.Budget.ExpectedCalls * contenders * fresh);
                contenders = Math.Max(1, (int)Math.Ceiling(contenders * options.Survivors));
            }
        }

        if (wanted && specification.Search.Method == SearchMethod.KlubDp)
        {
            Add(stage, 0, options.Rungs.Count - 1, (long)specification.Budget.ExpectedCalls * ScheduleHalving.MostBred * options.Rungs[^1]);
        }
    }

    // The race of the bases, the generations, and the looks at the validation samples; it may end before.
    private void AddSamplerSearch(string stage, RunSpecification specification)
    {
        var (search, calls) = (specification.Search, (long)specification.Budget.ExpectedCalls);
        var options = search.Evolution;
        Add(stage, 0, 0, calls * (specification.Candidates.Count > 0 ? specification.Candidates.Count : ExpectedBases) * options.Rungs[0]);
        for (var generation = 1; generation <= options.Generations; generation++)
        {
            Add(stage, generation, 0, calls * options.Population * options.Rungs[0]);
            if (search.Interval is { } interval && generation % interval == 0)
            {
                Add(stage, generation, 0, calls * 2 * specification.Validation.Samples);
            }
        }
    }

    private void Add(string stage, int generation, int rung, long steps) => rounds.Add(new ForecastRound(stage, generation, rung, steps));
}

/// <summary>A round to come.</summary>
/// <param name="Stage">Its stage, in words.</param>
/// <param name="Generation">Its generation, from 0.</param>
/// <param name="Rung">Its rung, from 0.</param>
/// <param name="SampleSteps">Sample-steps that it adds.</param>
public sealed record ForecastRound(string Stage, int Generation, int Rung, long SampleSteps);
