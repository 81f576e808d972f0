using BatchEval.Core.Sampling;
using BatchEval.Core.Search;
using BatchEval.Workflow.Specifications;

namespace BatchEval.Workflow.Runs;

/// <summary>Names the candidates of a run: seeds, elites, baselines and the unaccelerated sampler.</summary>
/// <param name="specification">What the user asked for.</param>
/// <param name="schedule">The model's noise schedule.</param>
public sealed class ContestantFactory(RunSpecification specification, NoiseSchedule schedule)
{
    /// <summary>Name of the search's own result.</summary>
    public string SearchedName => specification.Search.Method == "random" ? BaselineNames.Random : "searched";

    /// <summary>Most steps that the budget of network calls buys with the run's solver.</summary>
    public int Steps { get; } = StepsWithin(specification, schedule);

    /// <summary>The unaccelerated sampler.</summary>
    public Contestant Reference()
    {
        var reference = specification.Reference;
        var times = StepSpacing.Create(reference.Spacing, schedule, reference.Steps);
        return new Contestant($"{reference.Spacing} {reference.Steps}", ContestantRole.Reference, Candidate.At(reference.Solver, times));
    }

    /// <summary>Known good candidates for the first generation: named spacings, trimmed grids, and what the user gave.</summary>
    public IEnumerable<Candidate> Seeds() =>
        specification.Candidates
            .Concat(TrimmedGrids().Select(c => c.Candidate))
            .Concat(StepSpacing.Names.Select(name => Spaced(name)?.Candidate).OfType<Candidate>());

    /// <summary>Candidates that compete for a place in the final: elites of both searches, and the trimmed grids.</summary>
    public IReadOnlyList<Contestant> Validation(RunState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        var elites = specification.Validation.Elites;
        return
        [
            .. state.Search.Archive.Take(elites).Select(e => new Contestant(SearchedName, ContestantRole.Searched, e.Candidate)),
            .. state.RandomSearch.Archive.Take(elites).Select(e => new Contestant(BaselineNames.Random, ContestantRole.Baseline, e.Candidate)),
            .. specification.Baselines.Contains(BaselineNames.TrimmedUniform) ? TrimmedGrids() : [],
        ];
    }

    /// <summary>What the final stage scores: the best of each name in validation, the other baselines, and what the user gave.</summary>
    public IReadOnlyList<Contestant> Final(RunState state, IReadOnlyList<ScoredCandidate> validation)
    {
        var scores = validation.Where(s => s.Failure is null).GroupBy(s => s.Candidate.Id).ToDictionary(g => g.Key, g => g.First().Score);
        var chosen = Validation(state)
            .Where(c => scores.ContainsKey(c.Candidate.Id))
            .GroupBy(c => c.Name)
            .Select(g => g.OrderBy(c => scores[c.Candidate.Id]).ThenBy(c => c.Candidate.Id, StringComparer.Ordinal).First());
        var named = specification.Baselines.Select(Spaced).OfType<Contestant>();
        var given = specification.Candidates.Select((c, i) => new Contestant($"candidate {i + 1}", ContestantRole.Given, c));
        return [.. chosen.Concat(given).Concat(named)];
    }

    private static int StepsWithin(RunSpecification specification, NoiseSchedule schedule)
    {
        var steps = 0;
        while (steps < specification.Budget.NetworkCalls && Calls(steps + 1) <= specification.Budget.NetworkCalls)
        {
            steps++;
        }

        return steps;

        int Calls(int n) => Candidate.At(specification.Solver, Enumerable.Range(0, n).Select(i => schedule.MinTime + i)).NetworkCalls;
    }

    private IEnumerable<Contestant> TrimmedGrids()
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var share in BaselineNames.TrimmedStarts)
        {
            var start = schedule.MaxTime * share;
            start = schedule.TrainSteps is null ? start : Math.Round(start);
            if (Times("trailing", new SpacingOptions(Start: start)) is { } times && Candidate.At(specification.Solver, times) is var candidate && seen.Add(candidate.Id))
            {
                yield return new Contestant(BaselineNames.TrimmedUniform, ContestantRole.Baseline, candidate);
            }
        }
    }

    private Contestant? Spaced(string name) =>
        StepSpacing.Names.Contains(name) && Times(name, SpacingOptions.Default) is { } times
            ? new Contestant(name, ContestantRole.Baseline, Candidate.At(specification.Solver, times))
            : null;

    // A rule that cannot place this many distinct times on this model gives no baseline.
    private IReadOnlyList<double>? Times(string name, SpacingOptions options)
    {
        try
        {
            return StepSpacing.Create(name, schedule, Steps, options);
        }
        catch (ArgumentException)
        {
            return null;
        }
    }
}
