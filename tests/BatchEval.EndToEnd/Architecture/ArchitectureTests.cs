using BatchEval.Tests.Shared;

namespace BatchEval.EndToEnd.Architecture;

public class ArchitectureTests
{
    private static string Src => Path.Combine(RepoPaths.Root, "src");

    [Fact]
    public void Project_references_point_inward()
    {
        string[] projects = Directory.GetFiles(Src, "*.csproj", SearchOption.AllDirectories);
        projects.Length.ShouldBeGreaterThanOrEqualTo(4);
        projects.SelectMany(p => InwardRule.CheckProject(Path.GetFileNameWithoutExtension(p), File.ReadAllText(p))).ShouldBeEmpty();
    }

    [Fact]
    public void Sources_name_nothing_outside_their_room() =>
        Directory.GetFiles(Src, "*.cs", SearchOption.AllDirectories)
            .Select(file => (file, relative: Path.GetRelativePath(Src, file)))
            .SelectMany(f => InwardRule.CheckSource(f.relative.Split(Path.DirectorySeparatorChar)[0], f.relative, File.ReadAllText(f.file)))
            .ShouldBeEmpty();

    [Theory]
    [InlineData("BatchEval.Core")]
    [InlineData("BatchEval.Onnx")]
    [InlineData("BatchEval.Workflow")]
    [InlineData("BatchEval.Http")]
    [InlineData("BatchEval.Functions")]
    [InlineData("BatchEval.Cli")]
    public void Rooms_of_a_project_know_each_other_in_one_direction_only(string project)
    {
        var root = Path.Combine(Src, project);
        var sources = Directory.GetFiles(root, "*.cs", SearchOption.AllDirectories)
            .Select(file => (Path.GetRelativePath(root, file).Replace(Path.DirectorySeparatorChar, '/'), File.ReadAllText(file)));

        RoomRule.Cycles(project, sources).ShouldBeEmpty();
    }

    [Fact]
    public void A_seeded_circle_of_rooms_is_caught() =>
        RoomRule.Cycles("House", [("Hall/A.cs", "using House.Attic;"), ("Attic/B.cs", "var c = new House.Cellar.C();"), ("Cellar/C.cs", "using House.Hall;"), ("Shed/D.cs", "using House.Hall;")])
            .ShouldBe(["House: Hall knows Attic, and is known by way of them", "House: Attic knows Cellar, and is known by way of them", "House: Cellar knows Hall, and is known by way of them"]);

    [Fact]
    public void Core_takes_nothing_from_its_surroundings() =>
        AmbientUse.Of(Path.Combine(AppContext.BaseDirectory, "BatchEval.Core.dll")).ShouldBeEmpty();

    [Theory]
    [InlineData("BatchEval.Core", "<ProjectReference Include='../BatchEval.Onnx/BatchEval.Onnx.csproj' />")]
    [InlineData("BatchEval.Core", "<PackageReference Include='Azure.Storage.Blobs' />")]
    [InlineData("BatchEval.Onnx", "<ProjectReference Include='..\\BatchEval.Workflow\\BatchEval.Workflow.csproj' />")]
    [InlineData("BatchEval.Onnx", "<PackageReference Include='Azure.Identity' />")]
    [InlineData("BatchEval.Workflow", "<PackageReference Include='Microsoft.Azure.Functions.Worker' />")]
    [InlineData("BatchEval.Workflow", "<PackageReference Include='Spectre.Console' />")]
    [InlineData("BatchEval.Workflow", "<FrameworkReference Include='Microsoft.AspNetCore.App' />")]
    [InlineData("BatchEval.Workflow", "<ProjectReference Include='../BatchEval.Http/BatchEval.Http.csproj' />")]
    [InlineData("BatchEval.Http", "<ProjectReference Include='../BatchEval.Cli/BatchEval.Cli.csproj' />")]
    [InlineData("BatchEval.Cli", "<ProjectReference Include='../BatchEval.Functions/BatchEval.Functions.csproj' />")]
    [InlineData("BatchEval.Functions", "<ProjectReference Include='../BatchEval.Cli/BatchEval.Cli.csproj' />")]
    [InlineData("BatchEval.Shed", "")]
    public void A_seeded_reference_is_caught(string project, string reference) =>
        InwardRule.CheckProject(project, $"<Project><ItemGroup>{reference}</ItemGroup></Project>").ShouldHaveSingleItem();

    [Theory]
    [InlineData("BatchEval.Core", "using System.Net.Http;")]
    [InlineData("BatchEval.Core", "var s = new Microsoft.ML.OnnxRuntime.SessionOptions();")]
    [InlineData("BatchEval.Core", "using O = global::BatchEval.Onnx.Runtime;")]
    [InlineData("BatchEval.Onnx", "using Azure.Storage.Blobs;")]
    [InlineData("BatchEval.Onnx", "var text = $\"{Azure.ETag.All}\";")]
    [InlineData("BatchEval.Workflow", "using static Spectre.Console.AnsiConsole;")]
    [InlineData("BatchEval.Workflow", "void Run(Microsoft.DurableTask.TaskOrchestrationContext c) { }")]
    [InlineData("BatchEval.Http", "using Microsoft.DurableTask;")]
    [InlineData("BatchEval.Cli", "using BatchEval.Functions;")]
    [InlineData("BatchEval.Functions", "using BatchEval.Cli;")]
    public void A_seeded_name_is_caught(string project, string code) =>
        InwardRule.CheckSource(project, "Seeded.cs", code).ShouldHaveSingleItem();

    [Theory]
    [InlineData("BatchEval.Onnx", "// as Azure.Storage.Blobs does\nvar a = \"Azure.Identity\"; /* Azure.Core.X */ var b = @\"Azure.\"\"Core.X\";")]
    [InlineData("BatchEval.Onnx", "var quote = '\"'; var Azure = 1; this.Azure.Count();")]
    [InlineData("BatchEval.Workflow", "using Azure.Storage.Blobs; using BatchEval.Core.Search;")]
    [InlineData("BatchEval.Cli", "using Spectre.Console; using BatchEval.Workflow;")]
    public void An_innocent_text_passes(string project, string code) =>
        InwardRule.CheckSource(project, "Innocent.cs", code).ShouldBeEmpty();

    [Fact]
    public void Ambient_use_is_seen_in_an_assembly_that_has_it()
    {
        // This very assembly is the seeded violation.
        _ = (Guid.NewGuid(), DateTime.UtcNow, Random.Shared, new Random(), new Random(17), Environment.ProcessorCount);

        IReadOnlyList<string> found = AmbientUse.Of(typeof(ArchitectureTests).Assembly.Location);

        found.ShouldContain("System.IO.File.ReadAllText");
        found.ShouldContain("System.Guid.NewGuid");
        found.ShouldContain("System.DateTime.get_UtcNow");
        found.ShouldContain("System.Random.get_Shared");
        found.ShouldContain("System.Random..ctor/0");
        found.ShouldNotContain("System.Random..ctor/1");
        found.ShouldContain("System.Environment.get_ProcessorCount");
    }
}
