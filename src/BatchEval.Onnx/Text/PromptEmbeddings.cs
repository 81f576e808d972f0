using BatchEval.Onnx.Networks;
using BatchEval.Onnx.Numpy;

namespace BatchEval.Onnx.Text;

/// <summary>Encoded prompts, one row each, and their negative counterparts.</summary>
/// <param name="Sequence">[P, S, D].</param>
/// <param name="Pooled">[P, D'], or null where the model takes none.</param>
/// <param name="NegativeSequence">[P or 1, S, D], or null.</param>
/// <param name="NegativePooled">[P or 1, D'], or null.</param>
public sealed record PromptEmbeddings(TensorRows Sequence, TensorRows? Pooled, TensorRows? NegativeSequence, TensorRows? NegativePooled)
{
    /// <summary>Names of the arrays in a file of precomputed embeddings.</summary>
    public static IReadOnlyList<string> Names { get; } = ["sequence", "pooled", "negative_sequence", "negative_pooled"];

    public int Count => Sequence.Count;

    /// <summary>Reads a NumPy archive with the arrays <see cref="Names"/>, of which only the first is needed by every model.</summary>
    /// <exception cref="ProblemException">The file is missing, or an array is missing or has another shape.</exception>
    public static PromptEmbeddings Read(string path)
    {
        if (!File.Exists(path))
        {
            throw new ProblemException($"The file of embeddings '{path}' does not exist.");
        }

        using var file = NpzFile.Open(path);
        return Read(file, path);
    }

    /// <summary>Reads an opened archive.</summary>
    /// <exception cref="ProblemException">An array is missing or has another shape.</exception>
    public static PromptEmbeddings Read(NpzFile file, string path)
    {
        TensorRows? Rows(string name, int rank)
        {
            if (!file.Contains(name))
            {
                return null;
            }

            var array = file.Read(name);
            return array.Shape.Count == rank && array.Shape.All(d => d > 0)
                ? new TensorRows(array.ToFloat32(), array.Shape)
                : throw new ProblemException($"'{name}' in '{path}' has shape [{string.Join(", ", array.Shape)}]; {(rank == 3 ? "sequences have [prompts, tokens, dimensions]" : "pooled embeddings have [prompts, dimensions]")}.");
        }

        var sequence = Rows(Names[0], 3) ?? throw new ProblemException($"'{path}' has no array 'sequence'; it takes: {string.Join(", ", Names)}.");
        return new PromptEmbeddings(sequence, Rows(Names[1], 2), Rows(Names[2], 3), Rows(Names[3], 2));
    }

    /// <summary>Writes what <see cref="Read(string)"/> reads.</summary>
    public void Write(Stream stream) => NpzWriter.Write(stream, Names.Zip(new[] { Sequence, Pooled, NegativeSequence, NegativePooled })
        .Where(a => a.Second is not null).Select(a => (a.First, NpyArray.From(a.Second!.Data, [.. a.Second.Shape]))));

    /// <summary>Bytes in memory.</summary>
    public long Bytes => new[] { Sequence, Pooled, NegativeSequence, NegativePooled }.Sum(rows => (long)(rows?.Data.Length ?? 0) * sizeof(float));
}

/// <summary>The encoded prompts of a set, not all of which need be in memory.</summary>
/// <param name="Count">Number of prompts; sample i takes prompt i modulo it.</param>
/// <param name="Of">Where a prompt lies: what was encoded together, and its number there.</param>
public sealed record EncodedPrompts(int Count, Func<int, (PromptEmbeddings Encoded, int Row)> Of)
{
    /// <summary>All of them, encoded together.</summary>
    public EncodedPrompts(PromptEmbeddings all)
        : this(all.Count, row => (all, row))
    {
    }

    /// <summary>The inputs of a denoiser that they supply.</summary>
    /// <exception cref="ProblemException">The denoiser takes a pooled embedding and there is none.</exception>
    public IEnumerable<IConditionSource> Sources(DenoiserEntry denoiser)
    {
        if (denoiser.ContextInput is { } context)
        {
            yield return new PromptSource(context, Count, prompt => Of(prompt) is var (encoded, row) ? (encoded.Sequence, encoded.NegativeSequence, row) : default);
        }

        if (denoiser.Conditions.TryGetValue(ConditionRole.Pooled, out var pooled))
        {
            var missing = new ProblemException($"The denoiser takes pooled embeddings ('{pooled}'), and the prompts were encoded without.");
            yield return Of(0).Encoded.Pooled is null ? throw missing
                : new PromptSource(pooled, Count, prompt => Of(prompt) is var (encoded, row) ? (encoded.Pooled ?? throw missing, encoded.NegativePooled, row) : default);
        }

        if (denoiser.Conditions.TryGetValue(ConditionRole.TextIds, out var ids))
        {
            var tokens = Of(0).Encoded.Sequence.Shape[1];
            yield return new ConstantSource(ids, new float[tokens * 3], [tokens, 3], perSample: false);
        }
    }
}
