using BatchEval.Core.Json;
using BatchEval.Onnx.Packages;
using BatchEval.Onnx.Runtime;
using BatchEval.Onnx.Sampling;
using BatchEval.Tests.Shared;

namespace BatchEval.Onnx.Tests.Sampling;

public sealed class MemoryPlanTests
{
    [Fact]
    public void A_model_is_planned_by_its_files_and_refused_where_it_does_not_fit()
    {
        var folder = Path.Combine(RepoPaths.Samples, "glyphs");
        var plan = MemoryPlan.Of(ModelPackage.Open(folder), new DeviceOptions());
        plan.Parts.ShouldBe([new MemoryPart("denoiser", new FileInfo(Path.Combine(folder, "unet.onnx")).Length)]);
        plan.Require().ShouldBe(plan);
        Should.Throw<ProblemException>(() => (plan with { AvailableBytes = 10_000_000 }).Require()).Message
            .ShouldBe("The model does not fit into memory: denoiser 8.9 MB of weights, one network open at a time, about 17.8 MB while the largest is loaded; 10 MB there are.");
    }

    [Fact]
    public void A_run_holds_what_it_measures_with_beside_the_denoiser()
    {
        var package = ModelPackage.Open(Path.Combine(RepoPaths.Samples, "captions"));
        var plan = MemoryPlan.Of(package, new DeviceOptions(), together: true);
        plan.Parts.Select(p => p.Part).ShouldBe(["text encoder", "denoiser", "decoder", "feature network", "perceptual network", "CLIP", "CLIP"]);
        MemoryPlan.Of(package, new DeviceOptions()).Parts.Select(p => p.Part).ShouldBe(["text encoder", "denoiser", "decoder"]);

        // Sizes by hand: encoders are opened one by one beside the others, and the largest counts twice while it is loaded.
        MemoryPart[] parts = [new("text encoder", 30), new("text encoder", 70), new("denoiser", 100), new("classifier", 20), new("decoder", 50)];
        new MemoryPlan(parts, 1000).PeakBytes.ShouldBe(100 + 20 + 100);
        new MemoryPlan(parts, 1000) { Together = true }.PeakBytes.ShouldBe(100 + 20 + 50 + (2 * 70));
        new MemoryPlan(parts, 1000) { Together = true, Loading = 1 }.PeakBytes.ShouldBe(100 + 20 + 50 + 70);
        Should.Throw<ProblemException>(() => new MemoryPlan(parts, 300) { Together = true }.Require()).Message.ShouldContain("open at once in a run");
    }

    [Fact]
    public void A_call_holds_as_many_samples_as_fit()
    {
        using var model = SamplingModel.Open(ModelPackage.Open(Path.Combine(RepoPaths.Root, "tests", "Golden", "pipelines", "adm")), new DeviceOptions());
        model.BatchOf(64, new DeviceOptions()).ShouldBe(64);
        model.RowBytes.ShouldBeGreaterThanOrEqualTo(0);
        // As if a sample took a third of what is free: two fit into four fifths of it, and none of two calls side by side does, which still hold one.
        var free = DeviceMemory.FreeBytes(new DeviceOptions()).ShouldNotBeNull();
        SamplingModel.BatchOf(free / 3, 64, free, 1).ShouldBe(2);
        SamplingModel.BatchOf(free / 3, 64, free, 3).ShouldBe(1);
        SamplingModel.BatchOf(0, 64, free, 1).ShouldBe(64);
    }
}
