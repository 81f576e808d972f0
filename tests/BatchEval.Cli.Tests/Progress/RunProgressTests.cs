using BatchEval.Cli.Progress;
using BatchEval.Core.Sampling;
using BatchEval.Workflow.Activities;
using BatchEval.Workflow.Local;
using BatchEval.Workflow.Runs;
using BatchEval.Workflow.Specifications;

namespace BatchEval.Cli.Tests.Progress;

/// <summary>Progress is not at its end before the run is: scores have to be computed, and everything has to be written.</summary>
public sealed class RunProgressTests
{
    private static readonly RunSpecification Specification = SpecificationJson.Read(Commands.SmallRun.Specification());
    private static readonly RunForecast Forecast = new(new RunMachine(Specification, DiscreteNoiseSchedule.Linear(1000, 1e-4, 0.02)));
    private readonly Clock clock = new();
    private string? trouble;

    [Fact]
    public void While_the_last_scores_are_computed_it_is_neither_at_100_percent_nor_about_to_end()
    {
        var progress = Begin();
        Report(progress, 2);

        progress.Share.ShouldBe(0.99);
        progress.Position().ShouldBe("final, scores are computed and written");
        progress.Times().ShouldBe("0:40 elapsed");
    }

    [Fact]
    public void A_last_unit_that_takes_long_or_is_tried_again_always_has_time_left()
    {
        var progress = Begin();
        Report(progress, 1);

        progress.Position().ShouldBe("final, unit 1 of 2");
        progress.Share.ShouldBeLessThan(1);
        progress.Times().ShouldStartWith("0:40 elapsed, about ");
        progress.Times().ShouldNotContain("about 0:00");
    }

    [Fact]
    public void What_the_storage_refuses_is_shown_and_no_time_is_promised()
    {
        var progress = Begin();
        Report(progress, 1);
        trouble = "PUT /a: status 500 (InternalError); '/data' has 0 MB free";

        progress.Position().ShouldBe($"waiting for the storage, which refuses {trouble}");
        progress.Times().ShouldBe("0:40 elapsed");
    }

    // "generation 5 of 4": the round that chooses the base counted as the first.
    [Theory]
    [InlineData("search.space=sampler", "search.population=4")]
    [InlineData("search.space=times", "search.population=4")]
    public void The_last_generation_of_a_search_is_as_many_as_there_are(string space, string population)
    {
        var specification = SpecificationJson.Read(SpecificationOverrides.Apply(Commands.SmallRun.Specification(), [space, population, "search.generations=4", "search.mutants=null", "search.crossovers=null"]));
        var forecast = new RunForecast(new RunMachine(specification, DiscreteNoiseSchedule.Linear(1000, 1e-4, 0.02)));
        var progress = new RunProgress("r", specification, clock) { Forecast = forecast };
        string At(int round)
        {
            progress.Report(new RoundProgress("r", round, new RoundOutline(1, "Search", forecast[round]!.Generation, 1), 0));
            return progress.Position();
        }

        int[] rounds = [.. Enumerable.Range(0, forecast.Rounds).Where(r => forecast[r]!.Stage == "search")];
        At(rounds[0]).ShouldStartWith("search, generation 1 of 4");
        At(rounds[^1]).ShouldStartWith("search, generation 4 of 4");
    }

    private RunProgress Begin()
    {
        var progress = new RunProgress("r", Specification, clock) { Trouble = () => trouble, Forecast = Forecast };
        progress.Report(new RoundProgress("r", 0, new RoundOutline(1, "Reference", 0, 1), 0));
        clock.Passed = TimeSpan.FromSeconds(40);
        return progress;
    }

    private static void Report(RunProgress progress, int units)
    {
        var last = Forecast.Rounds - 1;
        progress.Report(new RoundProgress("r", last, new RoundOutline(2, "final", 0, 1), units));
    }

    private sealed class Clock : TimeProvider
    {
        public TimeSpan Passed { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Passed.Ticks;
    }
}
