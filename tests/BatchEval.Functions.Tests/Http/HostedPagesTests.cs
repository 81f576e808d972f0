using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using BatchEval.Functions.Http;
using BatchEval.Http;
using BatchEval.Tests.Shared;
using BatchEval.Workflow.Runs;
using BatchEval.Workflow.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Abstractions;
using Microsoft.AspNetCore.Routing;
using Microsoft.DurableTask.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace BatchEval.Functions.Tests.Http;

/// <summary>
/// The catch-all triggers behind a real HTTP server that routes as the Functions host does (its ASP.NET Core integration hands the request over as it came). What only the
/// host itself does is not here: function keys, cold starts, its own limits.
/// </summary>
public sealed class HostedPagesTests(AzuriteFixture azurite) : IClassFixture<AzuriteFixture>, IAsyncLifetime
{
    private readonly HttpClient http = new(new SocketsHttpHandler());
    private WorkerServices? services;
    private DurableTaskTestHost? engine;
    private WebApplication? app;

    [Fact]
    public async Task Pages_come_with_all_that_they_are_made_of_packed_and_kept()
    {
        using var page = await http.GetAsync(new Uri("/", UriKind.Relative));
        var files = Regex.Matches(await page.Content.ReadAsStringAsync(), "\"(assets/[^\"]+)\"").Select(m => m.Groups[1].Value).ToList();
        (page.StatusCode, page.Content.Headers.ContentType!.MediaType).ShouldBe((HttpStatusCode.OK, "text/html"));
        page.Headers.GetValues("Content-Security-Policy").Single().ShouldContain("default-src 'none'");
        files.Count.ShouldBeGreaterThanOrEqualTo(2);
        foreach (var file in files)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"/{file}") { Headers = { AcceptEncoding = { new StringWithQualityHeaderValue("br") } } };
            using var packed = await http.SendAsync(request);
            packed.Content.Headers.ContentEncoding.ShouldBe(["br"], file);
            packed.Headers.CacheControl!.Extensions.Select(e => e.Name).ShouldContain("immutable");
            await using var content = new BrotliStream(await packed.Content.ReadAsStreamAsync(), CompressionMode.Decompress);
            using var unpacked = new MemoryStream();
            await content.CopyToAsync(unpacked);
            unpacked.ToArray().ShouldBe(await http.GetByteArrayAsync(new Uri($"/{file}", UriKind.Relative)), file);
        }

        using var again = new HttpRequestMessage(HttpMethod.Get, "/");
        again.Headers.IfNoneMatch.Add(page.Headers.ETag!);
        (await http.SendAsync(again)).StatusCode.ShouldBe(HttpStatusCode.NotModified);
        using var head = await http.SendAsync(new HttpRequestMessage(HttpMethod.Head, "/"));
        (head.StatusCode, head.Content.Headers.ContentLength, (await head.Content.ReadAsByteArrayAsync()).Length).ShouldBe((HttpStatusCode.OK, page.Content.Headers.ContentLength, 0));
    }

    [Fact]
    public async Task The_interface_of_the_pages_answers_and_events_arrive_while_the_connection_is_open()
    {
        var store = await RunStore.OpenAsync(azurite.ConnectionString);
        var now = DateTimeOffset.UnixEpoch;
        await store.WriteTextOnceAsync(BlobNames.Specification("seen-00000000"), """{ "name": "seen", "model": "digits", "budget": { "networkCalls": 3 } }""");
        await store.WriteJsonOnceAsync(BlobNames.Status("seen-00000000"), new RunStatus("seen-00000000", RunStates.Paused, RunStage.Search, 1, EvaluationCounts.None, null, now, now, null));

        (await JsonAsync("/api/runs"))["runs"]!.AsArray().ShouldHaveSingleItem()!["state"]!.GetValue<string>().ShouldBe("paused");
        (await JsonAsync("/api/models"))["models"]!.AsArray().Select(m => (string)m!).ShouldContain("digits");
        using var answer = await http.GetAsync(new Uri("/api/runs/seen-00000000/events", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead);
        using var events = new StreamReader(await answer.Content.ReadAsStreamAsync());
        (await events.ReadLineAsync().WaitAsync(TimeSpan.FromMinutes(1))).ShouldBe("event: status");
        using var refused = await http.GetAsync(new Uri("/api/runs/other-00000000", UriKind.Relative));
        (refused.StatusCode, refused.Content.Headers.ContentType!.MediaType).ShouldBe((HttpStatusCode.NotFound, "application/problem+json"));
        using var nothing = await http.GetAsync(new Uri("/nothing/here", UriKind.Relative));
        nothing.StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    public async Task InitializeAsync()
    {
        services = new WorkerServices(new WorkerSettings(azurite.ConnectionString, [RepoPaths.Samples], "cpu", 3, null), TimeProvider.System);
        engine = await DurableTaskTestHost.StartAsync(_ => { }, new DurableTaskTestHostOptions { LoggerFactory = NullLoggerFactory.Instance });
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(options => options.Listen(IPAddress.Loopback, 0));
        builder.Services.AddBatchEvalHttp();
        builder.Services.AddSingleton(services);
        builder.Services.AddSingleton<EndpointPipeline>();
        app = builder.Build();
        var triggers = new RunTriggers(app.Services.GetRequiredService<EndpointPipeline>());
        app.Map("/api/{**path}", (RequestDelegate)(request => AnswerAsync(request, triggers.Api(request.Request, engine.Client))));
        app.Map("/{**path}", (RequestDelegate)(request => AnswerAsync(request, triggers.Pages(request.Request))));
        await app.StartAsync();
        http.BaseAddress = new Uri(app.Urls.First());
    }

    public async Task DisposeAsync()
    {
        http.Dispose();
        await app!.DisposeAsync();
        await engine!.DisposeAsync();
        services!.Dispose();
    }

    private static Task AnswerAsync(HttpContext context, IActionResult result) => result.ExecuteResultAsync(new ActionContext(context, new RouteData(), new ActionDescriptor()));

    private async Task<JsonNode> JsonAsync(string path) => JsonNode.Parse(await http.GetStringAsync(new Uri(path, UriKind.Relative)))!;
}
