using System.Text.Json;
using System.Text.Json.Nodes;
using BatchEval.Core.Sampling;
using BatchEval.Core.Sampling.Solvers;
using BatchEval.Onnx.Blocks;
using BatchEval.Onnx.Graph;
using BatchEval.Onnx.Packages;
using Google.Protobuf;

namespace BatchEval.Onnx.Sampling;

/// <summary>One file of an export; its content is made when it is written.</summary>
/// <param name="Name">File name.</param>
/// <param name="Write">Writes the content.</param>
public sealed record ExportedFile(string Name, Action<Stream> Write);

/// <summary>
/// What a user takes home of a candidate that drops blocks: one plain ONNX file per distinct mask, without gates and dead weights, a
/// description of the sampler row by row, and a Python program that runs both with onnxruntime and numpy alone.
/// </summary>
/// <param name="graph">The network.</param>
/// <param name="manifest">The package's manifest.</param>
/// <param name="candidate">The candidate.</param>
public sealed class PrunedExport(BlockGraph graph, ModelManifest manifest, Candidate candidate)
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, NewLine = "\n" };

    private readonly List<IReadOnlyList<int>> masks = Masks(candidate);

    /// <summary>The networks and <c>sample.py</c>; with <see cref="Sampler"/> in <c>schedule.json</c> they are all that is needed.</summary>
    /// <exception cref="Core.Json.ProblemException">A mask that the network does not allow.</exception>
    public IReadOnlyList<ExportedFile> Files()
    {
        var files = masks.SelectMany((mask, i) => Network(FileOf(i), mask)).ToList();
        files.Add(new ExportedFile("sample.py", WriteProgram));
        if (manifest.Denoiser.ContextFile is { } contexts)
        {
            files.Add(new ExportedFile(Path.GetFileName(contexts), target => Copy(Path.Combine(graph.Model.Folder, contexts), target)));
        }

        return files;
    }

    /// <summary>The member <c>sampler</c> of <c>schedule.json</c>, which <c>sample.py</c> reads.</summary>
    public JsonObject Sampler()
    {
        var plan = new SamplingPlan(candidate, manifest.Schedule, manifest.Denoiser.Prediction);
        var (entry, sample) = (manifest.Denoiser, manifest.Sample);
        return new JsonObject
        {
            ["files"] = new JsonArray([.. masks.Select((_, i) => JsonValue.Create(FileOf(i)))]),
            ["droppedBlocks"] = new JsonArray([.. masks.Select(m => new JsonArray([.. graph.Select(m).Select(b => JsonValue.Create(b.Name))]))]),
            ["names"] = new JsonObject { ["sample"] = entry.SampleInput, ["time"] = entry.TimeInput, ["labels"] = entry.LabelInput, ["context"] = entry.ContextInput, ["output"] = entry.Output },
            ["contexts"] = entry.ContextFile is { } contexts ? Path.GetFileName(contexts) : null,
            ["shape"] = new JsonArray(sample.Channels, sample.Height, sample.Width),
            ["clamp"] = sample.ClampDenoised ? new JsonArray(sample.Low, sample.High) : null,
            ["nullLabel"] = manifest.Labels?.Null,
            ["startScale"] = plan.StartScale,
            ["history"] = plan.Table.History,
            ["rows"] = new JsonArray([.. Enumerable.Range(0, plan.Table.Rows.Count).Select(r => Row(plan, r))]),
        };
    }

    /// <summary>Writes everything into a folder.</summary>
    /// <exception cref="Core.Json.ProblemException">A mask that the network does not allow.</exception>
    public void Write(string folder)
    {
        Directory.CreateDirectory(folder);
        foreach (var file in Files())
        {
            using var stream = File.Create(Path.Combine(folder, file.Name));
            file.Write(stream);
        }

        var schedule = new JsonObject { ["candidate"] = JsonNode.Parse(CandidateJson.Write(candidate)), ["sampler"] = Sampler() };
        File.WriteAllText(Path.Combine(folder, "schedule.json"), schedule.ToJsonString(Indented) + "\n");
    }

    private static List<IReadOnlyList<int>> Masks(Candidate candidate)
    {
        var distinct = new List<IReadOnlyList<int>>();
        foreach (var drop in candidate.Steps.Where(s => !s.Reuse).Select(s => s.Drop))
        {
            if (!distinct.Any(d => d.SequenceEqual(drop)))
            {
                distinct.Add(drop);
            }
        }

        return distinct;
    }

    private string FileOf(int mask) => $"{Path.GetFileNameWithoutExtension(manifest.Denoiser.File)}-{mask}.onnx";

    private IEnumerable<ExportedFile> Network(string name, IReadOnlyList<int> mask)
    {
        var pruned = GraphPruner.Without(graph, mask);
        var external = ExternalWeights.Gather(pruned, graph.Model, $"{name}.data");
        yield return new ExportedFile(name, target => external.Model.WriteTo(target));
        if (external.Ranges.Count > 0)
        {
            yield return new ExportedFile($"{name}.data", external.Write);
        }
    }

    private JsonObject Row(SamplingPlan plan, int index)
    {
        var (row, step) = (plan.Table.Rows[index], plan.StepOf(index));
        return new JsonObject
        {
            ["time"] = row.NetworkTime,
            ["file"] = step.Reuse ? null : FileOf(masks.FindIndex(m => m.SequenceEqual(step.Drop))),
            ["predict"] = new JsonObject { ["state"] = plan.Data[index].FromState, ["network"] = plan.Data[index].FromNetwork },
            ["next"] = Combination(row.Next),
            ["nextAnchor"] = row.NextAnchor is { } anchor ? Combination(anchor) : null,
        };
    }

    private static JsonObject Combination(LinearCombination c) => new()
    {
        ["state"] = c.State, ["anchor"] = c.Anchor, ["raw"] = c.Raw, ["data"] = new JsonArray([.. c.Data.Select(d => JsonValue.Create(d))]), ["noise"] = c.Noise,
    };

    private static void WriteProgram(Stream target)
    {
        using var program = typeof(PrunedExport).Assembly.GetManifestResourceStream("sample.py") ?? throw new InvalidOperationException("sample.py is not embedded.");
        program.CopyTo(target);
    }

    private static void Copy(string path, Stream target)
    {
        using var source = File.OpenRead(path);
        source.CopyTo(target);
    }
}
