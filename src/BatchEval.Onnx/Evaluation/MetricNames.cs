namespace BatchEval.Onnx.Evaluation;

/// <summary>Names of metrics in reports, and which direction is better.</summary>
public static class MetricNames
{
#pragma warning disable CS1591 // The names say it.
    public const string Fid = "fid";
    public const string FidInfinity = "fid-infinity";
    public const string Kid = "kid";
    public const string InceptionScore = "inception-score";
    public const string Precision = "precision";
    public const string Recall = "recall";
    public const string Density = "density";
    public const string Coverage = "coverage";
    public const string Cmmd = "cmmd";
    public const string Mind = "mind";
    public const string Psnr = "psnr-mean-of-images";
    public const string PooledPsnr = "psnr-pooled-error";
    public const string Ssim = "ssim";
    public const string MultiScaleSsim = "ms-ssim";
    public const string Lpips = "lpips";
#pragma warning restore CS1591

    private static readonly string[] LowerIsBetter = [Fid, FidInfinity, Kid, Cmmd, Mind, Lpips];

    /// <summary>Whether smaller values are better.</summary>
    public static bool IsLowerBetter(string metric) => LowerIsBetter.Contains(metric);
}
