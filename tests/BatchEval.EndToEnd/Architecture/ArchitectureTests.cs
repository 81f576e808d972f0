using ArchUnitNET.Domain;
using ArchUnitNET.Fluent;
using ArchUnitNET.Loader;
using BatchEval.Tests.Shared;
using static ArchUnitNET.Fluent.ArchRuleDefinition;
using Assembly = System.Reflection.Assembly;

namespace BatchEval.EndToEnd.Architecture;

/// <summary>Arrows point inward only: Functions and Cli -> Http and Durable -> Workflow -> Onnx -> Core; and inside a project its top folders know each other in one direction only.</summary>
public partial class ArchitectureTests
{
    private const string Hosts = @"Microsoft\.Azure\.Functions|Microsoft\.AspNetCore|Spectre\.Console|System\.CommandLine|DurableTask|Microsoft\.DurableTask";

    private static readonly Dictionary<string, Assembly> Projects = new()
    {
        ["BatchEval.Core"] = typeof(Core.Json.ProblemException).Assembly,
        ["BatchEval.Onnx"] = typeof(Onnx.Images.RgbImage).Assembly,
        ["BatchEval.Workflow"] = typeof(Workflow.Local.LocalRunner).Assembly,
        ["BatchEval.Http"] = typeof(Http.HttpInterface).Assembly,
        ["BatchEval.Durable"] = typeof(Durable.Control.DurableRunControl).Assembly,
        ["BatchEval.Functions"] = typeof(Functions.WorkerServices).Assembly,
        ["BatchEval.Cli"] = Assembly.Load("batcheval"),
    };

    private static readonly Lazy<ArchUnitNET.Domain.Architecture> Built =
        new(() => new ArchLoader().LoadAssemblies([.. Projects.Values, typeof(ArchitectureTests).Assembly]).Build());

    [Fact]
    public void Every_project_has_its_rule() =>
        Directory.GetFiles(Path.Combine(RepoPaths.Root, "src"), "*.csproj", SearchOption.AllDirectories).Select(Path.GetFileNameWithoutExtension)
            .ShouldBe(Projects.Keys, ignoreOrder: true);

    [Theory]
    [InlineData("BatchEval.Core", $@"BatchEval\.(Onnx|Workflow|Http|Durable|Functions|Cli)|Microsoft\.(ML|Extensions|Azure)|Azure|SkiaSharp|Google|System\.Data|{Hosts}")]
    [InlineData("BatchEval.Onnx", $@"BatchEval\.(Workflow|Http|Durable|Functions|Cli)|Microsoft\.Azure|Azure|{Hosts}")]
    [InlineData("BatchEval.Workflow", $@"BatchEval\.(Http|Durable|Functions|Cli)|{Hosts}")]
    [InlineData("BatchEval.Http", @"BatchEval\.(Durable|Functions|Cli)|Microsoft\.Azure|DurableTask|Microsoft\.DurableTask|Spectre\.Console|System\.CommandLine")]
    [InlineData("BatchEval.Durable", @"BatchEval\.(Http|Functions|Cli)|Microsoft\.Azure\.Functions|Microsoft\.AspNetCore|Spectre\.Console|System\.CommandLine")]
    [InlineData("BatchEval.Functions", @"BatchEval\.Cli|Spectre\.Console|System\.CommandLine")]
    [InlineData("BatchEval.Cli", @"BatchEval\.Functions|Microsoft\.Azure\.Functions")]
    public void A_project_knows_nothing_outside(string project, string namespaces) => Violations(Outside(Projects[project], namespaces)).ShouldBeEmpty();

    [Theory]
    [InlineData("BatchEval.Core")]
    [InlineData("BatchEval.Onnx")]
    [InlineData("BatchEval.Workflow")]
    [InlineData("BatchEval.Http")]
    [InlineData("BatchEval.Durable")]
    [InlineData("BatchEval.Functions")]
    [InlineData("BatchEval.Cli")]
    public void Top_folders_of_a_project_know_each_other_in_one_direction_only(string project) => Circles(project).ShouldBeEmpty();

