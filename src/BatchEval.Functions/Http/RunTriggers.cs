using BatchEval.Workflow.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Logging;

namespace BatchEval.Functions.Http;

/// <summary>HTTP triggers: one per route of the interface, so that each shows up by name. All need a function key and do the same: hand the request on.</summary>
/// <param name="services">What functions share.</param>
/// <param name="log">Log.</param>
public sealed partial class RunTriggers(WorkerServices services, ILogger<RunTriggers> log)
{
    /// <summary>Submits a run specification (a search, or a list of candidates with search.method none) and starts it. The same specification is the same run and starts once.</summary>
    [Function("StartRun")]
    public Task<IActionResult> StartRun([HttpTrigger(AuthorizationLevel.Function, "post", Route = "runs")] HttpRequest request, [DurableClient] DurableTaskClient client, CancellationToken cancellation) =>
        HandleAsync(request, client, cancellation);

    /// <summary>Lists all runs, the newest first.</summary>
    [Function("ListRuns")]
    public Task<IActionResult> ListRuns([HttpTrigger(AuthorizationLevel.Function, "get", Route = "runs")] HttpRequest request, [DurableClient] DurableTaskClient client, CancellationToken cancellation) =>
        HandleAsync(request, client, cancellation);

    /// <summary>Where a run stands: state, stage, generation, best candidate, counts, cost so far, time left.</summary>
    [Function("GetRun")]
    public Task<IActionResult> GetRun([HttpTrigger(AuthorizationLevel.Function, "get", Route = "runs/{runId}")] HttpRequest request, [DurableClient] DurableTaskClient client, CancellationToken cancellation) =>
        HandleAsync(request, client, cancellation);

    /// <summary>Deletes a run that is not under way. Results that other runs may share stay.</summary>
    [Function("DeleteRun")]
    public Task<IActionResult> DeleteRun([HttpTrigger(AuthorizationLevel.Function, "delete", Route = "runs/{runId}")] HttpRequest request, [DurableClient] DurableTaskClient client, CancellationToken cancellation) =>
        HandleAsync(request, client, cancellation);

    /// <summary>Holds a run; nothing finished is lost.</summary>
    [Function("PauseRun")]
    public Task<IActionResult> PauseRun([HttpTrigger(AuthorizationLevel.Function, "post", Route = "runs/{runId}/pause")] HttpRequest request, [DurableClient] DurableTaskClient client, CancellationToken cancellation) =>
        HandleAsync(request, client, cancellation);

    /// <summary>Goes on with a paused or failed run.</summary>
    [Function("ResumeRun")]
    public Task<IActionResult> ResumeRun([HttpTrigger(AuthorizationLevel.Function, "post", Route = "runs/{runId}/resume")] HttpRequest request, [DurableClient] DurableTaskClient client, CancellationToken cancellation) =>
        HandleAsync(request, client, cancellation);

    /// <summary>Ends a run before its time. What it has computed stays.</summary>
    [Function("StopRun")]
    public Task<IActionResult> StopRun([HttpTrigger(AuthorizationLevel.Function, "post", Route = "runs/{runId}/stop")] HttpRequest request, [DurableClient] DurableTaskClient client, CancellationToken cancellation) =>
        HandleAsync(request, client, cancellation);

    /// <summary>The leaderboard of a finished run, as JSON or, with ?format=csv or Accept: text/csv, as comma-separated values.</summary>
    [Function("GetLeaderboard")]
    public Task<IActionResult> GetLeaderboard([HttpTrigger(AuthorizationLevel.Function, "get", Route = "runs/{runId}/leaderboard")] HttpRequest request, [DurableClient] DurableTaskClient client, CancellationToken cancellation) =>
        HandleAsync(request, client, cancellation);

    /// <summary>Scores of one candidate: the final ones, or the latest during the run.</summary>
    [Function("GetCandidate")]
    public Task<IActionResult> GetCandidate([HttpTrigger(AuthorizationLevel.Function, "get", Route = "runs/{runId}/candidates/{candidateId}")] HttpRequest request, [DurableClient] DurableTaskClient client, CancellationToken cancellation) =>
        HandleAsync(request, client, cancellation);

