using System.Reflection;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using BatchEval.Tests.Shared;
using BatchEval.Workflow.Activities;
using Microsoft.Azure.Functions.Worker;

namespace BatchEval.Functions.Tests.Infra;

/// <summary>infra/ as the Bicep compiler sees it; and what code, host.json, infra/ and the samples say to each other must agree.</summary>
public sealed partial class InfraTests(CompiledInfra infra) : IClassFixture<CompiledInfra>
{
    // Built-in roles of Azure, by their published ids.
    private const string AcrPull = "7f951dda-4ed3-4680-a7ca-43fe172d538d";
    private const string BlobDataOwner = "b7e6dc6d-f1e8-4753-8033-0f276bb0955b";
    private const string BlobDataReader = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1";
    private const string DurableTaskDataContributor = "0ad04412-c4d5-4796-b79c-f76d14c8d402";
    private const string MonitoringMetricsPublisher = "3913510d-42f4-4e42-8a64-420c390055eb";
    private const string QueueDataContributor = "974c5e8b-45b9-4653-ba55-5f855dd0fb88";
    private const string TableDataContributor = "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3";

    private static readonly string Folder = Path.Combine(RepoPaths.Root, "infra");

    private static JsonNode Durable => ReadRoot("host.json")["extensions"]!["durableTask"]!;

    [BicepFact]
    public void It_compiles_without_warnings()
    {
        infra.Problems.ShouldBeEmpty();
        infra.ExitCode.ShouldBe(0);
    }

    [BicepFact]
    public void Azd_gives_every_parameter_that_has_no_default_and_no_other()
    {
        var parameters = infra.Template["parameters"]!.AsObject();
        var given = ReadRoot("infra/main.parameters.json")["parameters"]!.AsObject().Select(p => p.Key).ToList();
        given.Except(parameters.Select(p => p.Key)).ShouldBeEmpty();
        parameters.Where(p => p.Value!["defaultValue"] is null).Select(p => p.Key).Except(given).ShouldBeEmpty();
    }

    [BicepFact]
    public void The_two_apps_together_hold_every_function_once()
    {
        var declared = typeof(WorkerServices).Assembly.GetTypes().SelectMany(t => t.GetMethods()).Select(m => m.GetCustomAttribute<FunctionAttribute>()?.Name).OfType<string>();
        var (http, search, device) = (infra.Strings("apps", "httpFunctions"), infra.Strings("apps", "searchFunctions"), infra.Strings("apps", "deviceFunctions"));
        http.Concat(search).Concat(device).ShouldBe(declared, ignoreOrder: true);
        // What depends on the device: with the scheduler, the control app once planned for its own, and named results of the GPU as those of a CPU.
        device.ShouldBe([ActivityNames.Prepare, ActivityNames.Plan, ActivityNames.Evaluate]);

        // A storage account has one queue of work per task hub: every app that takes from it must have all durable functions.
        var variables = infra.Module("apps")["variables"]!;
        ((string)variables["controlFunctions"]!).ShouldBe("[if(variables('usesScheduler'), concat(variables('httpFunctions'), variables('searchFunctions')), variables('httpFunctions'))]");
        ((string)variables["gpuFunctions"]!).ShouldBe("[if(variables('usesScheduler'), variables('deviceFunctions'), concat(variables('deviceFunctions'), variables('searchFunctions')))]");
        var settings = infra.Resources("Microsoft.App/containerApps").Select(a => (string)a["properties"]!["template"]!["containers"]![0]!["env"]!).ToList();
        settings[0].ShouldStartWith("[concat(variables('common'), variables('controlRole'), ");
        settings[1].ShouldStartWith("[concat(variables('common'), variables('gpuRole'), ");
    }

