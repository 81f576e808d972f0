using System.Diagnostics;
using System.Text.Json.Nodes;
using BatchEval.Tests.Shared;

namespace BatchEval.Functions.Tests.Infra;

/// <summary>What <c>bicep build infra/main.bicep</c> makes: the ARM template with its modules inside.</summary>
public sealed class CompiledInfra : IDisposable
{
    private readonly DirectoryInfo unpacked = Directory.CreateTempSubdirectory("bicep");

    public CompiledInfra()
    {
        if (BicepFactAttribute.Compiler.Length == 0)
        {
            return;
        }

        var start = new ProcessStartInfo(BicepFactAttribute.Compiler, ["build", "--stdout", Path.Combine(RepoPaths.Root, "infra", "main.bicep")])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            // The compiler is one file that unpacks itself, by default under the home folder.
            Environment = { ["DOTNET_BUNDLE_EXTRACT_BASE_DIR"] = unpacked.FullName },
        };
        using var process = Process.Start(start)!;
        var problems = process.StandardError.ReadToEndAsync();
        var template = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        (ExitCode, Problems) = (process.ExitCode, problems.Result);
        Template = ExitCode == 0 ? JsonNode.Parse(template)!.AsObject() : [];
    }

    public int ExitCode { get; }

    /// <summary>Errors and warnings of compiler and linter.</summary>
    public string Problems { get; } = string.Empty;

    public JsonObject Template { get; } = [];

    /// <summary>Template of a module.</summary>
    public JsonObject Module(string name) => Deployment(name)["properties"]!["template"]!.AsObject();

    /// <summary>Condition under which a module is deployed, or null.</summary>
    public string? ConditionOf(string name) => (string?)Deployment(name)["condition"];

    /// <summary>Resources of a type in all modules.</summary>
    public IEnumerable<JsonObject> Resources(string type) =>
        Deployments().SelectMany(d => d["properties"]!["template"]!["resources"]!.AsArray()).Select(r => r!.AsObject()).Where(r => (string)r["type"]! == type);

    /// <summary>A variable of a module that is a list of strings.</summary>
    public string[] Strings(string module, string variable) => [.. Module(module)["variables"]![variable]!.AsArray().Select(v => (string)v!)];

    public void Dispose() => unpacked.Delete(recursive: true);

    private JsonObject Deployment(string name) => Deployments().Single(d => (string)d["name"]! == name);

    private IEnumerable<JsonObject> Deployments() =>
        Template["resources"]!.AsArray().Select(r => r!.AsObject()).Where(r => (string)r["type"]! == "Microsoft.Resources/deployments");
}