    [Fact]
    public void A_seeded_dependency_is_caught() => Violations(Outside(typeof(ArchitectureTests).Assembly, "Shouldly")).ShouldNotBeEmpty();

    [Fact]
    public void A_seeded_circle_is_caught() => Circles("BatchEval.EndToEnd.Architecture.Seeded").ShouldBe(["Attic knows Hall, and is known by way of it", "Hall knows Attic, and is known by way of it"]);

    // The analyzer of Durable Task looks at orchestrators in their own project; the loop itself is in another.
    [Fact]
    public void Orchestrator_code_uses_nothing_that_could_differ_in_a_replay()
    {
        var code = Built.Value.Types.Where(t => t.Namespace?.FullName == typeof(Durable.Orchestration.SearchOrchestration).Namespace || t.FullName == typeof(Workflow.Local.SearchWorkflow).FullName).ToList();
        code.Count.ShouldBeGreaterThan(5);
        code.SelectMany(Changing).ShouldBeEmpty();
    }

    [Fact]
    public void A_seeded_clock_in_an_orchestrator_is_caught()
    {
        var found = string.Join(' ', Changing(Built.Value.Types.Single(t => t.FullName == typeof(Seeded.Orchestrator).FullName)));
        foreach (var name in new[] { "System.TimeProvider", "Task.Delay", "Task.ConfigureAwait", "System.Guid" })
        {
            found.ShouldContain(name);
        }
    }

    private static IEnumerable<string> Changing(IType type) => type.Dependencies
        .Select(d => d is ArchUnitNET.Domain.Dependencies.MethodCallDependency call ? $"{d.Target.FullName}.{call.TargetMember.Name.Split('(')[0]}" : d.Target.FullName)
        .Where(name => Replayed().IsMatch(name)).Distinct().Select(name => $"{type.Name}: {name}");

    [System.Text.RegularExpressions.GeneratedRegex(
        @"^System\.(DateTime|DateTimeOffset|TimeProvider|Guid|Random|Environment|Console|Diagnostics\.Stopwatch|IO\.File|Threading\.Thread|Net\.Http\.HttpClient)(\.|$)|^System\.Collections\.Generic\.(Dictionary|HashSet)`|^Microsoft\.Extensions\.|Task(`1)?\.(Run|Delay|ConfigureAwait)$")]
    private static partial System.Text.RegularExpressions.Regex Replayed();

    private static IArchRule Outside(Assembly project, string namespaces) =>
        Types().That().ResideInAssembly(project).Should().NotDependOnAny(Types(true).That().ResideInNamespaceMatching($@"^({namespaces})(\.|$)")).WithoutRequiringPositiveResults();

    private static IEnumerable<string> Violations(IArchRule rule) => rule.Evaluate(Built.Value).Where(result => !result.Passed).Select(result => result.Description);

    // Slices of the library are single namespaces; a top folder is a namespace with all below it.
    private static IEnumerable<string> Circles(string root)
    {
        var known = Built.Value.Types.GroupBy(type => FolderOf(type, root)).Where(g => g.Key is not null).ToDictionary(
            g => g.Key!,
            g => g.SelectMany(type => type.Dependencies).Select(d => FolderOf(d.Target, root)).Where(folder => folder is not null && folder != g.Key).Select(folder => folder!).ToHashSet());
        return known.Keys.Order().SelectMany(folder => known[folder].Where(next => Reach(next).Contains(folder)).Select(next => $"{folder} knows {next}, and is known by way of it"));

        HashSet<string> Reach(string start)
        {
            var seen = new HashSet<string>();
            var open = new Stack<string>([start]);
            while (open.TryPop(out var folder))
            {
                known[folder].Where(seen.Add).ToList().ForEach(open.Push);
            }

            return seen;
        }
    }

    private static string? FolderOf(IType type, string root) =>
        type.Namespace?.FullName is { } name && name.StartsWith(root + ".", StringComparison.Ordinal) ? name[(root.Length + 1)..].Split('.')[0] : null;
}