    [BicepFact]
    public void The_task_hub_is_on_the_storage_account_unless_the_scheduler_is_asked_for()
    {
        ((string)infra.Template["parameters"]!["durableBackend"]!["defaultValue"]!).ShouldBe("storage");
        infra.ConditionOf("scheduler").ShouldBe("[variables('usesScheduler')]");
        ((string)infra.Template["variables"]!["usesScheduler"]!).ShouldBe("[equals(parameters('durableBackend'), 'scheduler')]");

        // DurableTask.AzureStorage names its queues so; the scale rules read them.
        var storage = infra.Module("storage")["variables"]!;
        infra.Strings("storage", "partitions").ShouldBe(Enumerable.Range(0, (int)Durable["storageProvider"]!["partitionCount"]!).Select(i => $"{i:D2}"));
        ((string)storage["hubQueues"]!).ShouldContain("'{0}-workitems'");
        ((string)storage["hubQueues"]!).ShouldContain("'{0}-control-{1}'");
        infra.Resources("Microsoft.Storage/storageAccounts/queueServices/queues").ShouldHaveSingleItem()["copy"]!["count"]!.ToString().ShouldBe("[length(variables('hubQueues'))]");
        var rule = infra.Module("apps")["variables"]!["copy"]!.AsArray().Single(c => (string)c!["name"]! == "queueRules")!["input"]!["custom"]!;
        ((string)rule["type"]!, (string)rule["identity"]!).ShouldBe(("azure-queue", "[parameters('identityId')]"));
        infra.Resources("Microsoft.App/containerApps").Select(a => (string?)a["properties"]!["template"]!["scale"]!["rules"])
            .ShouldBe([null, "[if(variables('usesScheduler'), createArray(), variables('queueRules'))]"]);
    }

