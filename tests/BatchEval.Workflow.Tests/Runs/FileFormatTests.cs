using System.Text.Json;
using BatchEval.Core.Sampling;
using BatchEval.Workflow.Evaluation;
using BatchEval.Workflow.Runs;
using BatchEval.Workflow.Serialization;

namespace BatchEval.Workflow.Tests.Runs;

/// <summary>A run that an earlier version began is read by this one: members of its files keep the names that they had when types had others.</summary>
public class FileFormatTests
{
    private static readonly Entry Trailing = new("trailing", EntryRole.Baseline, Candidate.At("ddim", [999, 500]));

    [Fact]
    public void Plans_and_states_keep_the_names_of_their_members()
    {
        var shard = Shard.Create(new ShardContext("digest", 1, null, 1, "cpu"), Trailing.Candidate, new SampleRange(0, 8));
        MembersOf(new Assignment(Trailing, shard.Range, false, 0)).ShouldBe(["contestant", "range", "keepImages", "pairedSamples"]);
        MembersOf(new WorkUnit([shard])).ShouldBe(["cells"]);
        MembersOf(RunState.Start with { Entries = [Trailing] }).ShouldContain("contestants");
    }

    [Fact]
    public void What_is_written_is_read()
    {
        var state = RunState.Start with { Entries = [Trailing] };
        var again = JsonSerializer.Deserialize<RunState>(JsonSerializer.Serialize(state, WorkflowJson.Options), WorkflowJson.Options)!;
        again.Entries.ShouldHaveSingleItem().Candidate.Id.ShouldBe(Trailing.Candidate.Id);
        var assignment = JsonSerializer.Deserialize<Assignment>(JsonSerializer.Serialize(new Assignment(Trailing, new SampleRange(3, 8), true, 2), WorkflowJson.Options), WorkflowJson.Options)!;
        (assignment.Entry.Name, assignment.Range, assignment.KeepImages, assignment.PairedSamples).ShouldBe(("trailing", new SampleRange(3, 8), true, 2));
    }

    // As versions until 24 November (without the map), until 30 November (with both) and of today write it.
    [Theory]
    [InlineData(""" "fid": 3.25, "fidError": 0.5, "fidSamples": 600, "psnr": 20.5, "psnrPerImage": { "min": 1, "p05": 2, "p25": 3, "median": 4, "p75": 5, "p95": 6, "max": 7 }, "pairedSamples": 24 """)]
    [InlineData(""" "fid": 3.25, "fidError": 0.5, "fidSamples": 600, "metrics": { "fid": { "value": 3.25, "error": 0.5, "samples": 600 }, "psnr": { "value": 20.5, "samples": 24, "perImage": { "min": 1, "p05": 2, "p25": 3, "median": 4, "p75": 5, "p95": 6, "max": 7 } } } """)]
    [InlineData(""" "metrics": { "fid": { "value": 3.25, "error": 0.5, "samples": 600 }, "psnr": { "value": 20.5, "samples": 24, "perImage": { "min": 1, "p05": 2, "p25": 3, "median": 4, "p75": 5, "p95": 6, "max": 7 } } } """)]
    public void Scores_of_older_versions_are_read(string members)
    {
        var text = $$"""{ "id": "a", "name": "trailing", "role": "baseline", "candidate": { "solver": "ddim", "steps": [{ "t": 999 }] }, "networkCalls": 1, "objective": 3.25, {{members}} }""";
        var score = JsonSerializer.Deserialize<CandidateScore>(text, WorkflowJson.Options)!;
        score.Metrics.Keys.ShouldBe(["fid", "psnr"]);
        score.Of("fid").ShouldBe(new MetricValue { Value = 3.25, Error = 0.5, Samples = 600 });
        score.Of("psnr").ShouldBe(new MetricValue { Value = 20.5, Samples = 24, PerImage = new ScoreDistribution(1, 2, 3, 4, 5, 6, 7) });
        (score.Samples, score.Pairs).ShouldBe((600, 24));
        MembersOf(score).ShouldBe(["id", "name", "role", "candidate", "networkCalls", "objective", "objectiveError", "metrics"]);
    }

    private static IEnumerable<string> MembersOf<T>(T value) => JsonSerializer.SerializeToElement(value, WorkflowJson.Options).EnumerateObject().Select(p => p.Name);
}
