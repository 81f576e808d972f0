using System.ComponentModel;
using System.Text.Json.Serialization;
using BatchEval.Core.Randomness;
using BatchEval.Core.Sampling;
using BatchEval.Core.Sampling.Solvers;

namespace BatchEval.Onnx.Networks;

/// <summary>What samples are conditioned on, the same for every candidate of a run.</summary>
/// <param name="Label">A class label for all samples; null for none, <see cref="RandomLabel"/> for one drawn per sample.</param>
/// <param name="GuidanceScale">Classifier-free guidance (Ho and Salimans 2022): net = null + scale * (conditional - null); 1 for none.</param>
public sealed record Conditions(
    [property: Description("A class label for all samples, `\"random\"` for one drawn per sample, null for none."), JsonConverter(typeof(LabelConverter))]
    int? Label = null,
    [property: Description("Scale of classifier-free guidance; another value than 1 evaluates the network twice per call."), Bounds(0, 100)]
    double GuidanceScale = 1) : ICheckedData
{
    /// <summary>Label value that means "drawn per sample from the noise bank".</summary>
    public const int RandomLabel = -1;

    /// <summary>Unconditional sampling.</summary>
    public static Conditions None { get; } = new();

    /// <summary>phi of arXiv 2305.08891: how far the guided prediction is brought back to the deviation of the conditional one, 0 to 1; 0 for not at all.</summary>
    [Description("phi of guidance rescale (arXiv 2305.08891): how far the guided prediction is brought back to the deviation of the conditional one."), Bounds(0, 1), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public double GuidanceRescale { get; init; }

    /// <summary>Noise levels sigma / alpha in (low, high] that are guided, others are not; null for all.</summary>
    [Description("`[low, high]`: only noise levels sigma / alpha above the first up to the second are guided (arXiv 2404.07724). Left out: all."), Bounds(0), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<double>? GuidanceInterval { get; init; }

    /// <summary>Scale of classifier guidance, for models that bring a classifier; 0 for none.</summary>
    [Description("Scale of classifier guidance, for models that bring a classifier; 0 for none."), Bounds(0, 1000), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public double ClassifierScale { get; init; }

    /// <summary>True when guided calls need a second, unconditional evaluation, unless the network takes the scale as an input.</summary>
    public bool IsGuided => GuidanceScale != 1;

    /// <summary>Whether guidance acts at a noise level.</summary>
    public bool Guides(NoiseLevel level) => IsGuided && (GuidanceInterval is not [var low, var high] || (level.Ratio > low && level.Ratio <= high));

    public IEnumerable<Problem> Violations() => GuidanceInterval is null || (GuidanceInterval is [var low, var high] && low < high)
        ? []
        : [new Problem("guidanceInterval", $"is [{string.Join(", ", GuidanceInterval)}]; allowed: two noise levels, the lower first, as in [0.28, 5.42].")];

    /// <summary>Checks the conditions against a model.</summary>
    /// <exception cref="ProblemException">The model lacks what they need.</exception>
    public void Check(ModelManifest manifest)
    {
        if (ClassifierScale != 0 && manifest.Classifier is null)
        {
            throw new ProblemException($"The model '{manifest.Name}' brings no classifier, so classifier guidance cannot be asked for.");
        }

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

    /// <summary>Checks the conditions against a sampler.</summary>
    /// <exception cref="ProblemException">They cannot be met with it.</exception>
    public void Check(string solver, CoefficientTable table)
    {
        if (ClassifierScale != 0 && table.IsStochastic)
        {
            throw new ProblemException($"Classifier guidance is computed for solvers that add no noise, and {solver} adds some: there guided-diffusion shifts the mean by the step's variance times the gradient, which is not done here. Use a solver such as ddim, or set classifierScale to 0.");
        }
    }

    public int LabelOf(long sample, LabelsEntry? labels, NoiseBank noise) => labels is null ? 0
        : Label is null ? labels.Null ?? 0
        : Label == RandomLabel ? noise.Label(sample, labels.Count)
        : Label.Value;
}
