using System.Text.Json;
using BatchEval.Core.Sampling;
using BatchEval.Core.Search;
using BatchEval.Core.Search.Costs;
using BatchEval.Core.Search.Joint;

namespace BatchEval.Core.Tests.Search.Joint;

/// <summary>The joint searches on a score that is known in closed form.</summary>
public sealed class JointSearchTests
{
    private static readonly NoiseSchedule Schedule = DiscreteNoiseSchedule.Linear(1000, 1e-4, 0.02);
    private static readonly CostModel Costs = new(100, 2, 0, [.. Enumerable.Range(0, 8).Select(i => new BlockCost(i, $"b{i}", 10, 0.1, 10))]);
    private static readonly Budget Sixty = new(Costs, new BudgetLimits(Macs: 500));
    private static readonly EvolutionOptions Options = new(24, 6, 8, 10, 8, [64, 256]);
    private static readonly Candidate Uniform = Candidate.At("ddim", [900, 700, 500, 300, 100]);

    [Fact]
    public void Sensitivities_are_measured_on_the_best_seed_and_rank_the_blocks()
    {
        var search = Search(1);
        var state = search.Observe(SearchState.Empty, Score(search.Next(SearchState.Empty)!));
        var probes = search.Next(state)!;
        probes.Candidates.Count.ShouldBe(1 + (3 * 8));
        state = search.Observe(state, Score(probes));
        state.Sensitivities!.Measured.Count.ShouldBe(8);
        var prior = search.PriorOf(state)!;
        // By the score below, low blocks are free at high noise and high blocks at low noise.
        prior.Early.Take(4).ShouldAllBe(r => r < 4);
        prior.Late.Skip(4).ShouldAllBe(r => r < 4);
        state.Round.ShouldBe(JointSearch.WarmRounds);
    }

    [Fact]
    public void Beats_random_search_and_time_steps_alone_at_the_same_budget()
    {
        var joint = Run(Search(2));
        var more = Options with { Population = Options.Population + (Search(2).WarmCandidates / Options.Generations) + 1 };
        var random = Run(RandomSearch.WithBudgetOf(Space(new JointOptions()), more, 2));
        var times = Run(new Evolution(Space(new JointOptions { Masks = MaskRule.None }), more, [Uniform], 2));
        joint.Archive[0].Score.ShouldBeLessThan(random.Archive[0].Score);
        joint.Archive[0].Score.ShouldBeLessThan(times.Archive[0].Score);
        joint.Archive.ShouldAllBe(a => Sixty.Allows(a.Candidate));
    }

    [Fact]
    public void The_same_seed_gives_the_same_search_across_a_resume()
    {
        var through = Run(Search(3));
        var resumed = Run(Search(3), state => JsonSerializer.Deserialize<Sensitivities>(JsonSerializer.Serialize(state.Sensitivities)) is { } s ? state with { Sensitivities = s } : state);
        resumed.Archive.Select(a => a.Candidate.Id).ShouldBe(through.Archive.Select(a => a.Candidate.Id));
    }

    [Fact]
    public void The_published_window_opens_when_the_best_stays_and_after_five_generations_at_the_latest()
    {
        var search = new TwoStageSearch(Space(new JointOptions { Published = true, LocalShare = 0, Window = new(0.05, 0.1) }), Options, [Uniform], 1);
        search.Widen(PruneWindow.Closed, 1, unchanged: false).ShouldBe(PruneWindow.Closed);
        search.Widen(PruneWindow.Closed, 1, unchanged: true).High.ShouldBe(0.02, 1e-12);
        search.Widen(PruneWindow.Closed, 5, unchanged: false).High.ShouldBe(0.02, 1e-12);
        search.Widen(new(0, 0.08), 3, unchanged: false).High.ShouldBe(0.1, 1e-12);
        search.Widen(new(0, 0.1), 9, unchanged: true).ShouldBe(new PruneWindow(0.05, 0.1));
    }

    [Fact]
    public void The_published_search_begins_with_time_steps_only_and_ends_with_masks()
    {
        var search = new TwoStageSearch(Space(new JointOptions { Published = true, LocalShare = 0, Window = new(0, 0.5) }), Options with { Generations = 8 }, [Uniform], 4);
        search.Next(SearchState.Empty)!.Candidates.ShouldAllBe(c => c.Steps.All(s => s.Drop.Count == 0));
        var state = Run(search);
        state.Window!.High.ShouldBeGreaterThan(0);
        state.Archive.ShouldContain(a => a.Candidate.Steps.Any(s => s.Drop.Count > 0));
    }

    private static JointSearch Search(ulong seed) => new(
        Space(new JointOptions()), Options, [Uniform, Candidate.At("ddim", [999, 799, 599, 399, 199])], seed);

    private static JointSpace Space(JointOptions options) => new("ddim", Schedule, Sixty, options);

    private static SearchState Run(ISearchMethod search, Func<SearchState, SearchState>? between = null)
    {
        var state = SearchState.Empty;
        while (search.Next(state) is { } proposal)
        {
            state = search.Observe(state, Score(proposal));
            state = between is null ? state : between(state);
        }

        return state;
    }

    private static List<ScoredCandidate> Score(Proposal proposal) =>
        [.. proposal.Candidates.Select(c => new ScoredCandidate(c, Loss(c), 0, proposal.Samples))];

    // Gaps between steps hurt; blocks 0 to 3 matter at low noise only, 4 to 7 at high noise only.
    private static double Loss(Candidate candidate)
    {
        double[] times = [1000, .. candidate.Steps.Select(s => s.Time), 0];
        var gaps = times.Zip(times.Skip(1)).Sum(p => Math.Pow((p.First - p.Second) / 100, 2));
        return gaps + (3 * candidate.Steps.Sum(s => s.Drop.Count(b => s.Time >= 500 == b >= 4)));
    }
}
