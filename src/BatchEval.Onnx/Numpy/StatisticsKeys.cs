namespace BatchEval.Onnx.Numpy;

/// <summary>Names of the arrays in a statistics file.</summary>
/// <param name="Count">Number of samples, a single integer; optional in a file.</param>
public sealed record StatisticsKeys(string Mean = "mu", string Covariance = "sigma", string Count = "count")
{
    /// <summary><c>mu</c> and <c>sigma</c>: pytorch-fid, clean-fid and the guided-diffusion evaluator.</summary>
    public static StatisticsKeys Default { get; } = new();

    /// <summary><c>mu_s</c> and <c>sigma_s</c>: the spatial statistics (sFID) of the guided-diffusion evaluator.</summary>
    public static StatisticsKeys Spatial { get; } = new("mu_s", "sigma_s", "count_s");
}
