using BatchEval.Core.Sampling;
using BatchEval.Onnx.Blocks;
using BatchEval.Onnx.Graph;
using Google.Protobuf;

namespace BatchEval.Onnx.Sampling;

/// <summary>One file of an export; its content is made when it is written.</summary>
public sealed record ExportedFile(string Name, Action<Stream> Write);

/// <summary>One network file of an export.</summary>
/// <param name="Drop">Ids of the blocks that it lacks.</param>
/// <param name="DroppedBlocks">Names of these blocks.</param>
public sealed record ExportedNetwork(IReadOnlyList<int> Drop, string File, IReadOnlyList<string> DroppedBlocks);

/// <summary>What a user takes home of a candidate that drops blocks: one plain ONNX file per distinct mask, without gates and dead weights.</summary>
public sealed class PrunedExport(BlockGraph graph, ModelManifest manifest, Candidate candidate)
{
    private readonly List<IReadOnlyList<int>> masks = Masks(candidate);

    /// <summary>The networks, and the contexts and images where the model has some.</summary>
    /// <exception cref="Core.Json.ProblemException">A mask that the network does not allow.</exception>
    public IReadOnlyList<ExportedFile> Files()
    {
        var files = masks.SelectMany((mask, i) => Network(FileOf(i), mask)).ToList();
        foreach (var rows in new[] { manifest.Denoiser.ContextFile, manifest.Denoiser.ImagesFile }.OfType<string>())
        {
            files.Add(new ExportedFile(Path.GetFileName(rows), target => Copy(Path.Combine(graph.Model.Folder, rows), target)));
        }

        return files;
    }

    /// <summary>The networks' names and what they lack, in the order of <see cref="Files"/>.</summary>
    public IReadOnlyList<ExportedNetwork> Networks => [.. masks.Select((mask, i) => new ExportedNetwork(mask, FileOf(i), [.. graph.Select(mask).Select(b => b.Name)]))];

    /// <summary>Writes the files into a folder.</summary>
    /// <exception cref="Core.Json.ProblemException">A mask that the network does not allow.</exception>
    public void Write(string folder)
    {
        Directory.CreateDirectory(folder);
        foreach (var file in Files())
        {
            using var stream = File.Create(Path.Combine(folder, file.Name));
            file.Write(stream);
        }
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

    private static void Copy(string path, Stream target)
    {
        using var source = File.OpenRead(path);
        source.CopyTo(target);
    }
}
