using BatchEval.Cli.Results;
using BatchEval.Core.Metrics.Catalog;
using BatchEval.Workflow.Local;
using BatchEval.Workflow.Runs;
using BatchEval.Workflow.Specifications;

namespace BatchEval.Cli.Progress;

/// <summary>What is known about a run while it goes on; told from any thread.</summary>
internal sealed class RunProgress(string run, RunSpecification specification, TimeProvider time) : IProgress<RoundProgress>
{
    private readonly long began = time.GetTimestamp();
    private readonly Lock gate = new();
    private RoundProgress? last;
    private int roundAtStart = -1;

    public string Run => run;

    /// <summary>The rounds that the run will consist of; null until it has been prepared.</summary>
    public RunForecast? Forecast { get; set; }

    /// <summary>Best score so far and its error, or null.</summary>
    public (double Score, double Error)? Best { get; set; }

    /// <summary>The round that units were last finished in, or -1.</summary>
    public int Round => last?.Round ?? -1;

    /// <summary>Units finished in that round.</summary>
    public int Units => last?.UnitsDone ?? 0;

    /// <summary>What the storage refuses at the moment, or null.</summary>
    public Func<string?> Trouble { get; init; } = () => null;

    /// <summary>Share of the run that is done in whole percents; less than 1 until the run has ended.</summary>
    public double Share => Math.Clamp(Math.Floor(100 * StepsDone() / Math.Max(1, Forecast?.Total ?? 0)), 0, 99) / 100;

    public void Report(RoundProgress value)
    {
        lock (gate)
        {
            roundAtStart = roundAtStart < 0 ? value.Round : roundAtStart;
            last = value;
        }
    }

    /// <summary>Where the run stands, for example "search, generation 2 of 6, rung 1 of 2, unit 3 of 8".</summary>
    public string Position()
    {
        if (Trouble() is { } trouble)
        {
            return $"waiting for the storage, which refuses {trouble}";
        }

        if (last is not { } now)
        {
            return "preparing";
        }

        var round = Forecast?[now.Round];
        var options = specification.Search.Evolution;
        var generation = round?.Stage.EndsWith("search", StringComparison.Ordinal) == true
            ? $", generation {Generation(round.Stage, now.Outline.Generation)} of {options.Generations}{(options.Rungs.Count > 1 ? $", rung {round.Rung + 1} of {options.Rungs.Count}" : string.Empty)}"
            : string.Empty;
        var units = now.UnitsDone < now.Outline.Units ? $"unit {now.UnitsDone} of {now.Outline.Units}" : "scores are computed and written";
        return string.Create(CultureInfo.InvariantCulture, $"{round?.Stage ?? now.Outline.Stage}{generation}, {units}");
    }

    // Searches by an optimiser of real numbers count from the round that chooses their base, which is no generation.
    private int Generation(string stage, int generation) =>
        specification.Search.Method.IsVector() && stage == "search" ? Math.Max(1, generation) : generation + 1;

    /// <summary>The best score in words, for example "best fid 12.3 ± 0.4", or an empty text.</summary>
    public string BestText() => Best is not { } best ? string.Empty
        : $"best {specification.Objective.Metric} {ScoreText.Write(MetricCatalog.Find(specification.Objective.Metric).ToObjective(best.Score), best.Error)}";

    /// <summary>Time since the beginning and, once it can be guessed, time left.</summary>
    public string Times()
    {
        var (elapsed, left) = (time.GetElapsedTime(began), (Forecast?.Total ?? 0) - StepsDone());
        var fresh = StepsDone() - (Forecast?.Before(roundAtStart) ?? 0);
        return fresh > 0 && left > 0 && Trouble() is null
            ? $"{Clock(elapsed)} elapsed, about {Clock(TimeSpan.FromSeconds(Math.Ceiling(elapsed.TotalSeconds * left / fresh)))} left" : $"{Clock(elapsed)} elapsed";
    }

    private static string Clock(TimeSpan span) => span.ToString(span.TotalHours >= 1 ? @"h\:mm\:ss" : @"m\:ss", CultureInfo.InvariantCulture);

    private double StepsDone()
    {
        lock (gate)
        {
            return last is null || Forecast is not { } forecast ? 0
                : forecast.Before(last.Round) + ((forecast[last.Round]?.SampleSteps ?? 0) * (double)last.UnitsDone / Math.Max(1, last.Outline.Units));
        }
    }
}
