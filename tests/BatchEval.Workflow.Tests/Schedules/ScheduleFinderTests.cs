using BatchEval.Core.Json;
using BatchEval.Core.Sampling.Placement;
using BatchEval.Core.Search.Schedules;
using BatchEval.Onnx.Exact;
using BatchEval.Onnx.Networks;
using BatchEval.Onnx.Packages;
using BatchEval.Onnx.Runtime;
using BatchEval.Tests.Shared;
using BatchEval.Workflow.Cells;
using BatchEval.Workflow.Models;
using BatchEval.Workflow.Schedules;
using BatchEval.Workflow.Specifications;

namespace BatchEval.Workflow.Tests.Schedules;

public sealed class ScheduleFinderTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("batcheval-schedules").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private static ScheduleRequest Request(string method, int steps = 4, string solver = "ddim", bool dataFree = true, PlacementOptions? shape = null) =>
        new(method, steps, new ScheduleSetting(solver, Conditions.None), new MaterialOptions(dataFree, 32, 16, 8, 2), shape ?? PlacementOptions.Default, "svd", "4", BoundAlone: true);

    private OpenedModel Mixture()
    {
        MixtureModelExport.Write(GaussianMixture.Grid(2, 2, 0.15, 0.5), folder);
        return OpenedModel.Open(ModelPackage.Open(folder), new DeviceOptions());
    }

    [Fact]
    public void Every_method_gives_a_schedule_of_the_exact_model()
    {
        using var model = Mixture();
        foreach (var method in ScheduleMethods.All.Where(m => m is not ScheduleMethods.Respacing and not ScheduleMethods.Ays))
        {
            foreach (var solver in new[] { "ddim", "dpmpp-2m" })
            {
                var found = new ScheduleFinder(model).Find(Request(method, 4, solver));
                found.Schedule.Times.Count.ShouldBe(4, method);
                SigmaKnots.CheckDescending(found.Schedule.Sigmas(model.Sampling.Manifest.Schedule));
                (found.Calls > 0).ShouldBe(ScheduleMethods.Computed.Contains(method), method);
            }
        }
    }

    [Fact]
    public void Truncation_keeps_the_number_of_calls_and_starts_lower()
    {
        using var model = Mixture();
        var found = new ScheduleFinder(model).Find(Request("karras", 5) with { Start = 0.5 });
        var whole = PlacementRules.Create("karras", model.Sampling.Manifest.Schedule, 10).Times;
        found.Schedule.Times.ShouldBe(whole.Skip(5));
    }

    [Theory]
    [InlineData("klub-dp", 0, "at least 1 step")]
    [InlineData("magic", 4, "Unknown schedule method 'magic'")]
    [InlineData("respacing", 4, "training indices")]
    [InlineData("ays", 4, "outside the model's range")]
    [InlineData("gits", 40, "do not fit a grid of 32 levels")]
    public void Bad_requests_are_refused_by_name(string method, int steps, string words)
    {
        using var model = Mixture();
        Should.Throw<ProblemException>(() => new ScheduleFinder(model).Find(Request(method, steps))).Message.ShouldContain(words);
    }

    [Fact]
    public void Missing_data_and_missing_statistics_are_named()
    {
        using var model = Mixture();
        foreach (var method in new[] { "klub", "klub-dp", "score-optimal" })
        {
            Should.Throw<ProblemException>(() => new ScheduleFinder(model).Find(Request(method, dataFree: false))).Message.ShouldContain("--data-free");
        }

        foreach (var method in new[] { "klub", "klub-dp" })
        {
            Should.Throw<ProblemException>(() => new ScheduleFinder(model).Find(Request(method) with { BoundAlone = false })).Message.ShouldContain("--bound");
        }

        Should.Throw<ProblemException>(() => new ScheduleFinder(model).Find(Request("karras", shape: new(Start: 1, End: 3)))).Message.ShouldContain("must lie above");
        Should.Throw<ProblemException>(() => new ScheduleFinder(model).Find(Request("karras", shape: new(Start: 900)))).Message.ShouldContain("outside the model's range");
    }

    [Fact]
    public void Early_stopping_asks_for_no_sweep_after_two_without_improvement()
    {
        using var model = OpenedModel.Open(ModelPackage.Open(Path.Combine(RepoPaths.Samples, "digits")), new DeviceOptions());
        var scorer = new ScheduleScorer(model, new ScheduleSetting("ddim", Conditions.None));
        double[][] course = [[0.3, 0.2], [2, 0.4], [8, 0.8], [20, 0.1], [100, 0.05], [1, 0.5], [1, 0.4]];
        var asked = 0;
        SamplingSchedule Of(string variant, double[] ratios) => SamplingSchedule.OfRatios("klub", variant, scorer.Schedule, ratios);

        var best = new EarlyStopping(scorer, 20).Follow(course.Select((calls, i) => Of($"sweep {++asked}", calls)));

        var all = scorer.Score([.. course.Select(c => Of(string.Empty, c))], new SampleRange(SampleRange.SearchStart, 20));
        asked.ShouldBe(4);
        best.Schedule.Variant.ShouldBe("sweep 2");
        best.Fid.Value.ShouldBe(all.Take(4).Min(s => s.Fid.Value));
    }

    [Fact]
    public void The_published_loop_is_stopped_by_fid()
    {
        using var model = OpenedModel.Open(ModelPackage.Open(Path.Combine(RepoPaths.Samples, "digits")), new DeviceOptions());
        var request = new ScheduleRequest(
            ScheduleMethods.Klub, 3, new ScheduleSetting("ddim", Conditions.None), new MaterialOptions(Paths: 8), PlacementOptions.Default);

        var found = new ScheduleFinder(model, new ContestOptions(20, 20, 20)).Find(request);

        found.Schedule.Variant.ShouldStartWith("stopped by FID after sweep ");
        // a sweep: 2 knots x 11 candidates x 8 paths x 2 calls, and 20 samples x 3 calls to judge it
        (found.Calls % (352 + 60)).ShouldBe(0);
    }

    [Fact]
    public void The_contest_chooses_on_the_digits_whatever_the_parallelism()
    {
        using var model = OpenedModel.Open(ModelPackage.Open(Path.Combine(RepoPaths.Samples, "digits")), new DeviceOptions());
        var request = new ScheduleRequest(
            ScheduleMethods.KlubDp, 2, new ScheduleSetting("ddim", Conditions.None), new MaterialOptions(false, 16, 8, 4, 1), PlacementOptions.Default);

        var found = new ScheduleFinder(model, new ContestOptions(20, 20, 20)).Find(request);
        var again = new ScheduleFinder(model, new ContestOptions(20, 20, 20)).Find(request with { Setting = request.Setting with { Parallel = 2 } });

        found.Schedule.Times.Count.ShouldBe(2);
        again.Schedule.Times.ShouldBe(found.Schedule.Times);
        found.Contest!.BestOf.Keys.ShouldBeSubsetOf([.. ScheduleMethods.All, ScheduleRace.Blend, ScheduleRace.Refined]);
        foreach (var method in new[] { "klub-dp", "gits", "score-optimal", "trailing", "karras", "blend", "refined" })
        {
            found.Contest.BestOf.Keys.ShouldContain(method);
        }
    }
}
