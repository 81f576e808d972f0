using System.Text.Json.Nodes;
using Azure;
using BatchEval.Core.Json;
using BatchEval.Workflow.Models;
using BatchEval.Workflow.Storage;

namespace BatchEval.Workflow.Http;

/// <summary>What the HTTP interface works with.</summary>
/// <param name="Store">The store.</param>
/// <param name="Models">Model packages, opened.</param>
/// <param name="Catalog">Model packages that requests may name.</param>
/// <param name="Control">Sets runs going.</param>
/// <param name="Time">Clock.</param>
/// <param name="UnitsInFlight">Units computed side by side, for the estimate of the time left.</param>
/// <param name="Price">Price of one hour of device time, or null.</param>
/// <param name="Failed">Told about unexpected failures.</param>
public sealed record RunApiContext(
    RunStore Store, ModelHost Models, ModelCatalog Catalog, IRunControl Control, TimeProvider Time, int UnitsInFlight = 1, DevicePrice? Price = null, Action<Exception>? Failed = null)
{
    /// <summary>Largest body of a request, in bytes.</summary>
    public const int BodyLimit = 1 << 20;
}

/// <summary>Price of device time.</summary>
/// <param name="PerHour">Price of one hour.</param>
/// <param name="Currency">Its currency.</param>
public sealed record DevicePrice(double PerHour, string Currency)
{
    /// <summary>Reads a price such as <c>1.35 USD</c>; null when it is none.</summary>
    public static DevicePrice? Parse(string? text)
    {
        var parts = text?.Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [];
        return parts.Length == 2 && double.TryParse(parts[0], System.Globalization.CultureInfo.InvariantCulture, out var price) && price >= 0 ? new DevicePrice(price, parts[1]) : null;
    }
}

/// <summary>The HTTP interface, the same for both shells: finds the route, runs it, and turns whatever goes wrong into a refusal.</summary>
/// <param name="context">What it works with.</param>
public sealed class RunApi(RunApiContext context)
{
    private readonly RunQueries queries = new(context);
    private readonly RunCommands commands = new(context);

    /// <summary>Answers a request; throws only when it is cancelled.</summary>
    public async Task<ApiResponse> HandleAsync(ApiRequest request, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        try
        {
            var (route, parameters, allowed) = ApiRoute.Find(request.Method, request.Path);
            return route is not null ? await RunAsync(route, parameters, request, cancellation) : Refuse(request, allowed);
        }
        catch (RefusedException refusal)
        {
            return refusal.Response;
        }
        catch (ProblemException error)
        {
            var subject = error.Subject.Length == 0 ? error.Problems[0].Message : $"{error.Subject} cannot be used; see errors.";
            return ApiResponse.Problem(400, "The request cannot be used", subject, error.Problems);
        }
        catch (Exception error) when (error is RequestFailedException { Status: 0 or 408 or 429 or >= 500 } or AggregateException { InnerException: RequestFailedException })
        {
            context.Failed?.Invoke(error);
            return ApiResponse.Problem(503, "The storage does not answer", "The storage does not answer at the moment; try again.") with
            {
                Headers = new Dictionary<string, string> { ["Retry-After"] = "5" },
            };
        }
#pragma warning disable CA1031 // The outermost handler: callers get a problem document, never a stack trace.
        catch (Exception error) when (error is not OperationCanceledException || !cancellation.IsCancellationRequested)
#pragma warning restore CA1031
        {
            context.Failed?.Invoke(error);
            return ApiResponse.Problem(500, "Unexpected failure", "The request failed for a reason that is not its own; the log says more.");
        }
    }

    private Task<ApiResponse> RunAsync(ApiRoute route, IReadOnlyDictionary<string, string> parameters, ApiRequest request, CancellationToken cancellation)
    {
        var run = parameters.GetValueOrDefault("runId", string.Empty);
        var candidate = parameters.GetValueOrDefault("candidateId", string.Empty);
        return route.Operation switch
        {
            "StartRun" => commands.StartAsync(request, cancellation),
            "ListRuns" => queries.ListAsync(cancellation),
            "GetRun" => queries.StatusAsync(run, cancellation),
            "DeleteRun" => commands.DeleteAsync(run, cancellation),
            "PauseRun" or "ResumeRun" or "StopRun" => CommandAsync(route.Operation, run, cancellation),
            "GetLeaderboard" => queries.LeaderboardAsync(run, request, cancellation),
            "GetCandidate" => queries.CandidateAsync(run, candidate, cancellation),
            "GetGrid" => queries.CandidateFileAsync(run, candidate, "grid.png", cancellation),
            "GetImage" => queries.ImageAsync(run, candidate, parameters["index"], cancellation),
            "ListBest" => queries.ListBestAsync(run, cancellation),
            "GetBest" => queries.BestAsync(run, parameters["file"], cancellation),
            "GetReport" => queries.ReportAsync(run, cancellation),
            "ListModels" => Task.FromResult(ApiResponse.Json(new JsonObject { ["models"] = new JsonArray([.. context.Catalog.Names().Select(n => JsonValue.Create(n))]) })),
            "GetOpenApi" => Task.FromResult(ApiResponse.Json(OpenApiDocument.Create())),
            _ => throw new InvalidOperationException($"Nothing answers the route '{route.Operation}'."),
        };
    }

    private async Task<ApiResponse> CommandAsync(string operation, string run, CancellationToken cancellation)
    {
        await (operation switch
        {
            "PauseRun" => commands.PauseAsync(run, cancellation),
            "ResumeRun" => commands.ResumeAsync(run, cancellation),
            _ => commands.StopAsync(run, cancellation),
        });
        return await queries.StatusAsync(run, cancellation);
    }

    private static ApiResponse Refuse(ApiRequest request, IReadOnlyList<string> allowed) => allowed.Count == 0
        ? ApiResponse.Problem(404, "Not found", "There is no such route; see /api/openapi.json.")
        : ApiResponse.Problem(405, "Method not allowed", $"{request.Method} is not possible here; allowed: {string.Join(", ", allowed)}.") with
        {
            Headers = new Dictionary<string, string> { ["Allow"] = string.Join(", ", allowed) },
        };
}
