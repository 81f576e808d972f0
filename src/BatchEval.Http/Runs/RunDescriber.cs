using System.Text.Json;
using BatchEval.Core.Metrics.Catalog;
using BatchEval.Workflow.Control;
using BatchEval.Workflow.Evaluation;
using BatchEval.Workflow.Runs;
using BatchEval.Workflow.Specifications;

namespace BatchEval.Http.Runs;

/// <summary>Says where a run stands, for programs and for the pages.</summary>
internal static class RunDescriber
{
    /// <summary>One line of the list.</summary>
    /// <param name="status">Where the run stands.</param>
    /// <param name="objective">Key of its objective; null where its specification is gone.</param>
    public static RunSummary Short(RunStatus status, string? objective) => new(
        status.RunId, status.State, StageOf(status), status.Round,
        status.Best is { } best ? Best(best, objective is null ? null : MetricCatalog.Find(objective)) : null,
        status.Started, status.Updated, status.Error, AddressOf(status));

    /// <summary>Everything about one run.</summary>
    /// <param name="model">What the service calls the model of the run; null where it has none.</param>
    public static RunDocument Full(RunStatus status, RunSpecification specification, RunForecast? forecast, UnitPlan? plan, RunLife? life, string? model, RunApiContext context)
    {
        var counts = status.Evaluations;
        var (share, left) = Estimate(status, forecast, plan, life);
        return new RunDocument(
            status.RunId, status.State, StageOf(status), status.Round, status.Best, status.Started, status.Updated, status.Error, AddressOf(status),
            specification.Objective.Metric, model ?? ModelCatalog.LastFolder(specification.Model), specification.Seed,
            plan?.Plan.Generation, specification.Search.Method == SearchMethod.None ? 0 : specification.Search.Evolution.Generations,
            plan?.Units.Count, life?.Round == status.Round ? life.UnitsDone : null,
            new RunCounts(counts.Computed, counts.Reused, counts.Samples, counts.NetworkCalls),
            Cost(counts, left, context.Price), share is { } known ? Math.Round(known, 4) : null, left is { } seconds ? Math.Round(seconds / Math.Max(1, context.UnitsInFlight), 1) : null, Links(status, model));
    }

    private static string StageOf(RunStatus status) => JsonNamingPolicy.CamelCase.ConvertName(status.Stage.ToString());

    private static string AddressOf(RunStatus status) => $"/api/runs/{status.RunId}";

    private static RunCost Cost(EvaluationCounts counts, double? left, DevicePrice? price)
    {
        var spent = counts.Milliseconds / 1000;
        return new RunCost(Math.Round(spent, 3), Amount(spent), price?.Currency, left is { } seconds ? Math.Round(seconds, 1) : null, Amount(left));

        double? Amount(double? time) => price is null || time is not { } t ? null : Math.Round(t / 3600 * price.PerHour, 4);
    }

    // From measured device time per network call, so that pauses do not count.
    private static (double? Share, double? DeviceSecondsLeft) Estimate(RunStatus status, RunForecast? forecast, UnitPlan? plan, RunLife? life)
    {
        if (status.Stage == RunStage.Done)
        {
            return (1, 0);
        }

        if (forecast is null)
        {
            return (null, null);
        }

        var within = plan is { Units.Count: > 0 } && life?.Round == status.Round ? (double)life.UnitsDone / plan.Units.Count : 0;
        var done = Math.Min(forecast.Total, forecast.Before(status.Round) + (within * (forecast[status.Round]?.SampleSteps ?? 0)));
        var counts = status.Evaluations;
        var perCall = counts is { Computed: > 0, NetworkCalls: > 0 } ? counts.Milliseconds / 1000 * (counts.Computed + counts.Reused) / counts.Computed / counts.NetworkCalls : (double?)null;
        // What is computed has yet to be scored and written.
        return (Math.Min(0.99, done / Math.Max(1, forecast.Total)), done < forecast.Total ? perCall * (forecast.Total - done) : null);
    }

    private static RunLinks Links(RunStatus status, string? model)
    {
        var (self, done) = (AddressOf(status), status.Stage == RunStage.Done);
        return new RunLinks(
            self, $"{self}/pause", $"{self}/resume", $"{self}/stop",
            done ? $"{self}/leaderboard" : null, done ? $"{self}/report" : null, done ? $"{self}/best" : null, model is null ? null : $"/api/models/{model}");
    }

    private static BestSummary Best(CandidateScore best, Metric? metric) => new(
        best.Id, best.Name, Finite(best.Objective), Finite(best.ObjectiveError), metric is null ? null : Finite(metric.ToObjective(best.Objective)), metric?.Label, metric?.Unit);

    private static double? Finite(double value) => double.IsFinite(value) ? value : null;
}
