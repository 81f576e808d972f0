namespace BatchEval.Core.Metrics;

/// <summary>What the network gives at one tap for a pair of images, and the tap's trained weights.</summary>
/// <param name="Image">Channels x H x W features of the image, plane after plane.</param>
/// <param name="Reference">Features of the reference, same shape.</param>
/// <param name="Shape">Channels, height and width of the tap.</param>
/// <param name="LinearWeights">One non-negative weight per channel: the 1 x 1 'lin' convolution of LPIPS v0.1.</param>
public sealed record LpipsTap(ReadOnlyMemory<float> Image, ReadOnlyMemory<float> Reference, ImageShape Shape, ReadOnlyMemory<float> LinearWeights);

/// <summary>
/// The part of LPIPS v0.1 (Zhang et al. 2018, equation 1) behind the network: at every position divide the channels by (sqrt(sum_c f_c^2) + 1e-10), take squared differences,
/// weight them by the 'lin' layer, average over positions, sum over taps. The epsilon is outside the root, as in the lpips repository (torchmetrics puts 1e-8 inside).
/// </summary>
public static class LpipsReduction
{
    private const double Epsilon = 1e-10;

    /// <summary>LPIPS distance of one pair, at least 0; exactly 0 for identical features.</summary>
    /// <param name="taps">At least one tap: five for AlexNet and VGG16, seven for SqueezeNet.</param>
    public static double Distance(IReadOnlyList<LpipsTap> taps)
    {
        ArgumentNullException.ThrowIfNull(taps);
        if (taps.Count == 0) throw new ArgumentException("LPIPS needs at least one tap.", nameof(taps));
        var sum = 0.0;
        for (var l = 0; l < taps.Count; l++) sum += OfTap(taps[l], l);
        return sum;
    }

    private static double OfTap(LpipsTap tap, int index)
    {
        var shape = tap.Shape;
        var x = tap.Image.Span;
        var y = tap.Reference.Span;
        var w = tap.LinearWeights.Span;
        shape.Require(x, y);
        RequireWeights(w, shape.Channels, index);
        var positions = shape.PlaneLength;
        var (scaleX, scaleY) = (InverseLengths(x, shape), InverseLengths(y, shape));
        var sum = 0.0;
        for (var c = 0; c < shape.Channels; c++)
        {
            var (start, plane) = (c * positions, 0.0);
            for (var p = 0; p < positions; p++)
            {
                var difference = (x[start + p] * scaleX[p]) - (y[start + p] * scaleY[p]);
                plane += difference * difference;
            }

            sum += w[c] * plane;
        }

        if (!double.IsFinite(sum)) throw new ArgumentException($"Tap {index} of the LPIPS network holds features that are not finite.");
        return sum / positions;
    }

    private static double[] InverseLengths(ReadOnlySpan<float> features, ImageShape shape)
    {
        var scale = new double[shape.PlaneLength];
        for (var c = 0; c < shape.Channels; c++)
        {
            var plane = features.Slice(c * scale.Length, scale.Length);
            for (var p = 0; p < scale.Length; p++) scale[p] += (double)plane[p] * plane[p];
        }

        for (var p = 0; p < scale.Length; p++) scale[p] = 1 / (Math.Sqrt(scale[p]) + Epsilon);
        return scale;
    }

    private static void RequireWeights(ReadOnlySpan<float> weights, int channels, int index)
    {
        if (weights.Length != channels)
            throw new ArgumentException($"Tap {index} has {channels} channels but {weights.Length} linear weights; the weight file belongs to another backbone.");
        foreach (var weight in weights)
        {
            if (!(weight >= 0)) throw new ArgumentException($"Tap {index} has a linear weight of {weight}; LPIPS weights are never negative, so the weights were not loaded.");
        }
    }
}
