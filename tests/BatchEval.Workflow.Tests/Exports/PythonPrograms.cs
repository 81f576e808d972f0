using System.Diagnostics;
using System.Text.Json.Nodes;
using BatchEval.Tests.Shared;

namespace BatchEval.Workflow.Tests.Exports;

/// <summary>Runs the exported Python programs.</summary>
internal static class PythonPrograms
{
    /// <summary>Where the programs of the tests lie.</summary>
    public static string Folder => Path.Combine(RepoPaths.Root, "tests", "BatchEval.Workflow.Tests", "Exports", "Python");

    private static string Python => File.Exists("/usr/bin/python3") ? "/usr/bin/python3" : "python3";

    /// <summary>Whether a module can be imported.</summary>
    public static bool Has(string module) => Start(["-c", $"import {module}"], string.Empty).ExitCode == 0;

    /// <summary>Executes the files of all cases.</summary>
    /// <param name="mode">pure, numpy or torch.</param>
    /// <param name="cases">The cases.</param>
    public static IReadOnlyList<JsonNode> Run(string mode, IEnumerable<ExportedCase> cases)
    {
        var (code, output, errors) = Start(["-B", Path.Combine(Folder, "run_exports.py"), mode], new JsonArray([.. cases.Select(c => c.Input.DeepClone())]).ToJsonString());
        code.ShouldBe(0, errors);
        return [.. JsonNode.Parse(output)!.AsArray().Select(n => n!)];
    }

    /// <summary>Runs Python.</summary>
    public static (int ExitCode, string Output, string Errors) Start(IEnumerable<string> arguments, string input)
    {
        var info = new ProcessStartInfo(Python, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(info)!;
        var (errors, output) = (process.StandardError.ReadToEndAsync(), process.StandardOutput.ReadToEndAsync());
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        process.WaitForExit();
        return (process.ExitCode, output.GetAwaiter().GetResult(), errors.GetAwaiter().GetResult());
    }
}

/// <summary>A theory that needs a Python module; reported as skipped where it is missing.</summary>
internal sealed class PythonTheoryAttribute : TheoryAttribute
{
    public PythonTheoryAttribute(string module)
    {
        if (!PythonPrograms.Has(module)) Skip = $"python3 has no {module} here.";
    }
}
