using BatchEval.Core.Sampling;
using BatchEval.Onnx.Networks;
using BatchEval.Onnx.Sampling;
using BatchEval.Tests.Shared;
using BatchEval.Workflow.Evaluation;
using BatchEval.Workflow.Runs;
using BatchEval.Workflow.Specifications;
using FsCheck;
using FsCheck.Fluent;

namespace BatchEval.Workflow.Tests.Runs;

/// <summary>Cutting work into shards and units.</summary>
public sealed class UnitPlannerTests
{
    private static readonly ShardContext Context = new("digest", 1, null, 1, "cpu");
    private static readonly RunSpecification Specification =
        SpecificationJson.Read(File.ReadAllText(Path.Combine(RepoPaths.Samples, "digits", "times.json"))) with { Execution = new() { UnitEvaluations = 3000, CellSamples = 200 } };

    private static readonly Entry Reference = new("reference", EntryRole.Reference, Candidate.At("ddim", [999, 500, 1]));

    [Fact]
    public void The_parts_of_a_range_are_the_range() =>
        Prop.ForAll(Gen.Choose(1, 3000).ToArbitrary(), Gen.Choose(1, 700).ToArbitrary(), Gen.Choose(0, 3000).ToArbitrary(), (count, longest, cut) =>
        {
            var parts = new SampleRange(100, count).Split([cut, 512], longest);
            parts.SelectMany(p => p.Indices).ShouldBe(new SampleRange(100, count).Indices);
            parts.ShouldAllBe(p => p.Count <= longest && p.Count > 0);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_longer_score_of_a_candidate_contains_the_cells_of_a_shorter_one()
    {
        var (few, many) = (Cut(128, 0), Cut(512, 0));
        few.Assignments[0].ShouldBe(many.Assignments[0].Take(few.Assignments[0].Count));
    }

    [Fact]
    public void Paired_cells_name_the_reference_cell_of_the_same_samples()
    {
        var reference = UnitPlanner.Cut(new RoundPlan(0, RunStage.Reference, 0, 0, [new Assignment(Reference, new SampleRange(SampleRange.FinalStart, 256), true, 0)]), Specification, Context, Reference);
        var compared = Cut(512, 256, SampleRange.FinalStart).Units.SelectMany(u => u.Shards).Where(c => c.ComparedWith is not null).Select(c => c.ComparedWith!).Distinct();
        compared.ShouldBe(reference.Assignments[0], ignoreOrder: true);
    }

    [Fact]
    public void The_key_changes_with_everything_that_can_change_the_result()
    {
        var range = new SampleRange(0, 64);
        var candidate = Candidate.At("ddim", [999, 500]);
        string[] keys =
        [
            Shard.Create(Context, candidate, range).Key,
            Shard.Create(Context with { Seed = 2 }, candidate, range).Key,
            Shard.Create(Context with { ModelDigest = "other" }, candidate, range).Key,
            Shard.Create(Context with { GuidanceScale = 2 }, candidate, range).Key,
            Shard.Create(Context with { Label = 3 }, candidate, range).Key,
            Shard.Create(Context with { Device = "cuda" }, candidate, range).Key,
            Shard.Create(Context, Candidate.At("ddim", [999, 501]), range).Key,
            Shard.Create(Context, candidate, new SampleRange(0, 65)).Key,
            Shard.Create(Of(new Conditions { GuidanceRescale = 0.7 }), candidate, range).Key,
            Shard.Create(Of(new Conditions { GuidanceInterval = [0.28, 5.42] }), candidate, range).Key,
            Shard.Create(Of(new Conditions { GuidanceInterval = [0.28, 5.43] }), candidate, range).Key,
            Shard.Create(Of(new Conditions { ClassifierScale = 2 }), candidate, range).Key,
            Shard.Create(Context with { Prompts = "digest of prompts" }, candidate, range).Key,
            Shard.Create(Of(Conditions.None, SamplingLoop.Device), candidate, range).Key,
        ];
        keys.Distinct().Count().ShouldBe(keys.Length);
        Shard.Create(Context, candidate, range, true, "reference").Key.ShouldBe(keys[0], "what else is asked of a shard changes no sample");
        Shard.Create(Of(Conditions.None), candidate, range).Key.ShouldBe(keys[0]);
        // Worked out by Python's hashlib on the JSON of before there was a loop to choose.
        keys[0].ShouldBe("790ff479b195dfd3271f026162b4efbee39762ba7d7ae6bb4c0dd70c65f09f05");

        static ShardContext Of(Conditions conditions, SamplingLoop loop = SamplingLoop.Host) => ShardContext.Of("digest", 1, conditions, "cpu", loop: loop);
    }

    [Fact]
    public void Units_hold_every_cell_once_and_stay_near_their_size()
    {
        var plan = Cut(512, 256);
        plan.Units.SelectMany(u => u.Shards).Select(c => c.Key).ShouldBe(plan.Assignments.SelectMany(a => a).Distinct(), ignoreOrder: true);
        plan.Units.ShouldAllBe(u => u.Shards.Count == 1 || u.Shards.Sum(c => c.NetworkCalls) <= 3000);
    }

    private static UnitPlan Cut(int samples, int paired, long start = 0)
    {
        var entries = new[] { 300, 400, 500 }.Select(t => new Entry($"c{t}", EntryRole.Searched, Candidate.At("ddim", [t + 100, t])));
        var plan = new RoundPlan(0, RunStage.Search, 0, 0, [.. entries.Select(c => new Assignment(c, new SampleRange(start, samples), false, paired))]);
        return UnitPlanner.Cut(plan, Specification, Context, Reference);
    }
}
