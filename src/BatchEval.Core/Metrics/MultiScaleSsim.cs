namespace BatchEval.Core.Metrics;

/// <summary>
/// Multi-scale structural similarity (Wang, Simoncelli and Bovik 2003): the product over scales of contrast-structure to the power of the scale's weight, with full SSIM
/// at the last scale; each scale halves the image by 2 x 2 means (an odd last row or column is left out, as in torchmetrics). Negative factors count as 0,
/// as in piq and torchmetrics. Per channel, then the mean.
/// </summary>
internal static class MultiScaleSsim
{
    /// <summary>The weights of the paper's five scales.</summary>
    public static IReadOnlyList<double> DefaultWeights { get; } = [0.0448, 0.2856, 0.3001, 0.2363, 0.1333];

    /// <summary>MS-SSIM of one pair, 0 to 1; exactly 1 for identical images.</summary>
    /// <param name="image">C x H x W numbers, plane after plane.</param>
    /// <param name="reference">Same shape.</param>
    /// <param name="shape">Shape of both; both sides at least window size x 2^(scales - 1), 176 by default.</param>
    /// <param name="options">Value range and window.</param>
    /// <param name="weights">Weights of the scales from fine to coarse; null for <see cref="DefaultWeights"/>.</param>
    public static double OfImage(ReadOnlySpan<float> image, ReadOnlySpan<float> reference, ImageShape shape, SsimOptions options, IReadOnlyList<double>? weights = null)
    {
        options.Validate();
        shape.Require(image, reference);
        weights ??= DefaultWeights;
        if (weights.Count == 0 || weights.Any(w => !(w >= 0))) throw new ArgumentException("MS-SSIM needs at least one weight, and none below 0.", nameof(weights));
        var needed = (long)options.WindowSize << (weights.Count - 1);
        if (Math.Min(shape.Height, shape.Width) < needed)
            throw new ArgumentException($"An image of {shape.Height} x {shape.Width} pixels is too small for MS-SSIM with {weights.Count} scales and a window of {options.WindowSize}: both sides need {needed} pixels. Use SSIM, or fewer scales (and say so).");
        var window = new GaussianWindow(options.WindowSize, options.Sigma);
        var sum = 0.0;
        for (var c = 0; c < shape.Channels; c++)
            sum += OfPlane(Ssim.Plane(image, shape, c), Ssim.Plane(reference, shape, c), shape.Height, shape.Width, window, options, weights);
        return sum / shape.Channels;
    }

    private static double OfPlane(double[] x, double[] y, int height, int width, GaussianWindow window, SsimOptions options, IReadOnlyList<double> weights)
    {
        var product = 1.0;
        for (var scale = 0; scale < weights.Count; scale++)
        {
            var (ssim, contrastStructure) = Ssim.OfPlane(x, y, height, width, window, options);
            var factor = scale == weights.Count - 1 ? ssim : contrastStructure;
            product *= Math.Pow(Math.Max(0, factor), weights[scale]);
            (x, y) = (Halve(x, height, width), Halve(y, height, width));
            (height, width) = (height / 2, width / 2);
        }

        return product;
    }

    private static double[] Halve(double[] plane, int height, int width)
    {
        var (outHeight, outWidth) = (height / 2, width / 2);
        var half = new double[outHeight * outWidth];
        for (var i = 0; i < outHeight; i++)
        {
            for (var j = 0; j < outWidth; j++)
            {
                var at = (2 * i * width) + (2 * j);
                half[(i * outWidth) + j] = (plane[at] + plane[at + 1] + plane[at + width] + plane[at + width + 1]) / 4;
            }
        }

        return half;
    }
}
