using System.CommandLine;
using System.Globalization;
using BatchEval.Onnx.Networks;
using BatchEval.Onnx.Packages;

namespace BatchEval.Cli.Options;

/// <summary>Options for the seed, labels and guidance.</summary>
internal sealed class ConditionOptions
{
    /// <summary>Creates the options.</summary>
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

    /// <summary>Class label.</summary>
    public Option<string?> Label { get; } = new("--label") { Description = "Class label of all samples, or random for one drawn per sample. Default: none.", HelpName = "n | random" };

    /// <summary>Guidance scale.</summary>
    public Option<double> Guidance { get; } = new("--guidance") { Description = "Scale of classifier-free guidance; 1 for none.", HelpName = "scale", DefaultValueFactory = _ => 1 };

    /// <summary>The seed asked for.</summary>
    public ulong SeedOf(ParseResult parsed) => parsed.GetValue(Seed);

    /// <summary>The conditions asked for, checked against a model.</summary>
    /// <exception cref="Core.Json.ProblemException">The model lacks what they need.</exception>
    public Conditions Read(ParseResult parsed, ModelManifest manifest)
    {
        var conditions = new Conditions(parsed.GetValue(Label) is { } text ? ParseLabel(text) : null, parsed.GetValue(Guidance));
        conditions.Check(manifest);
        return conditions;
    }

    private static int? ParseLabel(string text) => text == "random" ? Conditions.RandomLabel
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var label) ? label : null;
}
