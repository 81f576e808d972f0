using BatchEval.Core.Json;
using BatchEval.Core.Randomness;
using BatchEval.Core.Sampling;
using BatchEval.Onnx.Networks;
using BatchEval.Onnx.Packages;
using BatchEval.Onnx.Sampling;
using Type = BatchEval.Onnx.Graph.Proto.TensorProto.Types.DataType;

namespace BatchEval.Onnx.Tests.Networks;

/// <summary>Declared ranks, extents and types as exporters in the wild write them.</summary>
public class DenoiserSignatureTests
{
    [Theory]
    [InlineData(0, new long[] { 1 }, false, null)]
    [InlineData(2, new long[] { 1 }, false, 2)]
    [InlineData(0, new long[] { }, false, null)]
    [InlineData(0, new long[] { 0 }, true, null)]
    [InlineData(2, new long[] { 2 }, true, 2)]
    [InlineData(0, new long[] { 2 }, true, 2)]
    [InlineData(1, new long[] { 1 }, false, 1)]
    public void A_time_of_declared_length_1_is_shared(long batch, long[] time, bool perSample, int? fixedBatch)
    {
        using var network = new SmallGraph([batch, 1, 2, 2], time).Open(SmallGraph.Manifest());
        network.TimePerSample.ShouldBe(perSample);
        network.FixedBatch.ShouldBe(fixedBatch);
    }

    [Theory]
    [InlineData(0, new long[] { 1 })]
    [InlineData(2, new long[] { 1 })]
    [InlineData(2, new long[] { 2 })]
    [InlineData(1, new long[] { 1 })]
    public void Networks_with_a_shared_time_or_a_fixed_batch_sample_what_others_do(long batch, long[] time)
    {
        var expected = Sample(new SmallGraph([0, 1, 2, 2], [0]));
        Sample(new SmallGraph([batch, 1, 2, 2], time)).ShouldBe(expected);
    }

    [Fact]
    public void Batch_sizes_that_contradict_each_other_are_named() =>
        Refusal(new SmallGraph([2, 1, 2, 2], [0]).With("y", [1], Type.Int64), SmallGraph.Manifest(label: "y")).ShouldContain("fixes different batch sizes: 'sample' [2, 1, 2, 2], 'out' [2, 1, 2, 2], 'y' [1].");

    [Fact]
    public void Contexts_of_another_extent_than_declared_are_named()
    {
        using var network = new SmallGraph([0, 1, 2, 2], [0]).With("context", [0, 77, 8]).Open(SmallGraph.Manifest(context: "context"));
        Should.Throw<ProblemException>(() => network.Run(new float[4], [1], [new Feed("context", new float[40], [1, 5, 8])], new float[4])).Message
            .ShouldBe("Input 'context' of small.onnx is declared [batch, 77, 8]; what the model supplies has the shape [1, 5, 8].");
    }

    [Fact]
    public void Labels_may_be_rows_of_zeros_with_a_one_and_none_is_zeros_alone()
    {
        using var network = new SmallGraph([0, 1, 2, 2], [0]).With("y", [0, 3]).Open(SmallGraph.Manifest(label: "y"));
        var output = new float[8];
        network.Run(new float[8], [0, 0], [new Feed("y", [2, 3], [2])], output);
        output.ShouldBe([1 / 3f, 1 / 3f, 1 / 3f, 1 / 3f, 0, 0, 0, 0]);
    }

    [Fact]
    public void An_input_that_nothing_supplies_is_named() =>
        Refusal(new SmallGraph([0, 1, 2, 2], [0]).With("down_block_residual", [0, 1, 2, 2]), SmallGraph.Manifest())
            .ShouldContain("has the input 'down_block_residual' [batch, 1, 2, 2], which nothing supplies; the manifest names sample, timestep.");

    [Fact]
    public void Times_that_are_fractions_are_refused_by_an_input_of_whole_numbers()
    {
        var whole = new SmallGraph([0, 1, 2, 2], [0], Type.Int64);
        Refusal(whole, SmallGraph.Manifest(new SigmaNoiseSchedule(0.002, 80))).ShouldContain("times of the schedule 'sigma' are fractions (0.002 to 80), which rounding would spoil");
        Refusal(whole, SmallGraph.Manifest(new FlowNoiseSchedule(1000))).ShouldContain("times of the schedule 'flow' are fractions");
        using var fits = whole.Open(SmallGraph.Manifest());
    }

    private static string Refusal(SmallGraph graph, ModelManifest manifest) => Should.Throw<ProblemException>(() => graph.Open(manifest)).Message;

    private static float[] Sample(SmallGraph graph)
    {
        var manifest = SmallGraph.Manifest();
        using var model = new SamplingModel(new ModelPackage(".", manifest, "0"), new WholeNetwork(graph.Open(manifest)));
        var engine = new SamplingEngine(model, new NoiseBank(1), Conditions.None, batchSize: 4);
        var candidate = Candidate.At("ddim", [900, 300]);
        return [.. engine.Run([.. Enumerable.Range(0, 5).Select(i => (candidate, (long)i))]).SelectMany(s => s.Image)];
    }
}
