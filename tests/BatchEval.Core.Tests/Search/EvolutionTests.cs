using BatchEval.Core.Randomness;
using BatchEval.Core.Sampling;
using BatchEval.Core.Search;
using FsCheck;
using FsCheck.Fluent;

namespace BatchEval.Core.Tests.Search;

/// <summary>The evolutionary search on a score that is known in closed form.</summary>
public sealed class EvolutionTests
{
    private static readonly NoiseSchedule Schedule = DiscreteNoiseSchedule.Linear(1000, 1e-4, 0.02);
    private static readonly double[] Target = [620, 470, 360, 180];

    [Fact]
    public void Finds_a_better_schedule_than_random_search_with_the_same_budget()
    {
        var options = new EvolutionOptions(40, 12, 10, 20, 12, [64, 256]);
        var space = new TimeStepSpace("ddim", Schedule, 4);
        var evolved = Run(new Evolution(space, options, [], 1));
        var random = Run(RandomSearch.WithBudgetOf(space, options, 1));
        evolved.SampleSteps.ShouldBe(random.SampleSteps);
        evolved.Archive[0].Score.ShouldBeLessThan(0.5 * random.Archive[0].Score);
    }

    [Fact]
    public void The_same_seed_gives_the_same_search() =>
        Run(Small(3)).Archive.Select(a => a.Candidate.Id).ShouldBe(Run(Small(3)).Archive.Select(a => a.Candidate.Id));

    [Fact]
    public void No_candidate_is_proposed_twice_within_a_rung()
    {
        var search = Small(4);
        var seen = new HashSet<string>();
        var state = SearchState.Empty;
        while (search.Next(state) is { } proposal)
        {
            proposal.Candidates.Where(_ => proposal.Rung == 0).ShouldAllBe(c => seen.Add(c.Id));
            state = search.Observe(state, Score(proposal));
        }
    }

    [Fact]
    public void Who_was_bred_says_from_whom_it_was()
    {
        var search = Small(4);
        var state = SearchState.Empty;
        var bred = 0;
        while (search.Next(state) is { } proposal)
        {
            foreach (var (child, parents) in proposal.Parents ?? new Dictionary<string, IReadOnlyList<string>>())
            {
                proposal.Candidates.ShouldContain(c => c.Id == child);
                parents.Count.ShouldBeInRange(1, 2);
                parents.ShouldAllBe(p => p != child && state.Archive.Any(a => a.Candidate.Id == p));
                bred++;
            }

            proposal.Parents?.Count.ShouldBeGreaterThan(0);
            (proposal.Rung == 0 || proposal.Parents is null).ShouldBeTrue();
            state = search.Observe(state, Score(proposal));
        }

        bred.ShouldBeGreaterThan(10);
    }

    [Fact]
    public void Seeds_take_part_in_the_first_generation()
    {
        var seed = Candidate.At("ddim", Target);
        var search = new Evolution(new TimeStepSpace("ddim", Schedule, 4), new EvolutionOptions(10, 1, 3, 4, 3, [64]), [seed], 1);
        search.Next(SearchState.Empty)!.Candidates.ShouldContain(seed);
    }

    [Fact]
    public void Failed_candidates_never_reach_the_archive()
    {
        var search = Small(5);
        var proposal = search.Next(SearchState.Empty)!;
        var scores = Score(proposal).Select((s, i) => i % 2 == 0 ? s with { Score = double.PositiveInfinity, Failure = "NaN" } : s).ToList();
        search.Observe(SearchState.Empty, scores).Contenders.ShouldAllBe(c => c.Failure == null);
    }

    [Fact]
    public void Every_operator_keeps_the_number_of_distinct_times() =>
        Prop.ForAll(Gen.Choose(1, 20).ToArbitrary(), Gen.Choose(0, 100_000).ToArbitrary(), (steps, seed) =>
        {
            var space = new TimeStepSpace("ddim", Schedule, steps, mutationProbability: 0.6);
            var random = new PhiloxStream((ulong)seed, 0);
            var (a, b) = (space.Random(random), space.Random(random));
            foreach (var child in new[] { a, b, space.Mutate(a, random), space.Cross(a, b, random) })
            {
                child.Steps.Count.ShouldBe(steps);
                child.Violations(Schedule, 0).ShouldBeEmpty();
            }
        }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData(0)]
    [InlineData(1001)]
    public void An_empty_space_is_refused(int steps) =>
        Should.Throw<ArgumentException>(() => new TimeStepSpace("ddim", Schedule, steps)).Message.ShouldContain("is empty");

    [Fact]
    public void Options_report_every_violation() =>
        new EvolutionOptions(1, 0, 9, -1, 5, [4, 4], 2).Violations().Count.ShouldBeGreaterThanOrEqualTo(6);

    private static Evolution Small(ulong seed) => new(new TimeStepSpace("ddim", Schedule, 4), new EvolutionOptions(12, 4, 5, 6, 3, [32, 64]), [], seed);

    private static SearchState Run(ISearchMethod search)
    {
        var state = SearchState.Empty;
        while (search.Next(state) is { } proposal)
        {
            state = search.Observe(state, Score(proposal));
        }

        return state;
    }

    private static List<ScoredCandidate> Score(Proposal proposal) =>
        [.. proposal.Candidates.Select(c => new ScoredCandidate(c, Distance(c), 0, proposal.Samples))];

    private static double Distance(Candidate candidate) => candidate.Steps.Zip(Target).Sum(p => Math.Pow(p.First.Time - p.Second, 2));
}
