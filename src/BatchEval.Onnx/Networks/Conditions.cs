using System.ComponentModel;
using System.Text.Json.Serialization;
using BatchEval.Core.Json;
using BatchEval.Core.Randomness;
using BatchEval.Onnx.Packages;

namespace BatchEval.Onnx.Networks;

/// <summary>What samples are conditioned on, the same for every candidate of a run.</summary>
/// <param name="Label">A class label for all samples; null for none, <see cref="RandomLabel"/> for one drawn per sample.</param>
/// <param name="GuidanceScale">Classifier-free guidance (Ho and Salimans 2022): net = null + scale * (conditional - null); 1 for none.</param>
public sealed record Conditions(
    [property: Description("A class label for all samples, `\"random\"` for one drawn per sample, null for none."), JsonConverter(typeof(LabelConverter))]
    int? Label = null,
    [property: Description("Scale of classifier-free guidance; another value than 1 evaluates the network twice per call."), Bounds(0, 100)]
    double GuidanceScale = 1)
{
    /// <summary>Label value that means "drawn per sample from the noise bank".</summary>
    public const int RandomLabel = -1;

    /// <summary>Unconditional sampling.</summary>
    public static Conditions None { get; } = new();

    /// <summary>phi of arXiv 2305.08891: how far the guided prediction is brought back to the deviation of the conditional one, 0 to 1; 0 for not at all.</summary>
    [JsonIgnore]
    public double GuidanceRescale { get; init; }

    /// <summary>Noise levels sigma / alpha in (Low, High] that are guided, others are not; null for all.</summary>
    [JsonIgnore]
    public (double Low, double High)? GuidanceInterval { get; init; }

    /// <summary>Scale of classifier guidance, for models that bring a classifier; 0 for none.</summary>
    [JsonIgnore]
    public double ClassifierScale { get; init; }

    /// <summary>True when guided calls need a second, unconditional evaluation, unless the network takes the scale as an input.</summary>
    public bool IsGuided => GuidanceScale != 1;

    /// <summary>Checks the conditions against a model.</summary>
    /// <exception cref="ProblemException">The model lacks what they need.</exception>
    public void Check(ModelManifest manifest)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        if (manifest.Labels is not { } labels)
        {
            if (Label is not null || (IsGuided && !manifest.TakesPrompts && !manifest.EmbedsGuidance))
            {
                throw new ProblemException(manifest.TakesPrompts
                    ? $"The model '{manifest.Name}' takes prompts and no class labels."
                    : $"The model '{manifest.Name}' takes no class labels, so neither a label nor guidance can be asked for.");
            }

            return;
        }

        if (Label is { } label && label != RandomLabel && label >= labels.Count)
        {
            throw new ProblemException($"Label {label} does not exist; the model '{manifest.Name}' has labels 0 to {labels.Count - 1}.");
        }

        if (labels.Null is null && (Label is null || IsGuided))
        {
            throw new ProblemException($"The model '{manifest.Name}' has no null label, so it cannot sample without a label or with guidance.");
        }
    }

    /// <summary>The label of one sample.</summary>
    public int LabelOf(long sample, LabelsEntry? labels, NoiseBank noise)
    {
        ArgumentNullException.ThrowIfNull(noise);
        return labels is null ? 0
            : Label is null ? labels.Null ?? 0
            : Label == RandomLabel ? noise.Label(sample, labels.Count)
            : Label.Value;
    }
}
