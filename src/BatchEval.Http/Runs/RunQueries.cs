using System.Collections.Concurrent;
using System.IO.Compression;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using BatchEval.Workflow.Runs;
using BatchEval.Workflow.Serialization;
using BatchEval.Workflow.Specifications;
using BatchEval.Workflow.Storage;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BatchEval.Http.Runs;

/// <summary>The routes that only read, but for those of one candidate.</summary>
internal sealed class RunQueries(RunApiContext context)
{
    private const int MostKept = 5000;

    // They are written once.
    private static readonly ConditionalWeakTable<RunStore, ConcurrentDictionary<string, RunForecast>> Forecasts = [];

    // Archives know no time before; the clock of a machine may.
    private static readonly DateTimeOffset EarliestInArchives = new(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);

    // A worker writes its record every few seconds.
    private static readonly TimeSpan WorkerSilence = TimeSpan.FromSeconds(15);

    // Pages of a run come from the run's own store, but nothing in them may reach out.
    private const string ReportPolicy = "default-src 'none'; img-src data: blob: 'self'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; font-src data:; base-uri 'none'; form-action 'none'";

    private static readonly JsonSerializerOptions Compact = new(WorkflowJson.Options) { WriteIndented = false };

    private readonly RunLookup lookup = new(context);

    public async Task<Ok<RunDocument>> StatusAsync(string run, HttpResponse response, CancellationToken cancellation)
    {
        var document = await DescribeAsync(run, cancellation);
        if (document.State is RunStates.Pending or RunStates.Running)
        {
            response.Headers.RetryAfter = "2";
        }

        return TypedResults.Ok(document);
    }

    /// <summary>Where a run stands.</summary>
    public async Task<RunDocument> DescribeAsync(string run, CancellationToken cancellation)
    {
        var (status, life) = await lookup.RequireAsync(run, cancellation);
        var specification = await SpecificationOfAsync(run, cancellation);
        var plan = status.Stage == RunStage.Done ? null : await context.Store.ReadJsonAsync<UnitPlan>(BlobNames.Plan(run, status.Round), cancellation);
        var forecast = status.Stage == RunStage.Done ? null : await ForecastOfAsync(run, cancellation);
        return RunDescriber.Full(status, specification, forecast, plan, life, await new RunModels(context).NameOfAsync(run, specification.Model, cancellation), context);
    }

    public async Task<FileContentHttpResult> SpecificationAsync(string run, CancellationToken cancellation)
    {
        await lookup.RequireAsync(run, cancellation);
        return await FileAsync(BlobNames.Specification(run), Revalidation.Json, "specification", cancellation);
    }

    public async Task<FileContentHttpResult> ScoresAsync(string run, int since, CancellationToken cancellation)
    {
        var (status, _) = await lookup.RequireAsync(run, cancellation);
        var specification = await SpecificationOfAsync(run, cancellation);
        var table = await new ScoreReader(context.Store).ReadAsync(run, specification.Objective.Metric, since, status.Round, cancellation);
        return Revalidation.Content(JsonSerializer.SerializeToUtf8Bytes(table, Compact), Revalidation.Json);
    }

    /// <summary>Who computes units of a run at this moment, and who has computed some.</summary>
    public async Task<Ok<WorkList>> WorkAsync(string run, CancellationToken cancellation)
    {
        await lookup.RequireAsync(run, cancellation);
        var now = (await context.Store.HoldersAsync(run, cancellation)).GroupBy(h => h.Name).ToDictionary(g => g.Key, g => g.Count());
        var done = (await WorkRecord.ReadAllAsync(context.Store, run, cancellation)).ToDictionary(r => r.Name);
        return TypedResults.Ok(new WorkList([.. now.Keys.Union(done.Keys).Order(StringComparer.Ordinal).Select(name =>
            new WorkSummary(name, now.GetValueOrDefault(name), done.GetValueOrDefault(name)?.Units ?? 0, done.GetValueOrDefault(name)?.Last))]));
    }

    public async Task<FileContentHttpResult> LeaderboardAsync(string run, string? format, HttpContext http, CancellationToken cancellation)
    {
        await lookup.RequireAsync(run, cancellation);
        http.Response.Headers.Vary = "Accept";
        var accepts = http.Request.Headers.Accept.ToString();
        return (format ?? (accepts.Contains("text/csv", StringComparison.OrdinalIgnoreCase) ? "csv" : "json")) switch
        {
            "json" => await FileAsync(BlobNames.Result(run, "leaderboard.json"), Revalidation.Json, "leaderboard", cancellation),
            "csv" => await FileAsync(BlobNames.Result(run, "leaderboard.csv"), "text/csv; charset=utf-8", "leaderboard", cancellation),
            _ => throw Refusal.BadRequest("format", "must be json or csv.").Exception(),
        };
    }

