using BatchEval.Onnx.Runtime;
using BatchEval.Onnx.Sampling;

namespace BatchEval.Workflow.Evaluation;

/// <summary>
/// Computes the samples of a unit. Only what the computation itself implies, such as an output that is not finite, becomes a result; a failure of
/// the machine never does. When memory runs out the batch is halved, down to one sample.
/// </summary>
/// <param name="batchSize">Most samples in one network call.</param>
/// <param name="compute">Computes samples in batches of a size.</param>
internal sealed class UnitSampler(int batchSize, Func<int, IReadOnlyList<(Candidate Candidate, long Sample)>, SampleResult[]> compute)
{
    private int batchSize = batchSize;

    /// <summary>Why some shards could not be computed, one for each.</summary>
    public List<NetworkFailedException> Failures { get; } = [];

    /// <summary>Computes shards in common batches; after a failure each by itself, so that one that fails does not take the others along.</summary>
    /// <returns>The samples of each shard that could be computed.</returns>
    public Dictionary<Shard, SampleResult[]> Run(IReadOnlyList<Shard> shards, CancellationToken cancellation)
    {
        try
        {
            return Split(shards, Compute(shards, cancellation));
        }
        catch (Exception error) when (error is not OperationCanceledException && shards.Count > 1)
        {
            var done = new Dictionary<Shard, SampleResult[]>();
            foreach (var shard in shards)
            {
                foreach (var (key, samples) in Run([shard], cancellation))
                {
                    done.Add(key, samples);
                }
            }

            return done;
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            Failures.Add(new NetworkFailedException($"Candidate {shards[0].Candidate.ShortId} could not be computed: {ErrorText.Of(error)}", error));
            return [];
        }
    }

    // Images do not depend on the batch, so the rest of the unit keeps a smaller one.
    private SampleResult[] Compute(IReadOnlyList<Shard> shards, CancellationToken cancellation) => BatchHalving.Run(ref batchSize, batch =>
    {
        cancellation.ThrowIfCancellationRequested();
        return compute(batch, [.. shards.SelectMany(Work)]);
    });

    private static IEnumerable<(Candidate Candidate, long Sample)> Work(Shard shard) => shard.Range.Indices.Select(i => (shard.Candidate, i));

    private static Dictionary<Shard, SampleResult[]> Split(IReadOnlyList<Shard> shards, SampleResult[] samples)
    {
        var split = new Dictionary<Shard, SampleResult[]>();
        var from = 0;
        foreach (var shard in shards)
        {
            split[shard] = samples[from..(from + shard.Range.Count)];
            from += shard.Range.Count;
        }

        return split;
    }
}
