using System.Text;
using System.Text.Json.Nodes;
using Azure.Storage.Blobs;
using BatchEval.Tests.Shared;
using BatchEval.Workflow.Http;
using BatchEval.Workflow.Models;
using BatchEval.Workflow.Runs;
using BatchEval.Workflow.Storage;
using BatchEval.Workflow.Tests.Local;

namespace BatchEval.Workflow.Tests.Http;

/// <summary>The HTTP interface on a store of its own, with a control that only takes notes.</summary>
internal sealed class ApiBench : IRunControl, IDisposable
{
    private readonly ModelHost models = TinyRun.Models();

    private ApiBench(RunStore store)
    {
        Store = store;
        Api = new RunApi(new RunApiContext(store, models, new ModelCatalog([RepoPaths.Samples]), this, TimeProvider.System, 2, new DevicePrice(2, "EUR"), Failures.Add));
    }

    public RunStore Store { get; }

    public RunApi Api { get; }

    public List<string> Orders { get; } = [];

    public List<Exception> Failures { get; } = [];

    public static async Task<ApiBench> CreateAsync(AzuriteFixture azurite, string container)
    {
        var client = new BlobServiceClient(azurite.ConnectionString).GetBlobContainerClient(container);
        await client.CreateIfNotExistsAsync();
        return new ApiBench(new RunStore(client));
    }

    public async Task<ApiResponse> SendAsync(string method, string target, byte[]? body = null, params (string Name, string Value)[] headers)
    {
        var split = target.Split('?');
        var query = split.Length == 1 ? [] : split[1].Split('&').Select(p => p.Split('=')).ToDictionary(p => p[0], p => p[1]);
        var all = headers.ToDictionary(h => h.Name, h => h.Value, StringComparer.OrdinalIgnoreCase);
        return await Api.HandleAsync(new ApiRequest(method, split[0], query, name => all.GetValueOrDefault(name), new MemoryStream(body ?? [])));
    }

    public Task<ApiResponse> PostAsync(string json, params (string Name, string Value)[] headers) =>
        SendAsync("POST", "/api/runs", Encoding.UTF8.GetBytes(json), [("Content-Type", "application/json"), .. headers]);

    public static JsonNode Read(ApiResponse response) => JsonNode.Parse(response.Body.Span)!;

    /// <summary>A finished run as far as its files go.</summary>
    public async Task<string> FabricateAsync(string state = "finished", string name = "made")
    {
        var run = $"{name}-0123abcd";
        await Store.WriteTextOnceAsync(BlobNames.Specification(run), TinyRun.Json);
        var stage = state == "finished" ? RunStage.Done : RunStage.Search;
        var now = DateTimeOffset.UnixEpoch;
        await Store.OverwriteJsonAsync(BlobNames.Status(run), new RunStatus(run, state, stage, 2, new EvaluationCounts(3, 1, 40, 120, 6000), null, now, now, null));
        foreach (var (file, text) in new[] { ("leaderboard.json", "{\"a\":1}"), ("leaderboard.csv", "a\n1\n"), ("report.html", "<p>"), ("best/schedule.json", "{}"), ("candidates/0123456789ab/metrics.json", "{}"), ("candidates/0123456789ab/grid.png", "png"), ("candidates/0123456789ab/images/000001.png", "png") })
        {
            await Store.WriteTextOnceAsync($"{run}/{file}", text);
        }

        return run;
    }

    public Task StartAsync(string runId, CancellationToken cancellation) => NoteAsync("start", runId);

    public Task PauseAsync(string runId, CancellationToken cancellation) => NoteAsync("pause", runId);

    public Task ResumeAsync(string runId, CancellationToken cancellation) => NoteAsync("resume", runId);

    public Task StopAsync(string runId, CancellationToken cancellation) => NoteAsync("stop", runId);

    public Task ForgetAsync(string runId, CancellationToken cancellation) => NoteAsync("forget", runId);

    public Task<RunLife?> LookAsync(string runId, CancellationToken cancellation) => Task.FromResult<RunLife?>(null);

    public IReadOnlyDictionary<string, string> ManagementOf(string runId) => new Dictionary<string, string> { ["statusQueryGetUri"] = $"https://example.test/{runId}" };

    public void Dispose() => models.Dispose();

    private Task NoteAsync(string verb, string run)
    {
        Orders.Add($"{verb} {run}");
        return Task.CompletedTask;
    }
}
