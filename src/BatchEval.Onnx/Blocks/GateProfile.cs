using System.Text.Json;
using BatchEval.Onnx.Networks;
using Microsoft.ML.OnnxRuntime;

namespace BatchEval.Onnx.Blocks;

/// <summary>
/// Times every block at once: ONNX Runtime's own profile says how long each gate took, open and closed. Works where operators run one
/// after the other on the processor; the profile of a GPU only shows when work was handed over.
/// </summary>
internal static class GateProfile
{
    private const int WarmUps = 2;

    /// <summary>Milliseconds of one call that each block costs, by id.</summary>
    public static double[] Run(BlockGraph graph, ModelManifest manifest, DeviceOptions device, TimedCall call, int rounds)
    {
        var folder = Directory.CreateTempSubdirectory("batcheval-profile-");
        try
        {
            var (model, input) = GatedGraph.Build(graph);
            var session = GraphSession.Open(model, graph.Model, device, configure: options => Record(options, Path.Combine(folder.FullName, "gates")));
            using var network = new DenoiserNetwork(session, manifest, graph.Model.FileName, input);
            foreach (var open in new[] { true, false })
            {
                var gated = network.Gated([.. graph.Blocks.Select(_ => open)]);
                for (var round = 0; round < WarmUps + rounds; round++)
                {
                    call.Milliseconds(gated);
                }
            }

            var times = Read(session.EndProfiling());
            return Alone(graph.Blocks, [.. graph.Blocks.Select(b => Saving(times[GatedGraph.GateName(b)], WarmUps + rounds))]);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>Savings of blocks without those of the blocks that go with them.</summary>
    internal static double[] Alone(IReadOnlyList<Block> blocks, double[] savings) =>
        [.. blocks.Select(b => Math.Max(0, savings[b.Id] - GatedGraph.Outermost([.. b.Within.Select(id => blocks[id])]).Sum(inner => savings[inner.Id])))];

    private static void Record(SessionOptions options, string prefix)
    {
        options.EnableProfiling = true;
        options.ProfileOutputPathPrefix = prefix;
    }

    // Disturbances only ever add time, so the fastest of several calls is the best estimate. A gate within one that is closed is not reached at all.
    private static double Saving(List<double> times, int calls) => Math.Max(0, times.Take(calls).Skip(WarmUps).Min() - times.Skip(calls + WarmUps).DefaultIfEmpty(0).Min());

    private static Dictionary<string, List<double>> Read(string path)
    {
        const string suffix = "_kernel_time";
        var times = new Dictionary<string, List<double>>(StringComparer.Ordinal);
        using var document = JsonDocument.Parse(File.ReadAllBytes(path));
        foreach (var entry in document.RootElement.EnumerateArray())
        {
            if (entry.TryGetProperty("args", out var args) && args.TryGetProperty("op_name", out var operation) && operation.ValueEquals("If")
                && entry.GetProperty("name").GetString() is { } name && name.EndsWith(suffix, StringComparison.Ordinal))
            {
                var gate = name[..^suffix.Length];
                if (!times.TryGetValue(gate, out var list))
                {
                    times[gate] = list = [];
                }

                list.Add(entry.GetProperty("dur").GetDouble() / 1000);
            }
        }

        return times;
    }
}
