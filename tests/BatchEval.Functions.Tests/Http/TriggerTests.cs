using System.Reflection;
using System.Text.RegularExpressions;
using BatchEval.Functions.Http;
using BatchEval.Tests.Shared;
using BatchEval.Workflow.Http;
using Microsoft.Azure.Functions.Worker;

namespace BatchEval.Functions.Tests.Http;

public sealed class TriggerTests
{
    [Fact]
    public void Triggers_are_the_routes_of_the_interface_and_need_a_key()
    {
        var triggers = typeof(RunTriggers).GetMethods()
            .Select(m => (Name: m.GetCustomAttribute<FunctionAttribute>()?.Name, Trigger: m.GetParameters().Select(p => p.GetCustomAttribute<HttpTriggerAttribute>()).FirstOrDefault(a => a is not null)))
            .Where(t => t.Name is not null).ToList();
        triggers.ShouldAllBe(t => t.Trigger!.AuthLevel == AuthorizationLevel.Function);
        triggers.Select(t => $"{t.Name} {t.Trigger!.Methods!.Single().ToUpperInvariant()} {t.Trigger.Route}")
            .ShouldBe(ApiRoute.All.Select(r => $"{r.Operation} {r.Method} {r.Template}"), ignoreOrder: true);
    }

    [Fact]
    public void Orchestrator_code_names_nothing_that_could_differ_in_a_replay()
    {
        string[] files = [.. Directory.GetFiles(Path.Combine(RepoPaths.Root, "src", "BatchEval.Functions", "Orchestration"), "*.cs"), Path.Combine(RepoPaths.Root, "src", "BatchEval.Workflow", "Local", "SearchWorkflow.cs")];
        var forbidden = new Regex(@"ConfigureAwait|DateTime|Stopwatch|TimeProvider|Guid\.|Random|Environment\.|Task\.Run|Task\.Delay|Thread|File\.|HttpClient|Dictionary|HashSet|IConfiguration|ILogger|Console");
        files.Length.ShouldBeGreaterThan(3);
        foreach (var file in files)
        {
            var code = Regex.Replace(File.ReadAllText(file), @"//[^\n]*", string.Empty);
            forbidden.Matches(code).Select(m => m.Value).ShouldBeEmpty(file);
        }
    }
}
