namespace BatchEval.Core.Metrics;

/// <summary>Settings of <see cref="Ssim"/> and <see cref="MultiScaleSsim"/>.</summary>
/// <param name="Peak">Width of the value range: 255 for bytes, 1 for [0, 1], 2 for [-1, 1].</param>
/// <param name="WindowSize">Odd, at least 3; 11 in the paper.</param>
/// <param name="Sigma">Width of the window in pixels; 1.5 in the paper.</param>
/// <param name="K1">0.01 in the paper.</param>
/// <param name="K2">0.03 in the paper.</param>
public sealed record SsimOptions(double Peak, int WindowSize = 11, double Sigma = 1.5, double K1 = 0.01, double K2 = 0.03)
{
    internal void Validate()
    {
        Psnr.RequirePeak(Peak);
        if (WindowSize < 3 || WindowSize % 2 == 0) throw new ArgumentException($"The SSIM window is {WindowSize} pixels; it must be an odd number from 3 on.");
        if (!(Sigma > 0)) throw new ArgumentException($"The SSIM window has sigma {Sigma}; it must be above 0.");
        if (!(K1 > 0 && K2 > 0)) throw new ArgumentException($"K1 = {K1} and K2 = {K2}; both must be above 0.");
    }
}

/// <summary>
/// Structural similarity (Wang et al. 2004) with a Gaussian window, population covariances, and only windows that lie wholly within the image; per channel, then the mean.
/// Equals scikit-image's <c>structural_similarity(gaussian_weights=True, sigma=1.5, use_sample_covariance=False, channel_axis=0)</c>. There is no down-sampling
/// beforehand (piq does that by default). Images smaller than the window are refused: a smaller window is another metric and must be asked for by name.
/// </summary>
public static class Ssim
{
    /// <summary>SSIM of one pair, -1 to 1; exactly 1 for identical images.</summary>
    /// <param name="image">C x H x W numbers, plane after plane.</param>
    /// <param name="reference">Same shape.</param>
    /// <param name="shape">Shape of both; height and width at least the window size.</param>
    /// <param name="options">Value range and window.</param>
    public static double OfImage(ReadOnlySpan<float> image, ReadOnlySpan<float> reference, ImageShape shape, SsimOptions options)
    {
        options.Validate();
        shape.Require(image, reference);
        RequireWindow(shape.Height, shape.Width, options.WindowSize);
        var window = new GaussianWindow(options.WindowSize, options.Sigma);
        var sum = 0.0;
        for (var c = 0; c < shape.Channels; c++)
        {
            var (x, y) = (Plane(image, shape, c), Plane(reference, shape, c));
            sum += OfPlane(x, y, shape.Height, shape.Width, window, options).Ssim;
        }

        return sum / shape.Channels;
    }

    internal static double[] Plane(ReadOnlySpan<float> image, ImageShape shape, int channel)
    {
        var plane = new double[shape.PlaneLength];
        var from = image.Slice(channel * plane.Length, plane.Length);
        for (var i = 0; i < plane.Length; i++)
        {
            if (!float.IsFinite(from[i])) throw new ArgumentException($"Pixel {i} of channel {channel} is {from[i]}; it must be finite.");
            plane[i] = from[i];
        }

        return plane;
    }

    /// <summary>Means over all windows of SSIM (equation 13) and of its contrast-structure part.</summary>
    internal static (double Ssim, double ContrastStructure) OfPlane(double[] x, double[] y, int height, int width, GaussianWindow window, SsimOptions options)
    {
        var (c1, c2) = (Math.Pow(options.K1 * options.Peak, 2), Math.Pow(options.K2 * options.Peak, 2));
        var (muX, muY) = (window.Filter(x, height, width), window.Filter(y, height, width));
        var xx = window.Filter(Product(x, x), height, width);
        var yy = window.Filter(Product(y, y), height, width);
        var xy = window.Filter(Product(x, y), height, width);
        var (ssim, contrastStructure) = (0.0, 0.0);
        for (var i = 0; i < muX.Length; i++)
        {
            var (varianceX, varianceY, covariance) = (xx[i] - (muX[i] * muX[i]), yy[i] - (muY[i] * muY[i]), xy[i] - (muX[i] * muY[i]));
            var cs = ((2 * covariance) + c2) / (varianceX + varianceY + c2);
            contrastStructure += cs;
            ssim += cs * (((2 * muX[i] * muY[i]) + c1) / ((muX[i] * muX[i]) + (muY[i] * muY[i]) + c1));
        }

        return (ssim / muX.Length, contrastStructure / muX.Length);
    }

    private static void RequireWindow(int height, int width, int size)
    {
        if (Math.Min(height, width) >= size) return;
        var largest = (Math.Min(height, width) - 1) / 2 * 2 + 1;
        var hint = largest >= 3 ? $" A window of {largest} pixels would fit (SsimOptions.WindowSize), but its values cannot be compared with the usual ones." : string.Empty;
        throw new ArgumentException($"An image of {height} x {width} pixels is smaller than the SSIM window of {size} x {size}.{hint}");
    }

    private static double[] Product(double[] x, double[] y)
    {
        var product = new double[x.Length];
        for (var i = 0; i < x.Length; i++) product[i] = x[i] * y[i];
        return product;
    }
}
