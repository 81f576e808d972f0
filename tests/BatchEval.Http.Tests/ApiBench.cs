using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Azure.Storage.Blobs;
using BatchEval.Http.Control;
using BatchEval.Http.Pipeline;
using BatchEval.Tests.Shared;
using BatchEval.Workflow.Control;
using BatchEval.Workflow.Models;
using BatchEval.Workflow.Runs;
using BatchEval.Workflow.Storage;
using BatchEval.Workflow.Tests.Local;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace BatchEval.Http.Tests;

/// <summary>The HTTP interface on a server and a store of its own, with a control that only takes notes.</summary>
internal sealed class ApiBench : IRunControl, IAsyncDisposable
{
    private readonly ModelHost models = TinyRun.Models();
    private readonly WebApplication server;

    private ApiBench(RunStore store, bool readOnly, Func<string?>? trouble = null, TimeProvider? time = null)
    {
        Store = store;
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddBatchEvalHttp();
        builder.WebHost.ConfigureKestrel(options =>
        {
            options.Listen(IPAddress.Loopback, 0);
            options.Limits.MinRequestBodyDataRate = new MinDataRate(100, TimeSpan.FromSeconds(1.1));
        });
        server = builder.Build();
        var context = new RunApiContext(store, models, new ModelCatalog([RepoPaths.Samples]), this, time ?? TimeProvider.System, 2, new DevicePrice(2, "EUR"), Failures.Add, readOnly, trouble);
        server.UseBatchEvalHttp(_ => ValueTask.FromResult<RunApiContext?>(context));
    }

    public HttpClient Client { get; } = new(new SocketsHttpHandler { AllowAutoRedirect = false });

    public RunStore Store { get; }

    public List<string> Orders { get; } = [];

    public List<Exception> Failures { get; } = [];

    /// <summary>What the control knows of a run.</summary>
    public Func<RunLife?> Look { get; set; } = () => null;

    public static async Task<ApiBench> CreateAsync(AzuriteFixture azurite, string container, bool readOnly = false, TimeProvider? time = null)
    {
        var client = new BlobServiceClient(azurite.ConnectionString).GetBlobContainerClient(container);
        await client.CreateIfNotExistsAsync();
        var bench = new ApiBench(new RunStore(client), readOnly, time: time);
        await bench.server.StartAsync();
        bench.Client.BaseAddress = new Uri(bench.server.Urls.First());
        return bench;
    }

    /// <summary>A bench whose storage is not there.</summary>
    public static async Task<ApiBench> CreateWithoutStorageAsync(string trouble)
    {
        var options = new BlobClientOptions();
        options.Retry.MaxRetries = 0;
        var bench = new ApiBench(new RunStore(new BlobContainerClient(new Uri("http://127.0.0.1:9/account/runs"), options)), false, () => trouble);
        await bench.server.StartAsync();
        bench.Client.BaseAddress = new Uri(bench.server.Urls.First());
        return bench;
    }

    /// <summary>A bench on a store that is open.</summary>
    public static async Task<ApiBench> CreateOnAsync(RunStore store)
    {
        var bench = new ApiBench(store, false, () => null);
        await bench.server.StartAsync();
        bench.Client.BaseAddress = new Uri(bench.server.Urls.First());
        return bench;
    }

