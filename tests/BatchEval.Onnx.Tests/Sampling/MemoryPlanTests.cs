using BatchEval.Core.Json;
using BatchEval.Onnx.Packages;
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
}
