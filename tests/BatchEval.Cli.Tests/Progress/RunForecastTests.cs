using BatchEval.Workflow.Runs;
using BatchEval.Workflow.Specifications;

namespace BatchEval.Cli.Tests.Progress;

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

    [Fact]
    public void Every_round_is_foreseen_with_the_sample_steps_it_adds()
    {
        var forecast = new RunForecast(SpecificationJson.Read(Text));

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
}
