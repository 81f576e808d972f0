using BatchEval.Core.Sampling;
using BatchEval.Core.Search;
using BatchEval.Workflow.Runs;
using BatchEval.Workflow.Specifications;

namespace BatchEval.Workflow.Tests.Runs;

public sealed class RunForecastTests
{
    private const string Text = """
        {
          "name": "f", "model": "m", "budget": { "networkCalls": 4 },
          "search": { "population": 10, "generations": 2, "elites": 3, "mutants": 4, "crossovers": 3, "rungs": [20, 50], "survivors": 0.35 },
          "validation": { "samples": 100, "elites": 3 }, "final": { "samples": 200 },
          "reference": { "steps": 50, "samples": 30 }, "baselines": ["trailing", "random-search"]
        }
        """;

    private static readonly NoiseSchedule Schedule = DiscreteNoiseSchedule.Linear(1000, 1e-4, 0.02);

    [Fact]
    public void Every_round_is_foreseen_with_the_sample_steps_it_adds()
    {
        var forecast = new RunForecast(new RunMachine(SpecificationJson.Read(Text), Schedule));

        forecast[0].ShouldBe(new ForecastRound("reference", 0, 0, 50 * 30));
        forecast[1].ShouldBe(new ForecastRound("search", 0, 0, 4 * 10 * 20));
        forecast[2].ShouldBe(new ForecastRound("search", 0, 1, 4 * 4 * 30));
        forecast[5].ShouldBe(new ForecastRound("random search", 0, 0, 4 * 10 * 20));
        forecast[9].ShouldBe(new ForecastRound("validation", 0, 0, 4 * 6 * 100));
        forecast[10].ShouldBe(new ForecastRound("final", 0, 0, 4 * 3 * 200));
        forecast[11].ShouldBeNull();
        forecast.Before(2).ShouldBe(1500 + 800);
        forecast.Total.ShouldBe(1500 + (4 * (800 + 480)) + 2400 + 2400);
    }

    [Theory]
    [InlineData("search.space=times")]
    [InlineData("search.space=sampler")]
    [InlineData("search.method=cma-es")]
    [InlineData("search.method=pattern")]
    [InlineData("search.genes=[\"times\",\"reuse\"]")]
    [InlineData("search.interval=1")]
    public void A_run_has_the_rounds_foreseen_or_fewer(string set)
    {
        var machine = new RunMachine(SpecificationJson.Read(SpecificationOverrides.Apply(Text, [set])), Schedule);
        var forecast = new RunForecast(machine);
        var stages = new HashSet<string>();
        for (var state = machine.Begin(); machine.Next(state) is { } plan; state = machine.Observe(state, [.. plan.Assignments.SkipLast(plan.Controls).Select(Score)]))
        {
            stages.Add(plan.Stage.ToString());
            state.Round.ShouldBeLessThan(forecast.Rounds);
        }

        Enumerable.Range(0, forecast.Rounds).Select(r => forecast[r]!.Stage.Replace(" s", "S", StringComparison.Ordinal)).Distinct(StringComparer.OrdinalIgnoreCase).Count().ShouldBe(stages.Count);

        static ScoredCandidate Score(Assignment assignment) => new(assignment.Entry.Candidate, Math.Abs(assignment.Entry.Candidate.Steps[1].Time - 500), 0, assignment.Range.Count);
    }

    [Theory]
    [InlineData("klub-dp", 250)]
    [InlineData("gits", 16)]
    [InlineData("oss", 1)]
    public void Before_a_schedule_method_has_been_computed_as_many_proposals_stand_in_for_its_own(string method, int expected)
    {
        var forecast = RunForecast.Of(SpecificationJson.Read(SpecificationOverrides.Apply(Text, [$"search.method={method}"])), Schedule, null);

        forecast[1].ShouldBe(new ForecastRound("search", 0, 0, 4 * expected * 20));
    }

