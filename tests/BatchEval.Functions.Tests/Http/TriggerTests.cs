using System.Text;
using System.Text.Json.Nodes;
using BatchEval.Functions.Http;
using BatchEval.Http;
using BatchEval.Tests.Shared;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Abstractions;
using Microsoft.AspNetCore.Routing;
using Microsoft.DurableTask.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace BatchEval.Functions.Tests.Http;

public sealed class TriggerTests(AzuriteFixture azurite) : IClassFixture<AzuriteFixture>
{
    [Fact]
    public async Task The_trigger_answers_through_the_endpoints_of_the_interface()
    {
        var settings = new WorkerSettings(azurite.ConnectionString, [RepoPaths.Samples], "cpu", 3, null);
        using var services = new WorkerServices(settings, TimeProvider.System);
        await using var app = Build(services);
        await using var engine = await StartEngineAsync();
        var client = engine.Client;
        (await SendAsync(app, t => r => t.Api(r, client), "GET", "/api/runs")).Document["runs"]!.AsArray().ShouldBeEmpty();
        (await SendAsync(app, t => r => t.Api(r, client), "GET", "/api/runs/other-00000000")).Status.ShouldBe(404);
        (await SendAsync(app, t => r => t.Api(r, client), "PATCH", "/api/runs")).Status.ShouldBe(405);
        var refused = await SendAsync(app, t => r => t.Api(r, client), "POST", "/api/runs", "{}");
        (refused.Status, (string)refused.Document["title"]!).ShouldBe((400, "The request cannot be used"));
        await foreach (var instance in client.GetAllInstancesAsync())
        {
            instance.InstanceId.ShouldBeNull("nothing may have been started");
        }
    }

    [Fact]
    public async Task Pages_need_no_store_and_reach_no_data()
    {
        var settings = new WorkerSettings("unused", [RepoPaths.Samples], "cpu", 3, null);
        using var services = new WorkerServices(settings, TimeProvider.System, _ => throw new InvalidOperationException("no page opens the store"));
        await using var app = Build(services);
        var page = await SendAsync(app, t => t.Pages, "GET", "/");
        (page.Status, page.Type).ShouldBe((200, "text/html; charset=utf-8"));
        (await SendAsync(app, t => t.Pages, "GET", "/nothing")).Status.ShouldBe(404);
        // The host gives this path to the other trigger; even if it did not, no data would come.
        (await SendAsync(app, t => t.Pages, "GET", "/api/runs")).Status.ShouldBe(401);
    }

    [Fact]
    public async Task A_store_that_does_not_open_is_unavailable_and_not_named()
    {
        var settings = new WorkerSettings("unused", [RepoPaths.Samples], "cpu", 3, null);
        using var services = new WorkerServices(settings, TimeProvider.System, _ => throw new Core.Json.ProblemException("The storage at https://account.example could not be reached."));
        await using var app = Build(services);
        await using var engine = await StartEngineAsync();
        var answer = await SendAsync(app, t => r => t.Api(r, engine.Client), "GET", "/api/runs");
        (answer.Status, answer.Text.Contains("account", StringComparison.Ordinal)).ShouldBe((503, false));
    }

    private static ServiceProvider Build(WorkerServices services)
    {
        var all = new ServiceCollection();
        all.AddLogging();
        all.AddSingleton<Microsoft.AspNetCore.Hosting.IWebHostEnvironment>(new FakeEnvironment());
        all.AddSingleton<Microsoft.Extensions.Hosting.IHostEnvironment>(new FakeEnvironment());
        all.AddSingleton(new System.Diagnostics.DiagnosticListener("test"));
        all.AddSingleton<System.Diagnostics.DiagnosticSource>(s => s.GetRequiredService<System.Diagnostics.DiagnosticListener>());
        all.AddSingleton(services);
        all.AddBatchEvalHttp();
        all.AddSingleton(provider => new EndpointPipeline(provider, services, NullLogger<EndpointPipeline>.Instance));
        return all.BuildServiceProvider();
    }

    private static async Task<(int Status, string? Type, string Text, JsonNode Document)> SendAsync(
        ServiceProvider app, Func<RunTriggers, Func<HttpRequest, IActionResult>> trigger, string method, string path, string? body = null)
    {
        await using var scope = app.CreateAsyncScope();
        var http = new DefaultHttpContext { RequestServices = scope.ServiceProvider };
        // What the host's own routing leaves behind.
        http.SetEndpoint(new Endpoint(_ => Task.CompletedTask, null, "trigger"));
        http.Request.RouteValues["path"] = path;
        (http.Request.Method, http.Request.Path, http.Request.Scheme, http.Request.Host) = (method, path, "https", new HostString("app.example"));
        using var answer = new MemoryStream();
        http.Response.Body = answer;
        if (body is not null)
        {
            (http.Request.Body, http.Request.ContentType) = (new MemoryStream(Encoding.UTF8.GetBytes(body)), "application/json");
        }

        var result = trigger(new RunTriggers(app.GetRequiredService<EndpointPipeline>()))(http.Request);
        await result.ExecuteResultAsync(new ActionContext(http, new RouteData(), new ActionDescriptor()));
        var text = Encoding.UTF8.GetString(answer.ToArray());
        var document = http.Response.ContentType?.Contains("json", StringComparison.Ordinal) == true ? JsonNode.Parse(text)! : new JsonObject();
        return (http.Response.StatusCode, http.Response.ContentType, text, document);
    }

    private static Task<DurableTaskTestHost> StartEngineAsync() =>
        DurableTaskTestHost.StartAsync(_ => { }, new DurableTaskTestHostOptions { LoggerFactory = NullLoggerFactory.Instance });

    private sealed class FakeEnvironment : Microsoft.AspNetCore.Hosting.IWebHostEnvironment
    {
        public string WebRootPath { get; set; } = string.Empty;

        public Microsoft.Extensions.FileProviders.IFileProvider WebRootFileProvider { get; set; } = new Microsoft.Extensions.FileProviders.NullFileProvider();

        public string ApplicationName { get; set; } = "BatchEval.Functions.Tests";

        public Microsoft.Extensions.FileProviders.IFileProvider ContentRootFileProvider { get; set; } = new Microsoft.Extensions.FileProviders.NullFileProvider();

        public string ContentRootPath { get; set; } = string.Empty;

        public string EnvironmentName { get; set; } = "Production";
    }
}
