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
    /// <param name="calls">Number of calls in it.</param>
    public static CallProfile Read(string path, int calls)
    {
        var nodes = new SortedDictionary<string, double>(StringComparer.Ordinal);
        var (copies, branches, milliseconds) = (0.0, 0.0, 0.0);
        using var document = JsonDocument.Parse(File.ReadAllBytes(path));
        foreach (var (operation, provider, duration) in document.RootElement.EnumerateArray().Select(Node).OfType<(string, string, double)>())
        {
            nodes[provider] = nodes.GetValueOrDefault(provider) + (1.0 / calls);
            copies += operation.StartsWith("Memcpy", StringComparison.Ordinal) ? 1.0 / calls : 0;
            if (operation == "If")
            {
                branches += 1.0 / calls;
                milliseconds += duration / 1000 / calls;
            }
        }

        return new CallProfile(nodes, copies, branches, milliseconds);
    }

    private static (string Operation, string Provider, double Microseconds)? Node(JsonElement entry) =>
        entry.TryGetProperty("args", out var args) && args.TryGetProperty("op_name", out var operation) && args.TryGetProperty("provider", out var provider)
        && entry.GetProperty("name").GetString()!.EndsWith("_kernel_time", StringComparison.Ordinal)
            ? (operation.GetString()!, provider.GetString()!, entry.GetProperty("dur").GetDouble())
            : null;
}