    // The whole search was bred on the thread of the request that asked what it would cost.
    [Theory]
    [InlineData("evolution", 10_000, 10_000, "[20, 50]", 20 + (0.35 * 30))]
    [InlineData("evolution", 40, 10_000, "[20, 50]", 20 + (0.35 * 30))]
    [InlineData("random", 10_000, 300, "[20]", 20)]
    public void A_search_of_very_many_candidates_is_foreseen_from_its_first_generations(string method, int population, int generations, string rungs, double samples)
    {
        string[] set = [$"search.method={method}", $"search.population={population}", $"search.generations={generations}", $"search.rungs={rungs}", "search.mutants=2", "search.crossovers=2", "baselines=[\"trailing\"]"];
        var clock = System.Diagnostics.Stopwatch.StartNew();
        var forecast = RunForecast.Of(SpecificationJson.Read(SpecificationOverrides.Apply(Text, set)), Schedule, null);
        clock.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(60));

        var searched = Enumerable.Range(0, forecast.Rounds).Select(r => forecast[r]!).Where(r => r.Stage == "search").ToList();
        searched.Select(r => r.Generation).Distinct().ShouldBe(Enumerable.Range(0, generations));
        ((double)searched.Sum(r => r.SampleSteps)).ShouldBe(4.0 * population * generations * samples, 0.05 * 4.0 * population * generations * samples);
        (forecast[forecast.Rounds - 1]!.Stage, forecast[0]!.Stage).ShouldBe(("final", "reference"));
    }

    [Fact]
    public void Every_kind_of_search_may_be_as_large_as_a_specification_allows()
    {
        foreach (var set in new[] { "search.space=sampler", "search.method=cma-es", "search.method=pattern", "budget.networkCalls=900", "search.space=sampler budget.networkCalls=200", "search.method=pattern budget.networkCalls=200" })
        {
            var large = SpecificationJson.Read(SpecificationOverrides.Apply(Text, [.. set.Split(' '), "search.population=10000", "search.generations=10000", "search.mutants=4000"]));
            var forecast = RunForecast.Of(large, Schedule, null);
            Enumerable.Range(0, forecast.Rounds).Max(r => forecast[r]!.Generation).ShouldBeGreaterThanOrEqualTo(9_999, set);
        }
    }

    [Theory]
    [InlineData("sampler", "auto", 24)]
    [InlineData("times", "cma-es", 23)]
    [InlineData("times", "pattern", 24)]
    [InlineData("sampler", "evolution", 40)]
    public void What_is_foreseen_of_a_sampler_search_of_many_calls_is_near_to_what_it_adds(string space, string method, int calls)
    {
        var specification = SpecificationJson.Read(SpecificationOverrides.Apply(Text, [$"search.space={space}", $"search.method={method}", $"budget.networkCalls={calls}"]));
        var (foreseen, played) = (RunForecast.Of(specification, Schedule, null), new RunForecast(new RunMachine(specification, Schedule)));

        foreseen.Rounds.ShouldBe(played.Rounds);
        ((double)foreseen.Total).ShouldBe(played.Total, 0.1 * played.Total);
    }

    [Fact]
    public void Nobody_waits_for_a_forecast_that_was_given_up() => Should.Throw<OperationCanceledException>(() =>
        RunForecast.Of(SpecificationJson.Read(Text), Schedule, null, cancellation: new CancellationToken(true)));

    [Fact]
    public void A_limit_in_milliseconds_that_nothing_was_measured_for_counts_as_the_calls_it_names()
    {
        var timed = SpecificationJson.Read(Text.Replace("\"networkCalls\": 4", "\"milliseconds\": { \"share\": 0.5, \"ofSteps\": 8 }", StringComparison.Ordinal));

        RunForecast.Of(timed, Schedule, null).Total.ShouldBe(new RunForecast(new RunMachine(SpecificationJson.Read(Text), Schedule)).Total);
    }
}
