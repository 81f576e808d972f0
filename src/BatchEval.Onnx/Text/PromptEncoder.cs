using BatchEval.Onnx.Networks;

namespace BatchEval.Onnx.Text;

/// <summary>Encodes prompts with a model's text encoders, one of them open at a time.</summary>
/// <param name="device">Where encoders run.</param>
/// <param name="warn">Told of texts that do not fit.</param>
public sealed class PromptEncoder(ModelPackage package, DeviceOptions device, Action<string>? warn = null)
{
    /// <summary>Encodes a set.</summary>
    /// <exception cref="ProblemException">The model has no text encoders, or their files do not fit.</exception>
    public PromptEmbeddings Encode(IReadOnlyList<Prompt> prompts)
    {
        var text = package.Manifest.Text ?? throw new ProblemException($"The model '{package.Manifest.Name}' has no text encoders.");
        // Each distinct text is encoded once; negative ones too, "" where none was given.
        string[] texts = [.. prompts.Select(p => p.Text).Concat(prompts.Select(p => p.Negative ?? string.Empty)).Distinct(StringComparer.Ordinal)];
        var encoded = text.Encoders.Select(e => Encode(e, texts)).ToList();
        var (sequence, pooled) = Join(text, encoded);
        int[] positive = [.. prompts.Select(p => Array.IndexOf(texts, p.Text))];
        // One row does for all where negative prompts are equal.
        int[] negative = [.. (prompts.DistinctBy(p => p.Negative).Count() == 1 ? prompts.Take(1) : prompts).Select(p => p.Negative is null && text.ZeroForNoNegative ? -1 : Array.IndexOf(texts, p.Negative ?? string.Empty))];
        return new PromptEmbeddings(Select(sequence, positive)!, Select(pooled, positive), Select(sequence, negative), Select(pooled, negative));
    }

    /// <summary>The part of each text that does not fit into a model's rows of tokens, or null where all of it does.</summary>
    public static IReadOnlyList<string?> Lost(ModelPackage package, IEnumerable<string> texts)
    {
        ClipTokenizer[] tokenizers = [.. (package.Manifest.Text?.Encoders ?? []).Select(e => ClipTokenizer.Open(package.PathOf(e.Tokenizer)))];
        return [.. texts.Select(text => tokenizers.Select(t => t.Row(text).Lost).FirstOrDefault(l => l is not null))];
    }

    private (TensorRows Sequence, TensorRows? Pooled) Encode(TextEncoderEntry entry, string[] texts)
    {
        var tokenizer = ClipTokenizer.Open(package.PathOf(entry.Tokenizer));
        TokenRow[] rows = [.. texts.Select(tokenizer.Row)];
        foreach (var (row, text) in rows.Zip(texts).Where(r => r.First.Lost is not null))
        {
            warn?.Invoke($"{entry.Tokenizer}: a prompt has more than {tokenizer.Length - 2} tokens; this part of it is left out: '{row.Lost}' (of '{text}').");
        }

        using var encoder = new TextEncoder(package.PathOf(entry.File), entry, device);
        return encoder.Encode([.. rows.Select(r => r.Ids)]);
    }

    private static (TensorRows Sequence, TensorRows? Pooled) Join(TextEntry text, List<(TensorRows Sequence, TensorRows? Pooled)> encoded) => text.Recipe switch
    {
        TextRecipe.LastHiddenState => encoded[0],
        TextRecipe.Penultimate => (Beside([.. encoded.Select(e => e.Sequence)]), encoded[^1].Pooled),
        _ => (Behind(Beside([.. encoded.Select(e => e.Sequence)]), text.T5), Beside([.. encoded.Select(e => e.Pooled ?? throw new ProblemException("An encoder of this model has no pooled output."))])),
    };

    // Along the last dimension.
    private static TensorRows Beside(IReadOnlyList<TensorRows> parts)
    {
        var (shape, width) = (parts[0].Shape, parts.Sum(p => p.Shape[^1]));
        var vectors = parts[0].Data.Length / shape[^1];
        var data = new float[vectors * width];
        var at = 0;
        foreach (var part in parts)
        {
            var own = part.Shape[^1];
            for (var v = 0; v < vectors; v++)
            {
                part.Data.AsSpan(v * own, own).CopyTo(data.AsSpan((v * width) + at));
            }

            at += own;
        }

        return new TensorRows(data, [.. shape.Take(shape.Count - 1), width]);
    }

    // Filled up with zeros to T5's width, and zeros in place of T5's rows.
    private static TensorRows Behind(TensorRows clip, (int Rows, int Width) t5)
    {
        var (count, tokens, own) = (clip.Shape[0], clip.Shape[1], clip.Shape[2]);
        var data = new float[count * (tokens + t5.Rows) * t5.Width];
        for (var v = 0; v < count * tokens; v++)
        {
            var row = (v / tokens * (tokens + t5.Rows)) + (v % tokens);
            clip.Data.AsSpan(v * own, own).CopyTo(data.AsSpan(row * t5.Width));
        }

        return new TensorRows(data, [count, tokens + t5.Rows, t5.Width]);
    }

    // -1 stands for zeros.
    private static TensorRows? Select(TensorRows? from, int[] rows)
    {
        if (from is null)
        {
            return null;
        }

        var data = new float[rows.Length * from.RowSize];
        for (var i = 0; i < rows.Length; i++)
        {
            if (rows[i] >= 0)
            {
                from[rows[i]].CopyTo(data.AsSpan(i * from.RowSize));
            }
        }

        return new TensorRows(data, [rows.Length, .. from.Shape.Skip(1)]);
    }
}
