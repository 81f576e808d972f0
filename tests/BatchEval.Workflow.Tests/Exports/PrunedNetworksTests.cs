using System.Text.Json;
using BatchEval.Core.Sampling;
using BatchEval.Onnx.Networks;
using BatchEval.Onnx.Packages;
using BatchEval.Onnx.Runtime;
using BatchEval.Onnx.Sampling;
using BatchEval.Tests.Shared;
using BatchEval.Workflow.Exports;

namespace BatchEval.Workflow.Tests.Exports;

/// <summary>The networks that a winner is handed over with.</summary>
public sealed class PrunedNetworksTests : IDisposable
{
    private readonly SamplingModel model = SamplingModel.Open(ModelPackage.Open(Path.Combine(RepoPaths.Samples, "digits")), new DeviceOptions());

    [Fact]
    public void A_winner_that_drops_blocks_comes_with_a_network_per_mask_and_a_sampler()
    {
        var candidate = new Candidate("ddim", [new(800, [0, 3]), new(300), new(100, [0, 3])]);
        var pruned = PrunedNetworks.Of(model, candidate).ShouldNotBeNull();

        pruned.Files().Select(f => f.Name).ShouldBe(["unet-0.onnx", "unet-1.onnx"]);
        pruned.Files().ShouldAllBe(f => PrunedNetworks.Content(f).Length > 1000);
        var files = ExportBundle.Files(new ExportSubject(candidate, model.Manifest, Conditions.None, pruned.Networks));
        var sampler = JsonDocument.Parse(files["sampler.json"]).RootElement;
        sampler.GetProperty("rows").EnumerateArray().Select(r => r.GetProperty("network").GetInt32()).ShouldBe([0, 1, 0]);
        sampler.GetProperty("networks")[0].GetProperty("droppedBlocks").GetArrayLength().ShouldBe(2);
        files["diffusers.py"].ShouldContain("drop: at t = 800, 100 blocks are left out");
    }

    [Fact]
    public void A_winner_that_runs_the_whole_network_needs_none() => PrunedNetworks.Of(model, Candidate.At("ddim", [800, 300])).ShouldBeNull();

    public void Dispose() => model.Dispose();
}
