namespace BatchEval.Onnx.Packages;

/// <summary>How prompts become what a denoiser is fed.</summary>
public enum TextRecipe
{
    /// <summary>Stable Diffusion 1 and 2, LCM: the first encoder's last hidden state.</summary>
    LastHiddenState,

    /// <summary>SDXL: penultimate states of all encoders side by side, pooled output of the last one.</summary>
    Penultimate,

    /// <summary>SD3: penultimate states of two encoders side by side, filled up with zeros to T5's width, T5's rows (zeros without it) behind them; pooled outputs side by side.</summary>
    PenultimateThenT5,
}

/// <summary>Text encoders of a model.</summary>
/// <param name="Recipe">How their outputs are put together.</param>
/// <param name="Encoders">The encoders, in order.</param>
/// <param name="ZeroForNoNegative">Whether zeros stand for a negative prompt that was not given (SDXL's <c>force_zeros_for_empty_prompt</c>).</param>
public sealed record TextEntry(TextRecipe Recipe, IReadOnlyList<TextEncoderEntry> Encoders, bool ZeroForNoNegative)
{
    /// <summary>Rows and width of T5's part where the recipe has one.</summary>
    public (int Rows, int Width) T5 { get; init; } = (256, 4096);
}

/// <summary>One CLIP text encoder.</summary>
/// <param name="File">ONNX file, relative to the package.</param>
/// <param name="Input">Name of the token input [B, S].</param>
/// <param name="Sequence">Name of the output whose rows are fed to the denoiser.</param>
/// <param name="Pooled">Name of the pooled output, or null where it is not used.</param>
/// <param name="Tokenizer">Folder with <c>vocab.json</c> and <c>merges.txt</c>, relative to the package.</param>
public sealed record TextEncoderEntry(string File, string Input, string Sequence, string? Pooled, string Tokenizer);
