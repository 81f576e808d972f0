using BatchEval.Onnx.Runtime;
using BatchEval.Onnx.Sampling;
using BatchEval.Workflow.Models;

namespace BatchEval.Cli.Models;

/// <summary>Shows the checks of a model, one line each.</summary>
internal static class CheckTable
{
    /// <summary>Runs and shows them.</summary>
    /// <returns>Whether none failed.</returns>
    public static bool Show(ModelPackage package, DeviceOptions device, Output output)
    {
        output.Line($"ok       {"files",-11} all there; digest {package.Digest[..12]}");
        output.Line($"ok       {"memory",-11} {MemoryPlan.Of(package, device)}");
        foreach (var remark in package.Manifest.Remarks)
        {
            output.Line($"note     {remark}");
        }

        var results = new List<CheckResult>();
        foreach (var result in PackageCheck.Run(package, device))
        {
            results.Add(result);
            output.Line($"{result.Passed switch { true => "ok", false => "FAILED", _ => "unclear" },-8} {result.Name,-11} {result.Seen}");
        }

        var failed = results.Count(r => r.Passed == false);
        output.Line(failed == 0 ? "Nothing contradicts the manifest." : $"{failed} of {results.Count} checks contradict the manifest.");
        output.Json(new JsonObject
        {
            ["model"] = package.Manifest.Name, ["digest"] = package.Digest, ["failed"] = failed,
            ["checks"] = new JsonArray([.. results.Select(r => new JsonObject { ["name"] = r.Name, ["passed"] = r.Passed, ["seen"] = r.Seen })]),
        });
        return failed == 0;
    }
}
