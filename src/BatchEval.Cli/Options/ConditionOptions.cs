using BatchEval.Onnx.Networks;

namespace BatchEval.Cli.Options;

/// <summary>Options for the seed, labels and guidance.</summary>
internal sealed class ConditionOptions
{
    public ConditionOptions()
    {
        Label.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string?>() is { } text && ParseLabel(text) is null)
            {
                result.AddError($"--label is '{text}'; allowed: a label number, or random.");
            }
        });
        Guidance.Validators.Add(result =>
        {
            if (result.Tokens.Count > 0 && double.TryParse(result.Tokens[0].Value, CultureInfo.InvariantCulture, out var scale) && !(scale >= 0 && scale <= 100))
            {
                result.AddError($"--guidance is {scale}; allowed: 0 to 100.");
            }
        });
    }

    /// <summary>Seed of noise and labels.</summary>
    public Option<ulong> Seed { get; } = new("--seed") { Description = "Seed of noise and labels.", HelpName = "n", DefaultValueFactory = _ => 0 };

    public Option<string?> Label { get; } = new("--label") { Description = "Class label of all samples, or random for one drawn per sample. Default: none.", HelpName = "n | random" };

    public Option<double?> Guidance { get; } = new("--guidance") { Description = "Scale of classifier-free guidance; 1 for none. Default: none, or what the pipeline of a diffusers folder uses.", HelpName = "scale" };

    /// <summary>How far guided predictions are brought back to the deviation of conditional ones.</summary>
    public Option<double?> Rescale { get; } = new("--guidance-rescale") { Description = "phi of guidance rescale, 0 to 1 (arXiv 2305.08891). Default: 0.", HelpName = "phi" };

    /// <summary>Noise levels that are guided.</summary>
    public Option<string?> Interval { get; } = new("--guidance-interval") { Description = "Noise levels sigma that are guided, above the first up to the second, as in 0.28,5.42 (arXiv 2404.07724). Default: all.", HelpName = "low,high" };

    /// <summary>Scale of classifier guidance.</summary>
    public Option<double?> Classifier { get; } = new("--classifier-scale") { Description = "Scale of classifier guidance, for models with a classifier. Default: 0.", HelpName = "scale" };

    public ulong SeedOf(ParseResult parsed) => parsed.GetValue(Seed);

    /// <summary>The conditions asked for, checked against a model; <paramref name="guidance"/> is the scale where none is asked for.</summary>
    /// <exception cref="ProblemException">The model lacks what they need.</exception>
    public Conditions Read(ParseResult parsed, ModelManifest manifest, double? guidance = null)
    {
        var conditions = new Conditions(parsed.GetValue(Label) is { } text ? ParseLabel(text) : null, manifest.GuidanceOf(parsed.GetValue(Guidance) ?? guidance ?? manifest.Defaults.Guidance ?? 1))
        {
            GuidanceRescale = parsed.GetValue(Rescale) ?? 0, GuidanceInterval = ReadInterval(parsed.GetValue(Interval)), ClassifierScale = parsed.GetValue(Classifier) ?? 0,
        };
        conditions.Check(manifest);
        return conditions;
    }

    private static double[]? ReadInterval(string? text)
    {
        if (text is null)
        {
            return null;
        }

        var parts = text.Split(',');
        return parts.Length == 2 && double.TryParse(parts[0], CultureInfo.InvariantCulture, out var low) && double.TryParse(parts[1], CultureInfo.InvariantCulture, out var high) && low < high
            ? [low, high]
            : throw new ProblemException($"--guidance-interval is '{text}'; allowed: two noise levels, the lower first, as in 0.28,5.42.");
    }

    private static int? ParseLabel(string text) => text == "random" ? Conditions.RandomLabel
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var label) ? label : null;
}
