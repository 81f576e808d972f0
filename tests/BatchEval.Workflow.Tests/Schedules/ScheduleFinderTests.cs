using BatchEval.Core.Json;
using BatchEval.Core.Sampling.Placement;
using BatchEval.Core.Search.Schedules;
using BatchEval.Onnx.Networks;
using BatchEval.Onnx.Packages;
using BatchEval.Onnx.Runtime;
using BatchEval.Tests.Shared;
using BatchEval.Workflow.Evaluation;
using BatchEval.Workflow.Models;
using BatchEval.Workflow.Schedules;
using BatchEval.Workflow.Specifications;
using BatchEval.Workflow.Storage;

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

    private static ScheduleFinder Finder(OpenedModel model) => new(model, new MemoryBlobs());

    [Fact]
    public async Task Every_method_gives_a_schedule_of_the_exact_model()
    {
        using var model = Mixture();
        foreach (var method in ScheduleMethods.All.Where(m => m is not ScheduleMethods.Respacing and not ScheduleMethods.Ays))
        {
            foreach (var solver in new[] { "ddim", "dpmpp-2m" })
            {
                var found = await Finder(model).FindAsync(Request(method, 4, solver));
                found.Schedule.Times.Count.ShouldBe(4, method);
                var sigmas = found.Schedule.Sigmas(model.Sampling.Manifest.Schedule);
                sigmas.SequenceEqual(sigmas.Distinct().OrderDescending()).ShouldBeTrue(method);
                (found.Calls > 0).ShouldBe(ScheduleMethods.Computed.Contains(method), method);
            }
        }
    }

    [Fact]
    public async Task Truncation_keeps_the_number_of_calls_and_starts_lower()
    {
        using var model = Mixture();
        var found = await Finder(model).FindAsync(Request("karras", 5) with { Start = 0.5 });
        var whole = PlacementRules.Create("karras", model.Sampling.Manifest.Schedule, 10).Times;
        found.Schedule.Times.ShouldBe(whole.Skip(5));
    }

    [Theory]
    [InlineData("klub-dp", 0, "at least 1 step")]
    [InlineData("magic", 4, "Unknown schedule method 'magic'")]
    [InlineData("respacing", 4, "training indices")]
    [InlineData("ays", 4, "outside the model's range")]
    [InlineData("gits", 40, "do not fit a grid of 32 levels")]
    public async Task Bad_requests_are_refused_by_name(string method, int steps, string words)
    {
        using var model = Mixture();
        (await Should.ThrowAsync<ProblemException>(() => Finder(model).FindAsync(Request(method, steps)))).Message.ShouldContain(words);
    }

    [Fact]
    public async Task Missing_data_and_missing_statistics_are_named()
    {
        using var model = Mixture();
        foreach (var method in new[] { "klub", "klub-dp", "score-optimal" })
        {
            (await Should.ThrowAsync<ProblemException>(() => Finder(model).FindAsync(Request(method, dataFree: false)))).Message.ShouldContain("--data-free");
        }

        foreach (var method in new[] { "klub", "klub-dp" })
        {
            (await Should.ThrowAsync<ProblemException>(() => Finder(model).FindAsync(Request(method) with { BoundAlone = false }))).Message.ShouldContain("--bound");
        }

        (await Should.ThrowAsync<ProblemException>(() => Finder(model).FindAsync(Request("karras", shape: new(Start: 1, End: 3))))).Message.ShouldContain("must lie above");
        (await Should.ThrowAsync<ProblemException>(() => Finder(model).FindAsync(Request("karras", shape: new(Start: 900))))).Message.ShouldContain("outside the model's range");
    }

    [Fact]
    public async Task Early_stopping_asks_for_no_sweep_after_two_without_improvement()
    {
        using var model = OpenedModel.Open(ModelPackage.Open(Path.Combine(RepoPaths.Samples, "digits")), new DeviceOptions());
        var scorer = new ScheduleScorer(model, new ScheduleSetting("ddim", Conditions.None), new MemoryBlobs());
        double[][] course = [[0.3, 0.2], [2, 0.4], [8, 0.8], [20, 0.1], [100, 0.05], [1, 0.5], [1, 0.4]];
        var asked = 0;
        SamplingSchedule Of(string variant, double[] ratios) => SamplingSchedule.OfRatios("klub", variant, scorer.Schedule, ratios);

        var best = await new EarlyStopping(scorer, 20).FollowAsync(course.Select((calls, i) => Of($"sweep {++asked}", calls)));

        var all = await scorer.ScoreAsync([.. course.Select(c => Of(string.Empty, c))], new SampleRange(SampleRange.SearchStart, 20));
        asked.ShouldBe(4);
        best.Schedule.Variant.ShouldBe("sweep 2");
        best.Fid.Score.ShouldBe(all.Take(4).Min(s => s.Fid.Score));
    }

    [Fact]
    public async Task The_published_loop_is_stopped_by_fid()
    {
        using var model = OpenedModel.Open(ModelPackage.Open(Path.Combine(RepoPaths.Samples, "digits")), new DeviceOptions());
        var request = new ScheduleRequest(
            ScheduleMethods.Klub, 3, new ScheduleSetting("ddim", Conditions.None), new MaterialOptions(Paths: 8), PlacementOptions.Default);

        var found = await new ScheduleFinder(model, new MemoryBlobs(), new SelectionOptions(20, 20, 20)).FindAsync(request);

        found.Schedule.Variant.ShouldStartWith("stopped by FID after sweep ");
        // a sweep: 2 knots x 11 candidates x 8 paths x 2 calls, and 20 samples x 3 calls to judge it
        (found.Calls % (352 + 60)).ShouldBe(0);
    }

    [Fact]
    public async Task The_selection_chooses_on_the_digits_whatever_the_parallelism()
    {
        using var model = OpenedModel.Open(ModelPackage.Open(Path.Combine(RepoPaths.Samples, "digits")), new DeviceOptions());
        var request = new ScheduleRequest(
            ScheduleMethods.KlubDp, 2, new ScheduleSetting("ddim", Conditions.None), new MaterialOptions(false, 16, 8, 4, 1), PlacementOptions.Default);

        var found = await new ScheduleFinder(model, new MemoryBlobs(), new SelectionOptions(20, 20, 20)).FindAsync(request);
        var again = await new ScheduleFinder(model, new MemoryBlobs(), new SelectionOptions(20, 20, 20)).FindAsync(request with { Setting = request.Setting with { Parallel = 2 } });

        found.Schedule.Times.Count.ShouldBe(2);
        again.Schedule.Times.ShouldBe(found.Schedule.Times);
        found.Selection!.BestOf.Keys.ShouldBeSubsetOf([.. ScheduleMethods.All, ScheduleHalving.Blend, ScheduleHalving.Refined]);
        foreach (var method in new[] { "klub-dp", "gits", "score-optimal", "trailing", "karras", "blend", "refined" })
        {
            found.Selection.BestOf.Keys.ShouldContain(method);
        }
    }
}
