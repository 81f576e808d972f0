namespace BatchEval.Core.Metrics;

/// <summary>Peak signal-to-noise ratio, 10 log10(peak^2 / MSE) in dB.</summary>
public static class Psnr
{
    /// <summary>PSNR of one pair of images; +infinity for identical images.</summary>
    /// <param name="reference">Same layout and length.</param>
    /// <param name="peak">Width of the value range: 255 for bytes, 1 for [0, 1], 2 for [-1, 1]. Always stated, never guessed.</param>
    public static double OfImage(ReadOnlySpan<float> image, ReadOnlySpan<float> reference, double peak) =>
        FromMeanSquaredError(MeanSquaredError(image, reference), peak);

    /// <summary>PSNR of a mean squared error; +infinity for 0.</summary>
    public static double FromMeanSquaredError(double meanSquaredError, double peak)
    {
        RequirePeak(peak);
        if (!(meanSquaredError >= 0)) throw new ArgumentOutOfRangeException(nameof(meanSquaredError), meanSquaredError, "A mean squared error is at least 0.");
        return meanSquaredError == 0 ? double.PositiveInfinity : 10 * Math.Log10(peak * peak / meanSquaredError);
    }

    /// <summary>Mean of the squared differences, float64.</summary>
    /// <exception cref="ArgumentException">Different or zero lengths, or a pixel that is not finite.</exception>
    public static double MeanSquaredError(ReadOnlySpan<float> image, ReadOnlySpan<float> reference)
    {
        if (image.Length != reference.Length || image.IsEmpty)
            throw new ArgumentException($"The image has {image.Length} numbers and the reference {reference.Length}; both need the same number, at least 1.");
        var sum = 0.0;
        for (var i = 0; i < image.Length; i++)
        {
            var difference = (double)image[i] - reference[i];
            sum += difference * difference;
        }

        if (!double.IsFinite(sum)) throw new ArgumentException("The image or the reference holds a number that is not finite.");
        return sum / image.Length;
    }

    internal static void RequirePeak(double peak)
    {
        if (!(peak > 0 && double.IsFinite(peak))) throw new ArgumentOutOfRangeException(nameof(peak), peak, "The peak (width of the value range) must be a finite number above 0, for example 255.");
    }
}
