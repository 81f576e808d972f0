using System.Text.Json;
using BatchEval.Core.Sampling;
using BatchEval.Onnx.Packages;
using BatchEval.Onnx.Runtime;
using BatchEval.Onnx.Sampling;
using BatchEval.Tests.Shared;
using BatchEval.Workflow.Reports;

namespace BatchEval.Workflow.Tests.Reports;

/// <summary>The networks that a winner is handed over with.</summary>
public sealed class PrunedNetworksTests : IDisposable
{
    private readonly SamplingModel model = SamplingModel.Open(ModelPackage.Open(Path.Combine(RepoPaths.Samples, "digits")), new DeviceOptions());

    [Fact]
    public void A_winner_that_drops_blocks_comes_with_a_network_per_mask_and_a_sampler()
    {
        var candidate = new Candidate("ddim", [new(800, [0, 3]), new(300), new(100, [0, 3])]);
        var pruned = PrunedNetworks.Of(model, candidate).ShouldNotBeNull();

        pruned.Files().Select(f => f.Name).ShouldBe(["unet-0.onnx", "unet-1.onnx", "sample.py"]);
        pruned.Files().ShouldAllBe(f => PrunedNetworks.Content(f).Length > 1000);
        var schedule = ScheduleExport.Files(candidate, model.Manifest.Schedule, pruned.Sampler())["schedule.json"];
        JsonDocument.Parse(schedule).RootElement.GetProperty("sampler").GetProperty("rows")[1].GetProperty("file").GetString().ShouldBe("unet-1.onnx");
    }

    [Fact]
    public void A_winner_that_runs_the_whole_network_needs_none() => PrunedNetworks.Of(model, Candidate.At("ddim", [800, 300])).ShouldBeNull();

    public void Dispose() => model.Dispose();
}