    public async Task<Ok<FileList>> ListBestAsync(string run, CancellationToken cancellation)
    {
        await lookup.RequireAsync(run, cancellation);
        var prefix = BlobNames.Best(run, string.Empty);
        var files = (await context.Store.ListAsync(prefix, cancellation)).Select(f => f.Name[prefix.Length..]).Order(StringComparer.Ordinal);
        return TypedResults.Ok(new FileList([.. files]));
    }

    public async Task<FileContentHttpResult> BestAsync(string run, string file, CancellationToken cancellation)
    {
        RunLookup.CheckFile(file);
        await lookup.RequireAsync(run, cancellation);
        return await FileAsync(BlobNames.Best(run, file), TypeOf(file), $"file '{file}' of the winner", cancellation);
    }

    /// <summary>Media type of a file that people take away.</summary>
    public static string TypeOf(string file) => Path.GetExtension(file) switch
    {
        ".json" => Revalidation.Json,
        ".txt" or ".py" or ".md" or ".csv" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    };

    public async Task<FileContentHttpResult> ReportAsync(string run, HttpResponse response, CancellationToken cancellation)
    {
        await lookup.RequireAsync(run, cancellation);
        var page = await FileAsync(BlobNames.Result(run, "report.html"), "text/html; charset=utf-8", "report", cancellation);
        response.Headers.ContentSecurityPolicy = ReportPolicy;
        return page;
    }

    public async Task<Ok<WorkerList>> WorkersAsync(CancellationToken cancellation)
    {
        var (workers, now) = (new List<WorkerSummary>(), context.Time.GetUtcNow());
        foreach (var (name, written) in await context.Store.ListAsync(BlobNames.WorkerRoot, cancellation))
        {
            if (now - written < WorkerSilence && await context.Store.ReadJsonAsync<WorkerSummary>(name, cancellation) is { } worker)
            {
                workers.Add(worker);
            }
        }

        return TypedResults.Ok(new WorkerList([.. workers.OrderBy(w => w.Id, StringComparer.Ordinal)]));
    }

    /// <summary>Everything that a finished run hands over, in one archive.</summary>
    public async Task<FileContentHttpResult> ArchiveAsync(string run, CancellationToken cancellation)
    {
        var (status, _) = await lookup.RequireAsync(run, cancellation);
        if (status.Stage != RunStage.Done)
        {
            throw Refusal.NotFound("There is no archive (yet); the run is not finished.").Exception();
        }

        var prefix = BlobNames.Result(run, string.Empty);
        using var content = new MemoryStream();
        using (var archive = new ZipArchive(content, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, _) in await context.Store.ListAsync(prefix, cancellation))
            {
                // How the run got there stays in the store.
                if (!name.StartsWith($"{prefix}generations/", StringComparison.Ordinal) && await context.Store.ReadAsync(name, cancellation) is { } file)
                {
                    var entry = archive.CreateEntry(name[prefix.Length..], CompressionLevel.Fastest);
                    entry.LastWriteTime = status.Started < EarliestInArchives ? EarliestInArchives : status.Started;
                    await using var target = await entry.OpenAsync(cancellation);
                    await target.WriteAsync(file, cancellation);
                }
            }
        }

        return Revalidation.Content(content.ToArray(), "application/zip");
    }

    private async Task<RunForecast?> ForecastOfAsync(string run, CancellationToken cancellation)
    {
        var kept = Forecasts.GetOrCreateValue(context.Store);
        if (!kept.TryGetValue(run, out var forecast) && await RunForecast.ReadAsync(context.Store, run, cancellation) is { } read)
        {
            if (kept.Count >= MostKept)
            {
                kept.Clear();
            }

            kept[run] = forecast = read;
        }

        return forecast;
    }

    /// <summary>A run's specification.</summary>
    public async Task<RunSpecification> SpecificationOfAsync(string run, CancellationToken cancellation) =>
        await context.Store.ReadAsync(BlobNames.Specification(run), cancellation) is { } text
            ? SpecificationJson.Read(Encoding.UTF8.GetString(text))
            : throw Refusal.NotFound($"There is no run '{run}'.").Exception();

    /// <summary>A blob, or a refusal that says what is not there.</summary>
    public async Task<FileContentHttpResult> FileAsync(string blob, string type, string what, CancellationToken cancellation) =>
        await context.Store.ReadAsync(blob, cancellation) is { } content
            ? Revalidation.Content(content, type)
            : throw Refusal.NotFound($"There is no {what} (yet).").Exception();
}
