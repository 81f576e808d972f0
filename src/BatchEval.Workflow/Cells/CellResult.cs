namespace BatchEval.Workflow.Cells;

/// <summary>The <c>result.json</c> of a cell; features and images lie beside it.</summary>
/// <param name="Key">The cell's key.</param>
/// <param name="Candidate">Id of the candidate.</param>
/// <param name="Range">The samples.</param>
/// <param name="NetworkCalls">Network calls per sample, after run-time skips.</param>
/// <param name="Psnr">PSNR per image against the compared cell, in dB; +infinity for equal images.</param>
/// <param name="Ssim">SSIM per image.</param>
/// <param name="Lpips">Perceptual distance per image.</param>
/// <param name="Failure">Why the cell could not be computed, or null.</param>
/// <param name="ComputedBy">Run that computed it.</param>
/// <param name="Milliseconds">Time spent on its network calls, as measured then.</param>
/// <param name="PeakBytes">Peak memory of the worker, as measured then.</param>
/// <param name="Masks">
/// Which rows each sample computed (<see cref="Core.Sampling.Skipping.StepMask"/>), where a run-time skip policy decides; null otherwise,
/// because then the candidate itself says it.
/// </param>
public sealed record CellResult(
    string Key,
    string Candidate,
    SampleRange Range,
    IReadOnlyList<int> NetworkCalls,
    IReadOnlyList<double>? Psnr,
    IReadOnlyList<double>? Ssim,
    IReadOnlyList<double>? Lpips,
    string? Failure,
    string ComputedBy,
    double Milliseconds,
    long PeakBytes,
    IReadOnlyList<string>? Masks = null)
{
    /// <summary>Values per image of metrics of pairs other than those above, by key; null where there are none.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<double>>? Others { get; init; }

    /// <summary>Values per image of a metric of pairs, or null.</summary>
    public IReadOnlyList<double>? PerImage(string key) => key switch
    {
        "psnr" => Psnr,
        "ssim" => Ssim,
        "lpips" => Lpips,
        _ => Others?.GetValueOrDefault(key),
    };
}