    [BicepFact]
    public void Settings_have_the_same_names_everywhere()
    {
        var (provider, hub) = (Durable["storageProvider"]!, (string)Durable["hubName"]!);
        ((string)provider["type"]!, (int)Durable["maxConcurrentActivityFunctions"]!, (string)Durable["tracing"]!["version"]!).ShouldBe(("AzureStorage", 1, "V2"));
        TimeSpan.Parse((string)ReadRoot("host.json")["functionTimeout"]!, System.Globalization.CultureInfo.InvariantCulture).ShouldBeInRange(TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(30));
        string[] needed =
        [
            (string)provider["connectionName"]!, hub.Trim('%'), WorkerSettings.StoreName, WorkerSettings.ModelsName, WorkerSettings.DeviceName, WorkerSettings.UnitsName,
        ];
        var local = ReadRoot("local.settings.sample.json")["Values"]!.AsObject().Select(p => p.Key).ToList();
        var apps = infra.Module("apps");
        var set = SettingName().Matches(apps.ToJsonString(new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
            .Select(m => m.Groups[1].Value).ToList();
        // In Azure the storage is opened by identity: its setting is one of several members, and all of them are needed.
        foreach (var name in needed)
        {
            local.ShouldContain(name);
            string[] members = name == (string)provider["connectionName"]! ? [$"{name}__accountName", $"{name}__credential", $"{name}__clientId"] : [name];
            members.Except(set).ShouldBeEmpty();
        }

        set.ShouldContain(WorkerSettings.PriceName);
        set.ShouldContain("APPLICATIONINSIGHTS_CONNECTION_STRING");
        set.ShouldContain((string)ReadRoot("infra/host.scheduler.json")["extensions"]!["durableTask"]!["storageProvider"]!["connectionStringName"]!);
        ((string)infra.Template["variables"]!["taskHubName"]!).ShouldMatch("^[a-zA-Z][a-zA-Z0-9]{2,44}$");
    }

    [BicepFact]
    public void Identity_alone_opens_everything()
    {
        RolesIn("storage").ShouldBe([BlobDataOwner, QueueDataContributor, TableDataContributor, BlobDataReader], ignoreOrder: true);
        RolesIn("scheduler").ShouldBe([DurableTaskDataContributor]);
        RolesIn("registry").ShouldBe([AcrPull]);
        RolesIn("monitoring").ShouldBe([MonitoringMetricsPublisher]);
        var given = infra.Resources("Microsoft.Authorization/roleAssignments").Single(r => r["copy"] is not null);
        given["copy"]!["count"]!.ToString().ShouldBe("[length(variables('appRoles'))]");

        infra.Resources("Microsoft.Storage/storageAccounts").Select(s => (bool)s["properties"]!["allowSharedKeyAccess"]!).ShouldBe([false, false]);
        infra.Resources("Microsoft.Insights/components").Select(s => (bool)s["properties"]!["DisableLocalAuth"]!).ShouldBe([true]);
        infra.Resources("Microsoft.ContainerRegistry/registries").Select(s => (bool)s["properties"]!["adminUserEnabled"]!).ShouldBe([false]);
        foreach (var text in Directory.GetFiles(Folder, "*", SearchOption.AllDirectories).Append(Path.Combine(RepoPaths.Root, "local.settings.sample.json")).Select(File.ReadAllText))
        {
            text.ShouldNotContain("AccountKey");
            text.ShouldNotContain("listKeys");
            text.ShouldNotContain("sharedKey:");
        }
    }

    [BicepFact]
    public void The_image_is_pinned_runs_as_nobody_has_cuda_and_can_have_either_backend()
    {
        var docker = File.ReadAllText(Path.Combine(Folder, "docker", "Dockerfile"));
        Regex.Matches(docker, @"^ARG \w+=(\S+:\S+)", RegexOptions.Multiline).Select(m => m.Groups[1].Value).ShouldAllBe(i => !i.EndsWith(":latest", StringComparison.Ordinal));
        Regex.Count(docker, @"^ARG (SDK|CUDA|FUNCTIONS)=\S+:\S+", RegexOptions.Multiline).ShouldBe(3);
        docker.ShouldContain("\nUSER 10001\n");

        // The names that Directory.Build.props and the Functions project look at.
        docker.ShouldContain("-p:Cuda=true");
        File.ReadAllText(Path.Combine(RepoPaths.Root, "Directory.Build.props")).ShouldContain("'$(Cuda)' == ''");
        docker.ShouldContain("-p:DurableTaskScheduler=");
        File.ReadAllText(Path.Combine(RepoPaths.Root, "src", "BatchEval.Functions", "BatchEval.Functions.csproj")).ShouldContain("'$(DurableTaskScheduler)' == 'true'");

        var azure = File.ReadAllText(Path.Combine(RepoPaths.Root, "azure.yaml"));
        Regex.Count(azure, @"- DURABLE_BACKEND=\$\{BATCHEVAL_DURABLE_BACKEND=storage\}").ShouldBe(2);
        var apps = infra.Resources("Microsoft.App/containerApps").ToList();
        ServiceName().Matches(azure).Select(m => m.Groups[1].Value).ShouldBe(apps.Select(a => Regex.Match((string)a["tags"]!, "'azd-service-name', '([^']+)'").Groups[1].Value), ignoreOrder: true);
        apps.Select(a => (int)a["properties"]!["configuration"]!["ingress"]!["targetPort"]!).ShouldAllBe(p => docker.Contains($"EXPOSE {p}", StringComparison.Ordinal));
    }

    private IEnumerable<string> RolesIn(string module) => Role().Matches(infra.Module(module)["variables"]!.ToJsonString()).Select(m => m.Value).Distinct();

    private static JsonNode ReadRoot(string file) => JsonNode.Parse(File.ReadAllText(Path.Combine(RepoPaths.Root, file)))!;

    [GeneratedRegex("""(?:"name":"|'name', ')([A-Za-z_]\w*)(?:","value"|', 'value')""")]
    private static partial Regex SettingName();

    [GeneratedRegex("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")]
    private static partial Regex Role();

    [GeneratedRegex(@"^  ([a-z-]+):\s*\n    project:", RegexOptions.Multiline)]
    private static partial Regex ServiceName();
}
