using BatchEval.Core.Randomness;
using BatchEval.Core.Sampling;

namespace BatchEval.Core.Search.Joint;

/// <summary>
/// Our default search over steps and blocks. Two short rounds come first: known grids, then the best of them without each single block
/// (everywhere, at high noise, at low noise). What they say decides which blocks are dropped where when candidates are drawn. Then
/// evolution with racing and a quality-cost archive.
/// </summary>
public sealed class JointSearch : ISearchMethod
{
    /// <summary>Rounds before the evolution begins.</summary>
    public const int WarmRounds = 2;

    private const int SeedsKept = 6;
    private const int MostStretched = 6;
    private readonly JointSpace space;
    private readonly EvolutionOptions options;
    private readonly IReadOnlyList<Candidate> seeds;
    private readonly ulong seed;

    /// <param name="space">Candidates and operators.</param>
    /// <param name="seeds">Known good candidates; those with a place in the space are compared first. None of them: a random one is.</param>
    public JointSearch(JointSpace space, EvolutionOptions options, IEnumerable<Candidate> seeds, ulong seed)
    {
        (this.space, this.options, this.seed) = (space, options, seed);
        this.seeds = [.. seeds.Select(space.Adopt).OfType<Candidate>().DistinctBy(c => c.Id)];
        if (this.seeds.Count == 0)
        {
            this.seeds = [space.Random(new PhiloxStream(seed, StreamKey.For("warm")))];
        }
    }

    /// <summary>Candidates that the warm rounds score on the first rung.</summary>
    public int WarmCandidates => seeds.Count + Probes(seeds[0]).Count();

    public Proposal? Next(SearchState state) => state.Round switch
    {
        0 => new Proposal(seeds, options.Rungs[0], 0, 0),
        1 => new Proposal([.. Probes(state.Contenders[0].Candidate).Prepend(state.Contenders[0].Candidate).DistinctBy(c => c.Id)], options.Rungs[0], 0, 0),
        _ => Evolve(state).Next(Inner(state)),
    };

    public SearchState Observe(SearchState state, IReadOnlyList<ScoredCandidate> scores)
    {
        if (state.Round >= WarmRounds)
        {
            var observed = Evolve(state).Observe(Inner(state), scores);
            return observed with { Round = observed.Round + WarmRounds };
        }

        var spent = state.SampleSteps + Next(state)!.Candidates.Where(c => state.Round == 0 || c != state.Contenders[0].Candidate).Sum(c => (long)c.NetworkCalls * options.Rungs[0]);
        if (state.Round == 0)
        {
            var ranked = ScoredCandidate.Rank(scores.Where(s => s.Failure is null)).ToList();
            var kept = ranked.Count > 0 ? ranked : [.. scores.Take(1)];
            return state with { Round = 1, Contenders = [.. kept.Take(SeedsKept)], SampleSteps = spent };
        }

        return state with { Round = WarmRounds, Sensitivities = Measure(state.Contenders[0].Candidate, scores), SampleSteps = spent };
    }

    /// <summary>What the warm rounds found, as odds for drawing masks; null before they are over.</summary>
    internal BlockPrior? PriorOf(SearchState state)
    {
        var costs = space.Budget.Costs;
        double[] saved = [.. costs.Blocks.Select(b => space.Budget.Limits is { Macs: null, Milliseconds: not null } ? b.Milliseconds : b.Macs)];
        return state.Sensitivities is { Measured.Count: > 0 } s ? BlockPrior.From(s.Split, s.Measured, saved) : null;
    }

    private static SearchState Inner(SearchState state) => state with { Round = state.Round - WarmRounds };

    private static int EarlySteps(Candidate candidate) => (candidate.Steps.Count + 1) / 2;

    private static Candidate Without(Candidate candidate, int block, int from, int to) => new(
        candidate.Solver, candidate.Steps.Select((s, i) => i >= from && i < to ? new CandidateStep(s.Time, [.. s.Drop, block]) : s));

    private Evolution Evolve(SearchState state)
    {
        var informed = space.With(space.Options with { Prior = PriorOf(state) });
        // The first generation's contenders are still the warm rounds' best.
        var first = state.Round == WarmRounds;
        var random = new PhiloxStream(seed, StreamKey.For("fit"));
        Candidate[] known = [.. first ? state.Contenders.Select(c => c.Candidate) : []];
        known = [.. known, .. known.Take(2).SelectMany(c => informed.Stretch(c, random)).Take(MostStretched)];
        return new Evolution(informed, options, known, seed, (scored, places) => ParetoRanking.Keep(scored, places, space.Budget.Use));
    }

    // Nothing is dropped from a space without masks, and then there is nothing to probe.
    private IEnumerable<Candidate> Probes(Candidate at)
    {
        var (steps, early) = (at.Steps.Count, EarlySteps(at));
        var blocks = space.Options.Masks == MaskRule.None || space.Options.Window.High <= 0 ? 0 : space.Budget.Costs.Blocks.Count;
        return Enumerable.Range(0, blocks).SelectMany(b => new[] { Without(at, b, 0, steps), Without(at, b, 0, early), Without(at, b, early, steps) });
    }

    private Sensitivities Measure(Candidate at, IReadOnlyList<ScoredCandidate> scores)
    {
        var scored = scores.DistinctBy(s => s.Candidate.Id).ToDictionary(s => s.Candidate.Id, s => s.Failure is null ? s.Score : double.PositiveInfinity);
        var baseline = scored[at.Id];
        double[] damage = [.. Probes(at).Select(p => Finite(scored[p.Id] - baseline))];
        var early = EarlySteps(at);
        var split = early < at.Steps.Count ? (at.Steps[early - 1].Time + at.Steps[early].Time) / 2 : at.Steps[^1].Time;
        return new Sensitivities(split, [.. damage.Chunk(3).Select((d, block) => new BlockSensitivity(block, d[0], d[1], d[2]))]);
    }

    // A failed probe is damage beyond any measured one, but still a number that JSON can hold.
    private static double Finite(double damage) => double.IsFinite(damage) ? damage : 1e30;
}

/// <summary>Single-block sensitivities of a base schedule.</summary>
/// <param name="Split">Time from which on steps counted as high noise.</param>
/// <param name="Measured">One entry per block.</param>
public sealed record Sensitivities(double Split, IReadOnlyList<BlockSensitivity> Measured);
