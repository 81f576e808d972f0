using System.Text.Json;

namespace BatchEval.Onnx.Benchmarks;

/// <summary>What ONNX Runtime's own profile says of some calls, per call.</summary>
/// <param name="Nodes">Operators run, by provider.</param>
/// <param name="Copies">Copies between the device and the processor that stand in the graph.</param>
/// <param name="Branches">Operators <c>If</c>.</param>
/// <param name="BranchMilliseconds">Time in them; on a GPU only the time that handing over took.</param>
public sealed record CallProfile(IReadOnlyDictionary<string, double> Nodes, double Copies, double Branches, double BranchMilliseconds)
{
    /// <summary>Reads a profile.</summary>
    /// <param name="path">The file that the session wrote.</param>
    public static CallProfile Read(string path, int calls)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(path));
        var nodes = document.RootElement.EnumerateArray().Select(Node).OfType<(string Operation, string Provider, double Microseconds)>().ToList();
        var branches = nodes.Where(n => n.Operation == "If").ToList();
        return new CallProfile(
            new SortedDictionary<string, double>(nodes.CountBy(n => n.Provider).ToDictionary(p => p.Key, p => (double)p.Value / calls), StringComparer.Ordinal),
            (double)nodes.Count(n => n.Operation.StartsWith("Memcpy", StringComparison.Ordinal)) / calls,
            (double)branches.Count / calls,
            branches.Sum(b => b.Microseconds) / 1000 / calls);
    }

    private static (string Operation, string Provider, double Microseconds)? Node(JsonElement entry) =>
        entry.TryGetProperty("args", out var args) && args.TryGetProperty("op_name", out var operation) && args.TryGetProperty("provider", out var provider)
        && entry.GetProperty("name").GetString()!.EndsWith("_kernel_time", StringComparison.Ordinal)
            ? (operation.GetString()!, provider.GetString()!, entry.GetProperty("dur").GetDouble())
            : null;
}