    /// <summary>Contact sheet of a candidate.</summary>
    [Function("GetGrid")]
    public Task<IActionResult> GetGrid([HttpTrigger(AuthorizationLevel.Function, "get", Route = "runs/{runId}/candidates/{candidateId}/grid")] HttpRequest request, [DurableClient] DurableTaskClient client, CancellationToken cancellation) =>
        HandleAsync(request, client, cancellation);

    /// <summary>One image of a candidate, by its number from 0.</summary>
    [Function("GetImage")]
    public Task<IActionResult> GetImage([HttpTrigger(AuthorizationLevel.Function, "get", Route = "runs/{runId}/candidates/{candidateId}/images/{index}")] HttpRequest request, [DurableClient] DurableTaskClient client, CancellationToken cancellation) =>
        HandleAsync(request, client, cancellation);

    /// <summary>Lists the files of the winner.</summary>
    [Function("ListBest")]
    public Task<IActionResult> ListBest([HttpTrigger(AuthorizationLevel.Function, "get", Route = "runs/{runId}/best")] HttpRequest request, [DurableClient] DurableTaskClient client, CancellationToken cancellation) =>
        HandleAsync(request, client, cancellation);

    /// <summary>One file of the winner, for example schedule.json.</summary>
    [Function("GetBest")]
    public Task<IActionResult> GetBest([HttpTrigger(AuthorizationLevel.Function, "get", Route = "runs/{runId}/best/{file}")] HttpRequest request, [DurableClient] DurableTaskClient client, CancellationToken cancellation) =>
        HandleAsync(request, client, cancellation);

    /// <summary>The report of a finished run, one self-contained page.</summary>
    [Function("GetReport")]
    public Task<IActionResult> GetReport([HttpTrigger(AuthorizationLevel.Function, "get", Route = "runs/{runId}/report")] HttpRequest request, [DurableClient] DurableTaskClient client, CancellationToken cancellation) =>
        HandleAsync(request, client, cancellation);

    /// <summary>Lists the models that a specification may name.</summary>
    [Function("ListModels")]
    public Task<IActionResult> ListModels([HttpTrigger(AuthorizationLevel.Function, "get", Route = "models")] HttpRequest request, [DurableClient] DurableTaskClient client, CancellationToken cancellation) =>
        HandleAsync(request, client, cancellation);

    /// <summary>This description.</summary>
    [Function("GetOpenApi")]
    public Task<IActionResult> GetOpenApi([HttpTrigger(AuthorizationLevel.Function, "get", Route = "openapi.json")] HttpRequest request, [DurableClient] DurableTaskClient client, CancellationToken cancellation) =>
        HandleAsync(request, client, cancellation);

    private async Task<IActionResult> HandleAsync(HttpRequest request, DurableTaskClient client, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(request);
        try
        {
            var store = await services.StoreAsync(cancellation);
            var context = new RunApiContext(
                store, services.Models, services.Catalog, new DurableRunControl(client, store, services), services.Time, services.Settings.UnitsInFlight, services.Settings.Price, Failed);
            return new ApiResult(await new RunApi(context).HandleAsync(Translate(request), cancellation));
        }
        catch (Core.Json.ProblemException error)
        {
            // Only the store itself can refuse here; its words may name the account, so callers get fewer.
            Failed(error);
            return new ApiResult(ApiResponse.Problem(503, "The storage does not answer", "The storage does not answer at the moment; try again."));
        }
    }

    private static ApiRequest Translate(HttpRequest request) => new(
        request.Method.ToUpperInvariant(),
        request.Path.ToUriComponent(),
        request.Query.ToDictionary(q => q.Key, q => q.Value.ToString(), StringComparer.OrdinalIgnoreCase),
        name => request.Headers.TryGetValue(name, out var value) ? value.ToString() : null,
        request.Body);

    private void Failed(Exception error) => LogFailure(log, error);

    [LoggerMessage(Level = LogLevel.Error, Message = "A request failed unexpectedly.")]
    private static partial void LogFailure(ILogger logger, Exception error);
}