    public async Task<ApiAnswer> SendAsync(string method, string target, byte[]? body = null, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(Client.BaseAddress + target.TrimStart('/'), new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }));
        request.Content = body is null ? null : new ByteArrayContent(body);
        foreach (var (name, value) in headers)
        {
            if (!request.Headers.TryAddWithoutValidation(name, value))
            {
                request.Content!.Headers.TryAddWithoutValidation(name, value).ShouldBeTrue();
            }
        }

        using var answer = await Client.SendAsync(request);
        var all = answer.Headers.Concat(answer.Content.Headers).ToDictionary(h => h.Key, h => string.Join(", ", h.Value), StringComparer.OrdinalIgnoreCase);
        return new ApiAnswer((int)answer.StatusCode, all, await answer.Content.ReadAsByteArrayAsync());
    }

    public Task<ApiAnswer> GetAsync(string target, params (string Name, string Value)[] headers) => SendAsync("GET", target, null, headers);

    public Task<ApiAnswer> PostAsync(string json, params (string Name, string Value)[] headers) =>
        SendAsync("POST", "/api/runs", Encoding.UTF8.GetBytes(json), [("Content-Type", "application/json"), .. headers]);

    /// <summary>Sends bytes as they are, for requests that no client would send.</summary>
    public async Task<string> SendRawAsync(string request, bool leave = false)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, Client.BaseAddress!.Port);
        var stream = client.GetStream();
        await stream.WriteAsync(Encoding.Latin1.GetBytes(request));
        if (leave)
        {
            client.Client.Shutdown(SocketShutdown.Send);
        }

        using var answer = new MemoryStream();
        try
        {
            await stream.CopyToAsync(answer).WaitAsync(TimeSpan.FromSeconds(30));
        }
        catch (IOException)
        {
            // A server that has refused a request may reset the connection once its answer is on the way.
        }

        return Encoding.UTF8.GetString(answer.ToArray());
    }

    /// <summary>A finished run as far as its files go.</summary>
    public async Task<string> FabricateAsync(string state = "finished", string name = "made", string report = "<p>")
    {
        var run = $"{name}-0123abcd";
        await Store.WriteTextOnceAsync(BlobNames.Specification(run), TinyRun.Json);
        var stage = state == "finished" ? RunStage.Done : RunStage.Search;
        var now = DateTimeOffset.UnixEpoch;
        await Store.ChangeJsonAsync<RunStatus>(BlobNames.Status(run), _ => new RunStatus(run, state, stage, 2, new EvaluationCounts(3, 1, 40, 120, 6000), null, now, now, null));
        foreach (var (file, text) in new[] { ("leaderboard.json", "{\"a\":1}"), ("leaderboard.csv", "a\n1\n"), ("report.html", report), ("best/schedule.json", "{}"), ("candidates/0123456789ab/metrics.json", "{}"), ("candidates/0123456789ab/grid.png", "png"), ("candidates/0123456789ab/images/000001.png", "png") })
        {
            await Store.WriteTextOnceAsync($"{run}/{file}", text);
        }

        return run;
    }

    public Task StartAsync(string runId, CancellationToken cancellation) => NoteAsync("start", runId);

    public Task PauseAsync(string runId, CancellationToken cancellation) => NoteAsync("pause", runId);

    public Task ResumeAsync(string runId, CancellationToken cancellation) => NoteAsync("resume", runId);

    public Task StopAsync(string runId, CancellationToken cancellation) => NoteAsync("stop", runId);

    public async Task<bool> ForgetAsync(string runId, CancellationToken cancellation)
    {
        await NoteAsync("forget", runId);
        return true;
    }

    public Task<RunLife?> LookAsync(string runId, CancellationToken cancellation) => Task.FromResult(Look());

    public IReadOnlyDictionary<string, string> ManagementOf(string runId) => new Dictionary<string, string> { ["statusQueryGetUri"] = $"https://example.test/{runId}" };

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await server.DisposeAsync();
        models.Dispose();
    }

    private Task NoteAsync(string verb, string run)
    {
        Orders.Add($"{verb} {run}");
        return Task.CompletedTask;
    }
}

/// <summary>An answer, read to its end.</summary>
internal sealed record ApiAnswer(int Status, IReadOnlyDictionary<string, string> Headers, byte[] Body)
{
    public string? ContentType => Headers.GetValueOrDefault("Content-Type");

    public string Text => Encoding.UTF8.GetString(Body);

    public JsonNode Json => JsonNode.Parse(Body)!;

    public void ShouldBeProblem(int status)
    {
        (Status, ContentType).ShouldBe((status, Refusal.MediaType), Text);
        ((int)Json["status"]!, ((string)Json["title"]!).Length > 0, ((string)Json["detail"]!).Length > 0).ShouldBe((status, true, true));
    }
}
