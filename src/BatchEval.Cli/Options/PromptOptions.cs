using BatchEval.Onnx.Text;

namespace BatchEval.Cli.Options;

/// <summary>Options for models that draw images for prompts.</summary>
internal sealed class PromptOptions
{
    public Option<string?> Prompt { get; } = new("--prompt") { Description = "Text to draw, for text-to-image models.", HelpName = "text" };

    public Option<string?> Prompts { get; } = new("--prompts") { Description = "File of prompts: one a line, JSON lines (prompt, negative, seed, size), or COCO captions. Sample i takes prompt i.", HelpName = "file" };

    /// <summary>What guidance leads away from.</summary>
    public Option<string?> Negative { get; } = new("--negative") { Description = "Negative prompt of all samples. An empty one is not the same as none for SDXL.", HelpName = "text" };

    public Option<string?> Embeddings { get; } = new("--embeddings") { Description = "Precomputed embeddings (.npz with sequence, pooled, negative_sequence, negative_pooled) in place of prompts.", HelpName = "file" };

    public Option<string?> Size { get; } = new("--size") { Description = "Image size in pixels, for diffusers folders. Default: the model's own.", HelpName = "width x height" };

    public IEnumerable<Option> All => [Prompt, Prompts, Negative, Embeddings, Size];

    /// <summary>Opens a model with the size asked for.</summary>
    /// <exception cref="ProblemException">It is no model, or the size does not fit it.</exception>
    public ModelPackage Open(ParseResult parsed, Shell shell, string directory)
    {
        if (parsed.GetValue(Size) is not { } text)
        {
            // A diffusers folder draws the size that the prompts ask for.
            return parsed.GetValue(Prompts) is { } file && File.Exists(Path.Combine(directory, ModelPackage.IndexFile)) && PromptSet.Read(shell.PathOf(file)).Size() is { } own
                ? ModelPackage.Open(directory, c => c with { Size = own })
                : ModelPackage.Open(directory);
        }

        var parts = text.Split('x', StringSplitOptions.TrimEntries);
        if (parts.Length != 2 || !int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var width) || !int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var height) || width < 1 || height < 1)
        {
            throw new ProblemException($"--size is '{text}'; allowed: width x height in pixels, as in 768x512.");
        }

        return File.Exists(Path.Combine(directory, ModelPackage.IndexFile))
            ? ModelPackage.Open(directory, c => c with { Size = (height, width) })
            : throw new ProblemException("--size is for diffusers folders; the size of a model package stands in its manifest.");
    }

    /// <summary>The prompts asked for; null where there are none.</summary>
    /// <exception cref="ProblemException">Options that contradict each other, or a file that cannot be read.</exception>
    public IReadOnlyList<Prompt>? Read(ParseResult parsed, Shell shell, ModelManifest manifest)
    {
        var (one, many, negative) = (parsed.GetValue(Prompt), parsed.GetValue(Prompts), parsed.GetValue(Negative));
        if (one is not null && many is not null)
        {
            throw new ProblemException("--prompt and --prompts exclude each other.");
        }

        if (one is null && many is null)
        {
            return negative is null ? null : throw new ProblemException("--negative needs --prompt or --prompts.");
        }

        if (manifest.Text is null)
        {
            throw new ProblemException($"The model '{manifest.Name}' has no text encoder{(manifest.TakesPrompts ? " that can be read; give --embeddings" : " and takes no prompts")}.");
        }

        var prompts = one is not null ? new PromptSet(null, [new Prompt(one)]) : PromptSet.Read(shell.PathOf(many!));
        prompts.Check(manifest);
        return prompts.WithNegative(negative).Prompts;
    }
}
