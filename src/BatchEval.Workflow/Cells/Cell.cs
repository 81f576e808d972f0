using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using BatchEval.Core.Sampling;
using BatchEval.Workflow.Serialization;

namespace BatchEval.Workflow.Cells;

/// <summary>
/// The smallest stored result: one candidate on one range of samples. Its key is a digest of everything that can change the result, so
/// that a resumed run, a second worker or another run finds it instead of computing it again.
/// </summary>
/// <param name="Key">64 hexadecimal digits.</param>
/// <param name="Candidate">The candidate.</param>
/// <param name="Range">The samples.</param>
/// <param name="KeepImages">Whether the images are stored.</param>
/// <param name="ComparedWith">Key of the cell whose images each image is compared with, or null.</param>
/// <param name="Extras">What it holds beyond what all cells do (<see cref="Scoring.MeasuredMetrics.Extras"/>), or null.</param>
public sealed record Cell(string Key, Candidate Candidate, SampleRange Range, bool KeepImages, string? ComparedWith, IReadOnlyList<string>? Extras = null)
{
    /// <summary>Raised whenever a change of the code changes a stored result.</summary>
    public const int CodeVersion = 3;

    /// <summary>Network calls that the cell asks for, before sharing.</summary>
    public long NetworkCalls => (long)Candidate.NetworkCalls * Range.Count;

    /// <summary>Creates a cell and its key.</summary>
    public static Cell Create(CellContext context, Candidate candidate, SampleRange range, bool keepImages, string? comparedWith = null, IReadOnlyList<string>? extras = null)
    {
        ArgumentNullException.ThrowIfNull(candidate);
        extras = extras is { Count: > 0 } ? extras : null;
        // Null members are left out, so that cells without extras keep the keys that they always had.
        var identity = JsonSerializer.Serialize(
            new { CodeVersion, context, candidate = candidate.Id, range, keepImages, comparedWith, extras }, WorkflowJson.Options);
        return new Cell(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(identity))), candidate, range, keepImages, comparedWith, extras);
    }
}

/// <summary>What all cells of a run have in common.</summary>
/// <param name="ModelDigest">Digest of the model package.</param>
/// <param name="Seed">Seed of noise and labels.</param>
/// <param name="Label">Label rule of the conditions.</param>
/// <param name="GuidanceScale">Guidance scale.</param>
/// <param name="Device">Kind of device, because its arithmetic differs in the last bits.</param>
public sealed record CellContext(string ModelDigest, ulong Seed, int? Label, double GuidanceScale, string Device);
