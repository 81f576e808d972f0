using System.Reflection;
using System.Text.Json.Nodes;
using BatchEval.Durable.Orchestration;
using BatchEval.Tests.Shared;
using BatchEval.Workflow.Activities;
using Microsoft.Azure.Functions.Worker;

namespace BatchEval.Functions.Tests.Infra;

/// <summary>The files that the build writes for the Functions host: what the host loads, not what the sources say.</summary>
public sealed class BuiltAppTests
{
    private static readonly string Built = Path.Combine(RepoPaths.Root, "artifacts", "bin", "BatchEval.Functions", BuildConfiguration);

    private static string BuildConfiguration => Path.GetFileName(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));

    [Fact]
    public void Every_function_of_the_assembly_is_in_the_metadata()
    {
        var declared = typeof(WorkerServices).Assembly.GetTypes().SelectMany(t => t.GetMethods()).Select(m => m.GetCustomAttribute<FunctionAttribute>()?.Name).OfType<string>();
        Metadata().Select(f => (string)f!["name"]!).ShouldBe(declared, ignoreOrder: true);
    }

    [Fact]
    public void Every_function_has_exactly_one_trigger_and_all_data_asks_for_a_key()
    {
        foreach (var function in Metadata())
        {
            var bindings = function!["bindings"]!.AsArray();
            var trigger = bindings.Where(b => ((string)b!["type"]!).EndsWith("Trigger", StringComparison.Ordinal)).ShouldHaveSingleItem()!;
            ((string)function["scriptFile"]!).ShouldBe("BatchEval.Functions.dll");
            if ((string)trigger["type"]! == "httpTrigger")
            {
                // The pages hold no data.
                ((string)trigger["authLevel"]!).ShouldBe((string)function["name"]! == "Pages" ? "Anonymous" : "Function");
                bindings.Select(b => (string)b!["type"]!).ShouldContain("http");
            }
        }
    }

    [Fact]
    public void The_http_functions_have_their_routes_and_methods()
    {
        var http = Metadata().SelectMany(f => f!["bindings"]!.AsArray().Where(b => (string)b!["type"]! == "httpTrigger")
            .Select(b => (Name: (string)f["name"]!, Route: (string)b!["route"]!, Methods: string.Join(' ', b["methods"]?.AsArray().Select(m => (string)m!) ?? []))));
        // Every method reaches the endpoints below /api, which say themselves what they take; no prefix of the host comes before.
        http.ShouldBe([("Api", "api/{*path}", ""), ("Pages", "{*path}", "get head")], ignoreOrder: true);
        ((string)Read("host.json")["extensions"]!["http"]!["routePrefix"]!).ShouldBe("");
    }

    [Fact]
    public void Orchestration_and_activities_are_bound_to_durable_triggers()
    {
        string[] activities = [ActivityNames.Prepare, ActivityNames.Plan, ActivityNames.Evaluate, ActivityNames.Advance, SearchOrchestration.Record];
        Triggered("activityTrigger").ShouldBe(activities, ignoreOrder: true);
        Triggered("orchestrationTrigger").ShouldBe([SearchOrchestration.Name]);
    }

    [Fact]
    public void The_host_finds_worker_extensions_and_backend()
    {
        ((string)Read("worker.config.json")["description"]!["defaultWorkerPath"]!).ShouldBe("BatchEval.Functions.dll");
        var extensions = Read("extensions.json")["extensions"]!.AsArray();
        var durable = extensions.Single(e => (string)e!["name"]! == "DurableTask")!;
        File.Exists(Path.Combine(Built, (string)durable["hintPath"]!)).ShouldBeTrue();
        File.Exists(Path.Combine(Built, ".azurefunctions", "DurableTask.AzureStorage.dll")).ShouldBeTrue();
        ((string)Read("host.json")["extensions"]!["durableTask"]!["storageProvider"]!["type"]!).ShouldBe("AzureStorage");
    }

    [Fact]
    public void The_profile_for_the_scheduler_differs_in_the_backend_only()
    {
        var (storage, scheduler) = (ReadRoot("host.json"), ReadRoot("infra/host.scheduler.json"));
        Provider(storage)["type"]!.ToString().ShouldBe("AzureStorage");
        Provider(scheduler)["type"]!.ToString().ShouldBe("azureManaged");
        foreach (var host in (JsonNode[])[storage, scheduler])
        {
            host["extensions"]!["durableTask"]!.AsObject().Remove("storageProvider");
        }

        JsonNode.DeepEquals(storage, scheduler).ShouldBeTrue();
    }

    private static JsonNode Provider(JsonNode host) => host["extensions"]!["durableTask"]!["storageProvider"]!;

    private static IEnumerable<string> Triggered(string type) =>
        Metadata().Where(f => f!["bindings"]!.AsArray().Any(b => (string)b!["type"]! == type)).Select(f => (string)f!["name"]!);

    private static JsonArray Metadata() => Read("functions.metadata").AsArray();

    private static JsonNode Read(string file) => JsonNode.Parse(File.ReadAllText(Path.Combine(Built, file)))!;

    private static JsonNode ReadRoot(string file) => JsonNode.Parse(File.ReadAllText(Path.Combine(RepoPaths.Root, file)))!;
}
