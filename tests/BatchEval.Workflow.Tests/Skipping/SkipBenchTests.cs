using BatchEval.Core.Json;
using BatchEval.Core.Sampling;
using BatchEval.Core.Sampling.Placement;
using BatchEval.Core.Sampling.Skipping;
using BatchEval.Core.Metrics.Catalog;
using BatchEval.Core.Search.Skipping;
using BatchEval.Onnx.Networks;
using BatchEval.Onnx.Packages;
using BatchEval.Onnx.Runtime;
using BatchEval.Tests.Shared;
using BatchEval.Workflow.Evaluation;
using BatchEval.Workflow.Models;
using BatchEval.Workflow.Reports;
using BatchEval.Workflow.Skipping;

namespace BatchEval.Workflow.Tests.Skipping;

/// <summary>Calibration, greedy paths and comparison on the bundled model.</summary>
public sealed class SkipBenchTests : IDisposable
{
    private const int Steps = 12;
    private readonly OpenedModel model = OpenedModel.Open(ModelPackage.Open(Path.Combine(RepoPaths.Root, "samples", "digits")), new DeviceOptions("cpu", 1));

    public void Dispose() => model.Dispose();

    [Fact]
    public void Calibration_reports_what_the_threshold_achieves()
    {
        var bench = Bench("ddim", 6);
        var found = new SkipCalibrator(bench).Calibrate(new SkipPolicy(0, order: 1), new SkipTarget(SkipTargetKind.NetworkCalls, 9), most: 8);
        found.Achieved.MeanCalls.ShouldBeInRange(7, 9);
        var again = bench.Measure(bench.Variant(found.Policy));
        again.NetworkCalls.ShouldBe(found.Achieved.NetworkCalls);
        again.Metrics.ShouldBe(found.Achieved.Metrics);
        again.Masks.Select(m => StepMask.Read(m).Count(run => run)).ShouldBe(again.NetworkCalls);
        again.Metrics.Keys.ShouldBe(["fid", "psnr"]);
        again.Metrics["fid"].Value!.Value.ShouldBeGreaterThan(0);
        var strict = new SkipCalibrator(bench).Calibrate(new SkipPolicy(0), new SkipTarget(SkipTargetKind.Metric, again.Metrics["psnr"].Value!.Value, MetricCatalog.Find("psnr")), most: 8);
        strict.Achieved.Metrics["psnr"].Value!.Value.ShouldBeGreaterThanOrEqualTo(again.Metrics["psnr"].Value!.Value);
        bench.Measure(bench.Full).Metrics["psnr"].PerImage.ShouldBe(new ScoreDistribution(100, 100, 100, 100, 100, 100, 100));
    }

    [Fact]
    public void An_unreachable_target_is_refused_with_what_can_be_reached() =>
        Should.Throw<ProblemException>(() => new SkipCalibrator(Bench("ddim", 2)).Calibrate(new SkipPolicy(0), new SkipTarget(SkipTargetKind.NetworkCalls, 2), most: 4))
            .Message.ShouldContain("measured values reach from");

    [Theory]
    [InlineData("dpmpp-2m", 0)]
    [InlineData("heun", 1)]
    public void Greedy_paths_share_prefixes_and_choose_what_costs_least(string solver, int order)
    {
        var bench = Bench(solver, 2);
        var finder = new SkipPathFinder(bench, order);
        var paths = finder.Find(3);
        paths.Evaluations.ShouldBeLessThan(paths.NaiveEvaluations * 2 / 3);
        foreach (var (path, sample) in paths.Samples.Select((p, i) => (p, i)))
        {
            var single = Enumerable.Range(1, Steps - 1)
                .Select(k => (Step: k, Error: bench.Errors(bench.Variant(order == 0 ? null : new SkipPolicy(0, order: order), [k]))[sample]));
            path.Skipped[0].ShouldBe(single.MinBy(s => s.Error).Step);
            path.Errors.ShouldAllBe(e => double.IsFinite(e));
        }

        var compared = finder.Compare(paths, 3, new SkipPolicy(0, order: order));
        (compared.All.BothSkip + compared.All.OptimalOnly).ShouldBe(2 * 3);
        (compared.All.BothSkip + compared.All.RuleOnly + compared.All.OptimalOnly + compared.All.BothCompute).ShouldBe(2 * Steps);
        (compared.AfterWarmup.BothSkip + compared.AfterWarmup.RuleOnly + compared.AfterWarmup.OptimalOnly + compared.AfterWarmup.BothCompute).ShouldBe(2 * (Steps - 4));
    }

    [Fact]
    public void Masks_are_drawn_one_line_per_image()
    {
        var sheet = new SkipMaskSheet("abc", "rule", 7, ["4:d", "4:f"]);
        sheet.ComputedShare().ShouldBe([1, 1, 0.5, 1]);
        sheet.ToSvg().Split("z").Length.ShouldBe(7 + 1);
        sheet.ToSvg().ShouldContain("M10 6h9");
    }

    private SkipBench Bench(string solver, int count) =>
        new(model, Candidate.At(solver, PlacementRules.Create("trailing", model.Sampling.Manifest.Schedule, Steps).Times), new SkipSamples(3, Conditions.None, count),
            [MetricCatalog.Find("fid"), MetricCatalog.Find("psnr")], TimeProvider.System);
}
