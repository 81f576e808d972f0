using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using BatchEval.Workflow.Runs;
using BatchEval.Workflow.Serialization;
using BatchEval.Workflow.Specifications;
using BatchEval.Workflow.Storage;

namespace BatchEval.Workflow.Http;

/// <summary>The routes that only read.</summary>
/// <param name="context">What the interface works with.</param>
internal sealed class RunQueries(RunApiContext context)
{
    private const int ReadsAtOnce = 16;

    // Pages of a run come from the run's own store, but nothing in them may reach out.
    private static readonly Dictionary<string, string> PageHeaders = new()
    {
        ["Content-Security-Policy"] = "default-src 'none'; img-src data: blob: 'self'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; font-src data:; base-uri 'none'; form-action 'none'",
        ["X-Content-Type-Options"] = "nosniff",
    };

    private readonly RunLookup lookup = new(context);

    public async Task<ApiResponse> ListAsync(CancellationToken cancellation)
    {
        var names = (await context.Store.ListRunsAsync(cancellation)).Where(RunLookup.IsRunId).ToList();
        var found = new List<RunStatus>();
        foreach (var chunk in names.Chunk(ReadsAtOnce))
        {
            var read = await Task.WhenAll(chunk.Select(run => context.Store.ReadJsonAsync<RunStatus>(BlobNames.Status(run), cancellation)));
            found.AddRange(read.OfType<RunStatus>());
        }

        var documents = found.OrderByDescending(s => s.Started).ThenBy(s => s.RunId, StringComparer.Ordinal).Select(s => (JsonNode)RunDocumentWriter.Short(s)).ToArray();
        return ApiResponse.Json(new JsonObject { ["runs"] = new JsonArray(documents) });
    }

    public async Task<ApiResponse> StatusAsync(string run, CancellationToken cancellation)
    {
        var (status, life) = await lookup.RequireAsync(run, cancellation);
        var text = await context.Store.ReadAsync(BlobNames.Specification(run), cancellation) ?? throw RefusedException.NotFound($"There is no run '{run}'.");
        var specification = SpecificationReader.Read(Encoding.UTF8.GetString(text));
        var plan = status.Stage == RunStage.Done ? null : await context.Store.ReadJsonAsync<UnitPlan>(BlobNames.Plan(run, status.Round), cancellation);
        var document = RunDocumentWriter.Full(status, specification, plan, life, context);
        var live = status.State is "pending" or "running";
        return ApiResponse.Json(document) with { Headers = live ? new Dictionary<string, string> { ["Retry-After"] = "2" } : [] };
    }

    public async Task<ApiResponse> LeaderboardAsync(string run, ApiRequest request, CancellationToken cancellation)
    {
        await lookup.RequireAsync(run, cancellation);
        var accepts = request.Header("Accept") ?? string.Empty;
        var format = request.Query.GetValueOrDefault("format") ?? (accepts.Contains("text/csv", StringComparison.OrdinalIgnoreCase) ? "csv" : "json");
        return format switch
        {
            "json" => await FileAsync(BlobNames.Result(run, "leaderboard.json"), ApiResponse.JsonType, "leaderboard", cancellation),
            "csv" => await FileAsync(BlobNames.Result(run, "leaderboard.csv"), "text/csv; charset=utf-8", "leaderboard", cancellation),
            _ => throw RefusedException.BadRequest("format", "must be json or csv."),
        };
    }

    public async Task<ApiResponse> CandidateAsync(string run, string candidate, CancellationToken cancellation)
    {
        RunLookup.CheckCandidate(candidate);
        var (status, _) = await lookup.RequireAsync(run, cancellation);
        if (await context.Store.ReadAsync(BlobNames.Candidate(run, candidate, "metrics.json"), cancellation) is { } final)
        {
            return ApiResponse.File(ApiResponse.JsonType, final);
        }

        for (var round = status.Round; round >= 0; round--)
        {
            var scores = await context.Store.ReadJsonAsync<RoundScores>(BlobNames.Scores(run, round), cancellation);
            if (scores?.Scores.FirstOrDefault(s => s.Id == candidate) is { } score)
            {
                return ApiResponse.Json(JsonSerializer.SerializeToNode(score, WorkflowJson.Options)!);
            }
        }

        throw RefusedException.NotFound($"Run '{run}' has scored no candidate '{candidate}'.");
    }

    public async Task<ApiResponse> CandidateFileAsync(string run, string candidate, string file, CancellationToken cancellation)
    {
        RunLookup.CheckCandidate(candidate);
        await lookup.RequireAsync(run, cancellation);
        return await FileAsync(BlobNames.Candidate(run, candidate, file), "image/png", $"image of candidate '{candidate}'", cancellation);
    }

    public Task<ApiResponse> ImageAsync(string run, string candidate, string index, CancellationToken cancellation) =>
        int.TryParse(index, NumberStyles.None, CultureInfo.InvariantCulture, out var n) && n < 1_000_000
            ? CandidateFileAsync(run, candidate, string.Create(CultureInfo.InvariantCulture, $"images/{n:D6}.png"), cancellation)
            : throw RefusedException.BadRequest("index", "must be a number from 0 to 999999.");

    public async Task<ApiResponse> ListBestAsync(string run, CancellationToken cancellation)
    {
        await lookup.RequireAsync(run, cancellation);
        var prefix = BlobNames.Best(run, string.Empty);
        var files = (await context.Store.ListAsync(prefix, cancellation)).Select(f => f.Name[prefix.Length..]).Order(StringComparer.Ordinal);
        return ApiResponse.Json(new JsonObject { ["files"] = new JsonArray([.. files.Select(f => JsonValue.Create(f))]) });
    }

    public async Task<ApiResponse> BestAsync(string run, string file, CancellationToken cancellation)
    {
        RunLookup.CheckFile(file);
        await lookup.RequireAsync(run, cancellation);
        var type = Path.GetExtension(file) switch
        {
            ".json" => ApiResponse.JsonType,
            ".txt" or ".py" or ".md" or ".csv" => "text/plain; charset=utf-8",
            _ => "application/octet-stream",
        };
        return await FileAsync(BlobNames.Best(run, file), type, $"file '{file}' of the winner", cancellation);
    }

    public async Task<ApiResponse> ReportAsync(string run, CancellationToken cancellation)
    {
        await lookup.RequireAsync(run, cancellation);
        return await FileAsync(BlobNames.Result(run, "report.html"), "text/html; charset=utf-8", "report", cancellation) with { Headers = PageHeaders };
    }

    private async Task<ApiResponse> FileAsync(string blob, string type, string what, CancellationToken cancellation) =>
        await context.Store.ReadAsync(blob, cancellation) is { } content
            ? ApiResponse.File(type, content) with { Headers = new Dictionary<string, string> { ["X-Content-Type-Options"] = "nosniff" } }
            : throw RefusedException.NotFound($"There is no {what} (yet).");
}
