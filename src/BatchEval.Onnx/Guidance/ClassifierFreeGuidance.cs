using System.Numerics.Tensors;
using BatchEval.Core.Sampling;
using BatchEval.Onnx.Networks;

namespace BatchEval.Onnx.Guidance;

/// <summary>Classifier-free guidance (arXiv 2207.12598), with rescaling (arXiv 2305.08891) and within an interval of noise levels (arXiv 2404.07724).</summary>
internal sealed class ClassifierFreeGuidance(Conditions conditions, ModelManifest manifest)
{
    // A network that takes the scale as an input has learned guidance and is called once.
    private readonly bool embedded = manifest.EmbedsGuidance;

    public double Scale => conditions.GuidanceScale;

    /// <inheritdoc cref="Conditions.GuidanceRescale"/>
    public double Rescale => conditions.GuidanceRescale;

    /// <summary>Whether a row takes a negative evaluation, too; one that is to take an earlier difference does where there is none.</summary>
    public bool Doubles(in DenoiserRow row) => Guides(row.Level) && (row.Guidance == StepGuidance.Full || (row.Guidance == StepGuidance.Cached && row.Difference is null));

    /// <summary>Whether a row takes the difference of an earlier step.</summary>
    public bool Carries(in DenoiserRow row) => row is { Guidance: StepGuidance.Cached, Difference: not null } && Guides(row.Level);

    /// <summary>net = negative + w (positive - negative), in place of the positive output.</summary>
    public float[] Combine(ReadOnlySpan<float> negative, Span<float> positive)
    {
        var difference = new float[positive.Length];
        TensorPrimitives.Subtract(positive, negative, difference);
        Mix(negative, positive);
        return difference;
    }

    /// <summary>The same with the difference of an earlier step, for rows that take it.</summary>
    public void CombineCached(in DenoiserRow row, Span<float> positive)
    {
        if (Carries(row))
        {
            var negative = new float[positive.Length];
            TensorPrimitives.Subtract(positive, row.Difference, negative);
            Mix(negative, positive);
        }
    }

    private bool Guides(NoiseLevel level) => !embedded && conditions.Guides(level);

    private void Mix(ReadOnlySpan<float> negative, Span<float> positive)
    {
        var scale = (float)conditions.GuidanceScale;
        var before = conditions.GuidanceRescale > 0 ? Deviation(positive) : 0;
        for (var i = 0; i < positive.Length; i++)
        {
            positive[i] = negative[i] + (scale * (positive[i] - negative[i]));
        }

        if (before > 0)
        {
            // phi r net + (1 - phi) net with r = std(positive) / std(net)
            var phi = conditions.GuidanceRescale;
            TensorPrimitives.Multiply(positive, (float)((phi * before / Deviation(positive)) + 1 - phi), positive);
        }
    }

    private static double Deviation(ReadOnlySpan<float> values)
    {
        var mean = 0.0;
        foreach (var v in values)
        {
            mean += v;
        }

        mean /= values.Length;
        var sum = 0.0;
        foreach (var v in values)
        {
            sum += (v - mean) * (v - mean);
        }

        return Math.Sqrt(sum / Math.Max(1, values.Length - 1));
    }
}
