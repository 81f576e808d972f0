using System.Text.Json;
using System.Text.Json.Nodes;
using BatchEval.Workflow.Runs;
using BatchEval.Workflow.Serialization;
using BatchEval.Workflow.Specifications;

namespace BatchEval.Workflow.Http;

/// <summary>Writes where a run stands, for programs and for the start page.</summary>
internal static class RunDocumentWriter
{
    /// <summary>One line of the list.</summary>
    public static JsonObject Short(RunStatus status) => new()
    {
        ["id"] = status.RunId,
        ["state"] = status.State,
        ["stage"] = JsonNamingPolicy.CamelCase.ConvertName(status.Stage.ToString()),
        ["round"] = status.Round,
        ["best"] = status.Best is null ? null : new JsonObject { ["id"] = status.Best.Id, ["name"] = status.Best.Name, ["objective"] = Finite(status.Best.Objective), ["objectiveError"] = Finite(status.Best.ObjectiveError) },
        ["started"] = status.Started,
        ["updated"] = status.Updated,
        ["error"] = status.Error,
        ["statusUrl"] = $"/api/runs/{status.RunId}",
    };

    /// <summary>Everything about one run.</summary>
    public static JsonObject Full(RunStatus status, RunSpecification specification, UnitPlan? plan, RunLife? life, RunApiContext context)
    {
        var document = Short(status);
        document["objective"] = specification.Objective.Metric;
        document["model"] = Path.GetFileName(specification.Model.TrimEnd('/', '\\'));
        document["seed"] = specification.Seed;
        document["best"] = JsonSerializer.SerializeToNode(status.Best, WorkflowJson.Options);
        document["generation"] = plan?.Plan.Generation;
        document["generations"] = specification.Search.Method == "none" ? 0 : specification.Search.Evolution.Generations;
        document["units"] = plan?.Units.Count;
        document["unitsDone"] = life?.Round == status.Round ? life.UnitsDone : null;
        var counts = status.Evaluations;
        document["counts"] = new JsonObject
        {
            ["computed"] = counts.Computed, ["reused"] = counts.Reused, ["samples"] = counts.Samples, ["networkCalls"] = counts.NetworkCalls,
        };
        document["cost"] = Cost(counts, context.Price);
        var (share, left) = Estimate(status, specification, plan, life, context.UnitsInFlight);
        document["share"] = Math.Round(share, 4);
        document["secondsLeft"] = left is { } seconds ? Math.Round(seconds, 1) : null;
        document["links"] = Links(status);
        return document;
    }

    private static JsonObject Cost(EvaluationCounts counts, DevicePrice? price)
    {
        var cost = new JsonObject { ["deviceSeconds"] = Math.Round(counts.Milliseconds / 1000, 3) };
        if (price is not null)
        {
            cost["amount"] = Math.Round(counts.Milliseconds / 3_600_000 * price.PerHour, 4);
            cost["currency"] = price.Currency;
        }

        return cost;
    }

    // From measured device time per network call, so that pauses do not count.
    private static (double Share, double? SecondsLeft) Estimate(RunStatus status, RunSpecification specification, UnitPlan? plan, RunLife? life, int unitsInFlight)
    {
        if (status.Stage == RunStage.Done)
        {
            return (1, 0);
        }

        var forecast = new RunForecast(specification);
        var within = plan is { Units.Count: > 0 } && life?.Round == status.Round ? (double)life.UnitsDone / plan.Units.Count : 0;
        var done = Math.Min(forecast.Total, forecast.Before(status.Round) + (within * (forecast[status.Round]?.SampleSteps ?? 0)));
        var counts = status.Evaluations;
        var perCall = counts is { Computed: > 0, NetworkCalls: > 0 } ? counts.Milliseconds / 1000 * (counts.Computed + counts.Reused) / counts.Computed / counts.NetworkCalls : (double?)null;
        return (done / Math.Max(1, forecast.Total), perCall * (forecast.Total - done) / Math.Max(1, unitsInFlight));
    }

    private static JsonObject Links(RunStatus status)
    {
        var self = $"/api/runs/{status.RunId}";
        var links = new JsonObject { ["self"] = self, ["pause"] = $"{self}/pause", ["resume"] = $"{self}/resume", ["stop"] = $"{self}/stop" };
        if (status.Stage == RunStage.Done)
        {
            links["leaderboard"] = $"{self}/leaderboard";
            links["report"] = $"{self}/report";
            links["best"] = $"{self}/best";
        }

        return links;
    }

    private static double? Finite(double value) => double.IsFinite(value) ? value : null;
}
