using BatchEval.Core.Json;
using BatchEval.Core.Randomness;
using BatchEval.Core.Sampling;
using BatchEval.Onnx.Blocks;
using BatchEval.Onnx.Graph;
using BatchEval.Onnx.Networks;
using BatchEval.Onnx.Numpy;
using BatchEval.Onnx.Runtime;
using BatchEval.Onnx.Sampling;
using BatchEval.Tests.Shared;

namespace BatchEval.Onnx.Tests.Blocks;

/// <summary>Masks on the bundled model: recorded outputs, sampling with a mask per step, costs, export and refusals.</summary>
public sealed class BlockNetworksTests(DigitsFixture digits) : IClassFixture<DigitsFixture>
{
    private static readonly Candidate Masked = new("dpmpp-2m", [new(900, [1, 6]), new(600, reuse: true), new(400, [6]), new(200), new(80, [1, 6])]);

    private BlockNetworks Networks => (BlockNetworks)digits.Model.Networks;

    [Theory]
    [InlineData(BlockExecution.Gated)]
    [InlineData(BlockExecution.Pruned)]
    public void Dropped_blocks_give_what_PyTorch_recorded(BlockExecution execution)
    {
        using var model = SamplingModel.Open(digits.Package, new DeviceOptions(), execution);
        model.Networks.Blocks.ShouldBe(13);
        for (var block = 0; block < 13; block++)
        {
            Difference(Run(model.Networks.Without([block])), DigitsFixture.Golden("golden_blocks.npz", "single").Values.AsSpan(block * 4096, 4096)).ShouldBeLessThan(1e-4f);
        }

        Difference(Run(model.Networks.Without([])), DigitsFixture.Golden("golden_blocks.npz", "full").Values).ShouldBeLessThan(1e-4f);
        int[] three = [.. Networks.Graph.Blocks.Where(b => b.Name is "u8_attn" or "d16_res1" or "mid_res0").Select(b => b.Id)];
        Difference(Run(model.Networks.Without(three)), DigitsFixture.Golden("golden_blocks.npz", "dropped_u8_attn_d16_res1_mid_res0").Values).ShouldBeLessThan(1e-4f);
    }

    [Fact]
    public void Sampling_with_a_mask_per_step_is_the_same_gated_and_pruned()
    {
        using var pruned = SamplingModel.Open(digits.Package, new DeviceOptions(), BlockExecution.Pruned);
        var work = new[] { (Masked, 0L), (Masked, 1L), (Candidate.At("ddim", [900, 400, 80]), 0L) };
        var first = new SamplingEngine(digits.Model, new NoiseBank(3), Conditions.None, batchSize: 2).Run(work);
        var second = new SamplingEngine(pruned, new NoiseBank(3), Conditions.None).Run(work);

        for (var i = 0; i < work.Length; i++)
        {
            first[i].Failure.ShouldBeNull();
            Difference(first[i].Image, second[i].Image).ShouldBeLessThan(1e-4f);
        }

        first[0].NetworkCalls.ShouldBe(4);
    }

    [Fact]
    public void Costs_are_exact_in_multiply_adds_and_positive_in_time()
    {
        var costs = CostMeasurement.Measure(Networks.Graph, digits.Model.Manifest, digits.Model.Conditioning, new DeviceOptions(), new CostMeasurementOptions(Batch: 4, Rounds: 3));

        costs.Macs.ShouldBe(58458112);
        costs.Milliseconds.ShouldBePositive();
        costs.PeakBytes.ShouldBeInRange(4 * 1034113, 8 * 1034113);
        costs.Blocks.Select(b => b.Name).ShouldBe(Networks.Graph.Blocks.Select(b => b.Name));
        costs.Blocks.ShouldAllBe(b => b.Milliseconds > 0);
        costs.Blocks.Sum(b => b.Milliseconds).ShouldBeLessThan(costs.Milliseconds);
        costs.Of(Masked).Macs.ShouldBe((4 * 58458112.0) - (2 * 4722688) - (3 * 638976));
    }

    [Fact]
    public void An_export_holds_one_plain_file_per_mask_that_computes_the_same()
    {
        var folder = Directory.CreateTempSubdirectory("batcheval-export-").FullName;
        try
        {
            var export = new PrunedExport(Networks.Graph, digits.Model.Manifest, Masked);
            export.Write(folder);

            export.Networks.Select(n => n.File).ShouldBe(["unet-0.onnx", "unet-1.onnx", "unet-2.onnx"]);
            export.Networks[0].DroppedBlocks.ShouldBe(["d16_res1", "mid_attn"]);
            foreach (var (file, drop) in new[] { ("unet-0.onnx", new[] { 1, 6 }), ("unet-1.onnx", [6]), ("unet-2.onnx", []) })
            {
                var model = OnnxModel.Open(Path.Combine(folder, file));
                model.Graph.Node.ShouldNotContain(n => n.OpType == "If");
                model.Graph.Initializer.Select(t => t.Name).Intersect(drop.SelectMany(d => Networks.Graph.Blocks[d].Weights)).ShouldBeEmpty();
                using var plain = new DenoiserNetwork(SessionLoader.Open(Path.Combine(folder, file), new DeviceOptions()), digits.Model.Manifest, file);
                Difference(Run(plain), Run(Networks.Without(drop))).ShouldBeLessThan(1e-5f);
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void The_cache_keeps_the_sessions_used_last()
    {
        using var cache = new PrunedSessionCache(Networks.Graph, digits.Model.Manifest, new DeviceOptions(), capacity: 2);
        var first = cache.Without([1]);
        cache.Without([2]);
        cache.Without([1]).ShouldBeSameAs(first);
        cache.Without([3]);
        cache.Without([1]).ShouldBeSameAs(first);
        cache.Opened.ShouldBe(3);
        cache.Without([2]);
        cache.Opened.ShouldBe(4);
    }

    [Fact]
    public void Blocks_that_do_not_exist_are_named()
    {
        Should.Throw<ProblemException>(() => Networks.Without([3, 13, 40])).Message.ShouldBe("unet.onnx has no block 13, 40; it has blocks 0 to 12.");
        Should.Throw<ProblemException>(() => GraphPruner.Without(Networks.Graph, [-1])).Message.ShouldBe("unet.onnx has no block -1; it has blocks 0 to 12.");
    }

    private static float[] Run(DenoiserNetwork network)
    {
        using var golden = NpzFile.Open(Path.Combine(RepoPaths.Root, "tests", "Golden", "digits", "golden_blocks.npz"));
        float[] Read(string name) => golden.Read(name).ToFloat32();
        var output = new float[4096];
        network.Run(Read("sample"), Read("timestep"), [new Feed("class_labels", Read("class_labels"), [Read("class_labels").Length])], output);
        return output;
    }

    private static float Difference(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        a.Length.ShouldBe(b.Length);
        var largest = 0f;
        for (var i = 0; i < a.Length; i++)
        {
            largest = Math.Max(largest, Math.Abs(a[i] - b[i]));
        }

        return largest;
    }
}
