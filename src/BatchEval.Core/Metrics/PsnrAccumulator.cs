namespace BatchEval.Core.Metrics;

/// <summary>
/// PSNR of a stream of image pairs in both conventions: the mean of per-image values (the lpips repository, piq, most papers) and the PSNR of the squared error
/// pooled over all pixels (torchmetrics' default). Identical images have +infinity dB; in the mean they count as <see cref="Cap"/> dB,
/// and <see cref="IdenticalImages"/> says how many there were.
/// </summary>
public sealed class PsnrAccumulator
{
    /// <summary>Default cap: above it, 8-bit images of up to 150,000 numbers can only be identical.</summary>
    public const double DefaultCap = 100;

    private readonly double peak;
    private readonly RunningStatistics perImage = new();
    private double squaredErrors;
    private long numbers;

    /// <summary>An empty accumulator.</summary>
    /// <param name="peak">Width of the value range: 255 for bytes, 1 for [0, 1], 2 for [-1, 1].</param>
    /// <param name="cap">Largest value of one image in the mean, in dB, above 0.</param>
    public PsnrAccumulator(double peak, double cap = DefaultCap)
    {
        Psnr.RequirePeak(peak);
        if (!(cap > 0 && double.IsFinite(cap))) throw new ArgumentOutOfRangeException(nameof(cap), cap, "The cap must be a finite number of dB above 0.");
        this.peak = peak;
        Cap = cap;
    }

    /// <summary>Largest value of one image in the mean, in dB.</summary>
    public double Cap { get; }

    /// <summary>Pairs without any difference.</summary>
    public long IdenticalImages { get; private set; }

    /// <summary>Mean of the capped per-image values in dB, with the standard error over images.</summary>
    public ScoreWithError MeanOfImages => new(perImage.Mean, perImage.StandardError, perImage.Count, $"PSNR, mean of per-image values capped at {Cap} dB, peak {peak}; standard error over images");

    /// <summary>10 log10(peak^2 / MSE) with the mean over all pixels of all images; +infinity if all are identical, NaN without images. No error is given.</summary>
    public ScoreWithError OfPooledError => new(
        numbers == 0 ? double.NaN : Psnr.FromMeanSquaredError(squaredErrors / numbers, peak), double.NaN, perImage.Count, $"PSNR of the pooled squared error, peak {peak}");

    /// <summary>Adds a pair and returns its PSNR, not capped.</summary>
    public double Add(ReadOnlySpan<float> image, ReadOnlySpan<float> reference)
    {
        var meanSquaredError = Psnr.MeanSquaredError(image, reference);
        var psnr = Psnr.FromMeanSquaredError(meanSquaredError, peak);
        perImage.Add(Math.Min(Cap, psnr));
        squaredErrors += meanSquaredError * image.Length;
        numbers += image.Length;
        if (meanSquaredError == 0) IdenticalImages++;
        return psnr;
    }
}
