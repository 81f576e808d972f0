using BatchEval.Onnx.Networks;
using Microsoft.ML.OnnxRuntime;

namespace BatchEval.Onnx.Text;

/// <summary>One opened text encoder: token rows in, hidden states and a pooled output out.</summary>
internal sealed class TextEncoder : IDisposable
{
    private readonly InferenceSession session;
    private readonly TextEncoderEntry entry;
    private readonly TensorInput input;

    /// <exception cref="ProblemException">The file does not fit its entry.</exception>
    public TextEncoder(string path, TextEncoderEntry entry, DeviceOptions device)
    {
        this.entry = entry;
        using var parts = new OpenParts();
        session = parts.Add(SessionLoader.Open(path, device));
        input = TensorInput.Find(session.InputMetadata, entry.Input, "input", entry.File);
        if (session.InputMetadata.Keys.FirstOrDefault(k => k != entry.Input) is { } other)
        {
            throw new ProblemException($"{entry.File} has the input '{other}', which nothing supplies; a CLIP text encoder takes token ids alone.");
        }

        parts.Keep();
    }

    /// <summary>Encodes texts one by one, so that a graph with a fixed batch of 1 will do.</summary>
    /// <returns>Rows [N, S, D] and pooled rows [N, D'] or null.</returns>
    public (TensorRows Sequence, TensorRows? Pooled) Encode(IReadOnlyList<IReadOnlyList<int>> rows)
    {
        string[] wanted = entry.Pooled is { } name ? [entry.Sequence, name] : [entry.Sequence];
        var results = rows.Select(ids => Run(ids, wanted)).ToList();
        return (Stack(results.ConvertAll(r => r[0])), wanted.Length == 2 ? Stack(results.ConvertAll(r => r[1])) : null);
    }

    public void Dispose() => session.Dispose();

    // Only outputs that are used are asked for: hidden states of all layers are many.
    private List<(float[] Data, int[] Shape)> Run(IReadOnlyList<int> ids, string[] wanted)
    {
        using var tokens = input.Create([.. ids.Select(i => (float)i)], [1, ids.Count]);
        using var results = NetworkCall.Run(session, entry.File, 1, [input.Name], [tokens], wanted);
        return [.. results.Select(Read)];
    }

    private static (float[] Data, int[] Shape) Read(OrtValue value) => (TensorInput.Read(value), [.. value.GetTensorTypeAndShape().Shape.Select(d => (int)d)]);

    private static TensorRows Stack(List<(float[] Data, int[] Shape)> parts) => new([.. parts.SelectMany(p => p.Data)], [parts.Count, .. parts[0].Shape.Skip(1)]);
}
