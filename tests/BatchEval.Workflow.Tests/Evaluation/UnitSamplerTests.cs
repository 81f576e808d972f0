using BatchEval.Core.Sampling;
using BatchEval.Onnx.Runtime;
using BatchEval.Onnx.Sampling;
using BatchEval.Workflow.Evaluation;

namespace BatchEval.Workflow.Tests.Evaluation;

public class UnitSamplerTests
{
    private static readonly ShardContext Context = new("digest", 1, null, 1, "cpu");
    private static readonly Shard[] Shards = [.. Enumerable.Range(1, 3).Select(t => Shard.Create(Context, Candidate.At("ddim", [t * 100.0]), new SampleRange(0, 8)))];

    [Fact]
    public void When_memory_runs_out_the_batch_is_halved_and_the_rest_of_the_unit_keeps_it()
    {
        var batches = new List<int>();
        var sampler = new UnitSampler(64, (batch, work) =>
        {
            batches.Add(batch);
            return batch > 16 ? throw new NetworkFailedException("unet.onnx failed on a batch of 64: CUDA failure 2: out of memory") : Samples(work);
        });
        var done = sampler.Run(Shards, default);
        batches.ShouldBe([64, 32, 16]);
        done.Keys.ShouldBe(Shards, ignoreOrder: true);
        done[Shards[1]].Select(s => s.Sample).ShouldBe(Shards[1].Range.Indices);
        sampler.Failures.ShouldBeEmpty();
    }

    [Fact]
    public void A_candidate_that_fails_even_in_batches_of_one_fails_alone_with_its_cause_and_leaves_no_result()
    {
        var sampler = new UnitSampler(4, (_, work) => work.Any(w => w.Candidate == Shards[1].Candidate) ? throw new OutOfMemoryException("no more") : Samples(work));
        sampler.Run(Shards, default).Keys.ShouldBe([Shards[0], Shards[2]], ignoreOrder: true);
        sampler.Failures.ShouldHaveSingleItem().Message.ShouldBe($"Candidate {Shards[1].Candidate.ShortId} could not be computed: no more");
    }

    private static SampleResult[] Samples(IEnumerable<(Candidate Candidate, long Sample)> work) => [.. work.Select(w => new SampleResult(w.Sample, 0, [], [], null))];
}
