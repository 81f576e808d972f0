using BatchEval.Workflow.Cells;

namespace BatchEval.Workflow.Scoring;

/// <summary>All that was computed for a cell.</summary>
/// <param name="NetworkCalls">Network calls per sample.</param>
/// <param name="Images">The images; null after a failure.</param>
/// <param name="Features">Features [N, D]; null after a failure or without a feature network.</param>
/// <param name="Psnr">PSNR per image in dB, or null.</param>
/// <param name="Ssim">SSIM per image, or null.</param>
/// <param name="Lpips">Perceptual distance per image, or null.</param>
/// <param name="Failure">Why the cell failed, or null.</param>
/// <param name="Masks">Which rows each sample computed, where a run-time skip policy decides; null otherwise.</param>
public sealed record ScoredCell(
    IReadOnlyList<int> NetworkCalls,
    ImageBatch? Images,
    float[]? Features,
    IReadOnlyList<double>? Psnr,
    IReadOnlyList<double>? Ssim,
    IReadOnlyList<double>? Lpips,
    string? Failure,
    IReadOnlyList<string>? Masks = null)
{
    /// <summary>Class scores [N, K], where they were asked for.</summary>
    public float[]? Logits { get; init; }

    /// <summary>Values per image of further metrics of pairs, by key.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<double>>? Others { get; init; }

    /// <summary>The part that is stored as <c>result.json</c>.</summary>
    public CellResult ToResult(Cell cell, string runId, double milliseconds, long peakBytes)
    {
        ArgumentNullException.ThrowIfNull(cell);
        return new CellResult(cell.Key, cell.Candidate.Id, cell.Range, NetworkCalls, Psnr, Ssim, Lpips, Failure, runId, Math.Round(milliseconds, 3), peakBytes, Masks) { Others = Others };
    }
}
