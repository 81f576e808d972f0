using System.Reflection;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using BatchEval.Tests.Shared;
using BatchEval.Workflow.Activities;
using Microsoft.Azure.Functions.Worker;

namespace BatchEval.Functions.Tests.Infra;

/// <summary>What code, host.json, infra/ and the samples say to each other must agree. There is no Bicep compiler here; what can be checked without one is.</summary>
public sealed partial class InfraTests
{
    private static readonly string Infra = Path.Combine(RepoPaths.Root, "infra");

    private static readonly Dictionary<string, BicepFile> Files =
        Directory.GetFiles(Infra, "*.bicep", SearchOption.AllDirectories).ToDictionary(f => Path.GetRelativePath(Infra, f).Replace('\\', '/'), BicepFile.Read);

    private static BicepFile Apps => Files["modules/apps.bicep"];

    [Fact]
    public void Every_file_is_balanced_and_declares_what_it_names()
    {
        Files.Count.ShouldBeGreaterThan(8);
        foreach (var (name, file) in Files)
        {
            file.Undeclared().ShouldBeEmpty(name);
            file.Unused().ShouldBeEmpty(name);
        }
    }

    [Fact]
    public void Modules_exist_and_get_exactly_what_they_ask_for()
    {
        var main = Files["main.bicep"];
        main.Modules.Keys.Select(m => main.ModuleCall(m).File).ShouldBe(Files.Keys.Where(f => f != "main.bicep"), ignoreOrder: true);
        foreach (var module in main.Modules.Keys)
        {
            var (path, given) = main.ModuleCall(module);
            var file = Files[path];
            given.ShouldBe(file.Parameters.Keys, ignoreOrder: true, path);
            main.OutputsRead(module).Except(file.Outputs.Keys).ShouldBeEmpty(path);
        }

        var parameters = JsonNode.Parse(File.ReadAllText(Path.Combine(Infra, "main.parameters.json")))!["parameters"]!.AsObject().Select(p => p.Key).ToList();
        parameters.Except(main.Parameters.Keys).ShouldBeEmpty();
        main.Parameters.Where(p => !p.Value).Select(p => p.Key).Except(parameters).ShouldBeEmpty("Parameters without a default must come from azd.");
    }

    [Fact]
    public void The_two_roles_together_hold_every_function_once()
    {
        var declared = typeof(WorkerServices).Assembly.GetTypes().SelectMany(t => t.GetMethods()).Select(m => m.GetCustomAttribute<FunctionAttribute>()?.Name).OfType<string>();
        var control = Listed("controlFunctions");
        var gpu = Listed("gpuFunctions");
        control.Concat(gpu).ShouldBe(declared, ignoreOrder: true);
        gpu.ShouldBe([ActivityNames.Evaluate]);
    }

    [Fact]
    public void Settings_have_the_same_names_everywhere()
    {
        var host = JsonNode.Parse(File.ReadAllText(Path.Combine(RepoPaths.Root, "host.json")))!;
        var durable = host["extensions"]!["durableTask"]!;
        var (provider, hub) = (durable["storageProvider"]!, (string)durable["hubName"]!);
        ((string)provider["type"]!, (int)durable["maxConcurrentActivityFunctions"]!, (string)durable["tracing"]!["version"]!).ShouldBe(("AzureStorage", 1, "V2"));
        TimeSpan.Parse((string)host["functionTimeout"]!, System.Globalization.CultureInfo.InvariantCulture).ShouldBeInRange(TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(30));
        string[] needed =
        [
            (string)provider["connectionName"]!, hub.Trim('%'), WorkerSettings.StoreName, WorkerSettings.ModelsName, WorkerSettings.DeviceName, WorkerSettings.UnitsName,
        ];
        var local = JsonNode.Parse(File.ReadAllText(Path.Combine(RepoPaths.Root, "local.settings.sample.json")))!["Values"]!.AsObject().Select(p => p.Key).ToList();
        var set = SettingName().Matches(Apps.Source).Select(m => m.Groups[1].Value.Split("__")[0]).ToList();
        foreach (var name in needed)
        {
            set.ShouldContain(name);
            local.ShouldContain(name);
        }

        set.ShouldContain(WorkerSettings.PriceName);
        set.ShouldContain("APPLICATIONINSIGHTS_CONNECTION_STRING");
        HubName().Match(Files["main.bicep"].Source).Groups[1].Value.ShouldMatch("^[a-zA-Z][a-zA-Z0-9]{2,44}$");
    }

    [Fact]
    public void Identity_alone_opens_everything()
    {
        string[] roles =
        [
            "0ad04412-c4d5-4796-b79c-f76d14c8d402", "b7e6dc6d-f1e8-4753-8033-0f276bb0955b", "7f951dda-4ed3-4680-a7ca-43fe172d538d", "3913510d-42f4-4e42-8a64-420c390055eb",
            "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1",
        ];
        var all = string.Join('\n', Files.Values.Select(f => f.Source));
        RoleId().Matches(all).Select(m => m.Value).Distinct().ShouldBe(roles, ignoreOrder: true);
        Regex.Count(all, "allowSharedKeyAccess: false").ShouldBe(2);
        all.ShouldContain("DisableLocalAuth: true");
        all.ShouldContain("adminUserEnabled: false");
        foreach (var text in Directory.GetFiles(Infra, "*", SearchOption.AllDirectories).Append(Path.Combine(RepoPaths.Root, "local.settings.sample.json")).Select(File.ReadAllText))
        {
            text.ShouldNotContain("AccountKey");
            text.ShouldNotContain("listKeys");
            text.ShouldNotContain("sharedKey:");
        }
    }

    [Fact]
    public void The_image_is_pinned_runs_as_nobody_and_has_cuda()
    {
        var docker = File.ReadAllText(Path.Combine(Infra, "docker", "Dockerfile"));
        Regex.Matches(docker, @"^ARG \w+=(\S+)", RegexOptions.Multiline).Select(m => m.Groups[1].Value).ShouldAllBe(i => i.Contains(':') && !i.EndsWith(":latest", StringComparison.Ordinal));
        docker.ShouldContain("\nUSER 10001\n");
        docker.ShouldContain("ENV BATCHEVAL_CUDA=1");
        var services = ServiceName().Matches(File.ReadAllText(Path.Combine(RepoPaths.Root, "azure.yaml"))).Select(m => m.Groups[1].Value).ToList();
        services.ShouldBe(Regex.Matches(Apps.Source, "'azd-service-name': '([^']+)'").Select(m => m.Groups[1].Value), ignoreOrder: true);
        Regex.Matches(Apps.Source, @"targetPort: (\d+)").Select(m => m.Groups[1].Value).ShouldAllBe(p => docker.Contains($"EXPOSE {p}", StringComparison.Ordinal));
    }

    private static IEnumerable<string> Listed(string variable)
    {
        var list = Regex.Match(Apps.Source, $@"var {variable} = \[(.*?)\]", RegexOptions.Singleline).Groups[1].Value;
        return Regex.Matches(list, "'([^']+)'").Select(m => m.Groups[1].Value);
    }

    [GeneratedRegex(@"name: '([A-Za-z_]\w*)', value:")]
    private static partial Regex SettingName();

    [GeneratedRegex("var taskHubName = '([^']+)'")]
    private static partial Regex HubName();

    [GeneratedRegex("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")]
    private static partial Regex RoleId();

    [GeneratedRegex(@"^  ([a-z-]+):\s*\n    project:", RegexOptions.Multiline)]
    private static partial Regex ServiceName();
}
