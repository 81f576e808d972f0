using System.Text.Json;
using BatchEval.Core.Sampling;
using BatchEval.Core.Search;
using BatchEval.Core.Search.Optimisers;
using BatchEval.Core.Search.Samplers;

namespace BatchEval.Core.Tests.Search.Samplers;

/// <summary>The search over a sampler's numbers, on a score that is known in closed form.</summary>
public sealed class SamplerSearchTests
{
    private static readonly NoiseSchedule Schedule = DiscreteNoiseSchedule.Linear(1000, 1e-4, 0.02);
    private static readonly Candidate[] Bases = [Candidate.At("dpmpp-2m", [999, 700, 400, 100]), Candidate.At("dpmpp-2m", [800, 600, 350, 100])];
    private static readonly Candidate Target = new(
        "dpmpp-2m",
        [
            new(823, numbers: new StepNumbers { NetworkTime = 840 }),
            new(590, numbers: new StepNumbers { FirstDifference = 0.2, Data = 0.02 }),
            new(340, numbers: new StepNumbers { SecondDifference = -0.1, OutputScale = 1.02 }),
            new(120, numbers: new StepNumbers { State = 0.03 }),
        ],
        startScale: 1.04);

    [Fact]
    public void Begins_at_the_best_base_and_finds_the_numbers()
    {
        var state = Run(Search(60), SearchState.Empty);
        state.Origin.ShouldBe(Bases[1]);
        state.Elites(1).Single().Score.ShouldBeLessThan(0.1 * Distance(Bases[1]));
    }

    [Fact]
    public void Evolution_takes_the_same_numbers()
    {
        var options = new EvolutionOptions(14, 40, 6, 8, 4, [64]);
        var search = new SamplerSearch(Bases, [64], 0.5, origin => new Evolution(new SamplerSpace(origin, Schedule, SamplerGroups.All), options, [origin], 1));
        Run(search, SearchState.Empty).Elites(1).Single().Score.ShouldBeLessThan(0.5 * Distance(Bases[1]));
    }

    // A base at every look would end the search by patience with the base as its winner.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Validated_evolution_and_random_search_look_at_what_they_found_and_not_at_the_base_again(bool random)
    {
        var options = new EvolutionOptions(14, 20, 6, 8, 4, [32, 64]);
        var search = new ValidatedSearch(
            new SamplerSearch(Bases, [64], 0.5, origin =>
            {
                var space = new SamplerSpace(origin, Schedule, SamplerGroups.All);
                return random ? RandomSearch.WithBudgetOf(space, options, 1) : new Evolution(space, options, [origin], 1);
            }),
            new ValidationOptions(512, Interval: 2, Patience: 1000, Elites: 100));
        var state = Run(search, SearchState.Empty);
        state.Validation!.Scored.Count.ShouldBeGreaterThan(2);
        state.Validation.Scored.Select(s => s.Candidate).ShouldContain(Bases[1]);
        state.Validation.Scored.Select(s => s.Candidate).ShouldContain(state.Archive[0].Candidate);

        // A draw of all 26 numbers at once is seldom nearer to the target than the base is.
        state.Elites(1).Single().Score.ShouldBeLessThanOrEqualTo((random ? 1 : 0.6) * Distance(Bases[1]));
    }

    [Fact]
    public void A_state_read_back_from_json_goes_on_with_the_same_bits()
    {
        var search = Search(6);
        var (straight, resumed) = (SearchState.Empty, SearchState.Empty);
        while (search.Next(straight) is { } proposal)
        {
            straight = search.Observe(straight, Score(proposal));
            resumed = JsonSerializer.Deserialize<SearchState>(JsonSerializer.Serialize(resumed, Json), Json)!;
            resumed = search.Observe(resumed, Score(search.Next(resumed)!));
        }

        JsonSerializer.Serialize(resumed, Json).ShouldBe(JsonSerializer.Serialize(straight, Json));
    }

    [Fact]
    public void Every_generation_has_samples_of_its_own_unless_they_are_to_be_the_same()
    {
        var (fresh, same) = (Firsts(true), Firsts(false));
        fresh.Distinct().Count().ShouldBe(fresh.Count);
        same.ShouldAllBe(first => first == 0);
    }

    [Fact]
    public void Ends_when_validation_finds_nothing_better_and_takes_more_samples_before()
    {
        var search = Search(1000, patience: 3);
        var state = SearchState.Empty;
        var samples = new List<int>();
        while (search.Next(state) is { } proposal)
        {
            samples.Add(proposal.Samples);
            state = search.Observe(state, [.. proposal.Candidates.Select(c => new ScoredCandidate(c, 1, 0, proposal.Samples))]);
        }

        state.Validation!.Stalls.ShouldBe(3);
        state.Optimiser!.Generation.ShouldBe(6);
        samples.ShouldContain(256);
    }

    [Fact]
    public void Failed_candidates_are_never_chosen()
    {
        var search = Search(20);
        var state = SearchState.Empty;
        while (search.Next(state) is { } proposal)
        {
            state = search.Observe(state, [.. Score(proposal).Select(s => s.Candidate.StartScale > 1 ? s with { Score = double.PositiveInfinity, Failure = "not finite" } : s)]);
        }

        state.Elites(8).ShouldAllBe(e => e.Failure == null && e.Candidate.StartScale <= 1);
    }

    private static JsonSerializerOptions Json { get; } = new() { Converters = { new CandidateConverter() } };

    private static List<long> Firsts(bool fresh)
    {
        var search = Around(8, new VectorSearchOptions(5, [64], fresh));
        var (state, firsts) = (SearchState.Empty, new List<long>());
        while (search.Next(state) is { } proposal)
        {
            firsts.Add(proposal.First);
            state = search.Observe(state, Score(proposal));
        }

        return [.. firsts.Skip(1)];
    }

    private static ValidatedSearch Search(int generations, int patience = 1000) => new(
        Around(14, new VectorSearchOptions(generations, [64, 256])),
        new ValidationOptions(512, Interval: 2, Patience: patience));

    private static SamplerSearch Around(int population, VectorSearchOptions options) => new(Bases, options.Rungs, 0.5, origin =>
    {
        var space = new SamplerSpace(origin, Schedule, SamplerGroups.All);
        return new VectorSearch(space, new CmaEs(space.Variables, new CmaOptions(population), 1), options);
    });

    private static SearchState Run(ISearchMethod search, SearchState state)
    {
        while (search.Next(state) is { } proposal)
        {
            state = search.Observe(state, Score(proposal));
        }

        return state;
    }

    private static List<ScoredCandidate> Score(Proposal proposal) => [.. proposal.Candidates.Select(c => new ScoredCandidate(c, Distance(c), 0, proposal.Samples))];

    // Squared distance to the target in the units of its own space.
    private static double Distance(Candidate candidate)
    {
        var space = new SamplerSpace(Target, Schedule, SamplerGroups.All);
        return space.Encode(candidate).Sum(v => v * v);
    }

    private sealed class CandidateConverter : System.Text.Json.Serialization.JsonConverter<Candidate>
    {
        public override Candidate Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            using var document = JsonDocument.ParseValue(ref reader);
            return CandidateJson.Read(document.RootElement.GetRawText());
        }

        public override void Write(Utf8JsonWriter writer, Candidate value, JsonSerializerOptions options) => CandidateJson.Write(writer, value);
    }
}
