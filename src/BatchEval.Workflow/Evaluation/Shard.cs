using System.Text.Json;
using BatchEval.Onnx.Networks;
using BatchEval.Onnx.Runtime;
using BatchEval.Onnx.Sampling;
using BatchEval.Onnx.Text;
using BatchEval.Workflow.Serialization;

namespace BatchEval.Workflow.Evaluation;

/// <summary>
/// The smallest stored result: one candidate on one range of samples. Its key is a digest of everything that can change the samples, so
/// that a resumed run, a second worker, another run or another command finds it instead of computing it again.
/// </summary>
/// <param name="Key">64 hexadecimal digits.</param>
/// <param name="KeepImages">Whether the images must be stored; not part of the key.</param>
/// <param name="ComparedWith">Key of the shard whose images each image must be compared with, or null; not part of the key.</param>
public sealed record Shard(string Key, Candidate Candidate, SampleRange Range, bool KeepImages = false, string? ComparedWith = null)
{
    /// <summary>Raised whenever a change of the code changes a stored result; docs/blob-layout.md lists what changed.</summary>
    public const int CodeVersion = 5;

    /// <summary>Network calls that the shard asks for, before sharing.</summary>
    public long NetworkCalls => (long)Candidate.NetworkCalls * Range.Count;

    public static Shard Create(ShardContext context, Candidate candidate, SampleRange range, bool keepImages = false, string? comparedWith = null)
    {
        var identity = JsonSerializer.Serialize(new { CodeVersion, context, candidate = candidate.Id, range }, WorkflowJson.Options);
        return new Shard(Digest.Of(identity), candidate, range, keepImages, comparedWith);
    }

    /// <summary>Each key once, with all that any of its shards asks for.</summary>
    public static IEnumerable<Shard> Distinct(IEnumerable<Shard> shards) =>
        shards.GroupBy(c => c.Key).Select(g => g.First() with { KeepImages = g.Any(c => c.KeepImages), ComparedWith = g.FirstOrDefault(c => c.ComparedWith is not null)?.ComparedWith });
}

/// <summary>What all shards of an evaluation have in common.</summary>
/// <param name="Label">Label rule of the conditions.</param>
/// <param name="Device">Kind of device, because its arithmetic differs in the last bits.</param>
/// <param name="Guidance">Everything else that the conditions say of guidance, or null where that is nothing.</param>
public sealed record ShardContext(string ModelDigest, ulong Seed, int? Label, double GuidanceScale, string Device, string? Guidance = null)
{
    /// <summary>Digest of the prompts; null where there are none.</summary>
    public string? Prompts { get; init; }

    /// <summary>Null for the loop on the host.</summary>
    public SamplingLoop? Loop { get; init; }

    /// <summary>The context of an evaluation.</summary>
    /// <param name="device">Device as users name it, such as <c>cuda:1</c>; which one of a kind does not matter.</param>
    /// <param name="prompts">What samples are drawn for, or null.</param>
    public static ShardContext Of(string modelDigest, ulong seed, Conditions conditions, string device, PromptSet? prompts = null, SamplingLoop loop = SamplingLoop.Host)
    {
        var plain = Conditions.None with { Label = conditions.Label, GuidanceScale = conditions.GuidanceScale };
        return new ShardContext(modelDigest, seed, conditions.Label, conditions.GuidanceScale, DeviceOptions.KindOf(device), conditions == plain ? null : JsonSerializer.Serialize(conditions))
        {
            Prompts = prompts?.Digest,
            Loop = loop == SamplingLoop.Host ? null : loop,
        };
    }
}
