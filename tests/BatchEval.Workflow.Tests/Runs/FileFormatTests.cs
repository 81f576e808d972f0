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

    private static IEnumerable<string> MembersOf<T>(T value) => JsonSerializer.SerializeToElement(value, WorkflowJson.Options).EnumerateObject().Select(p => p.Name);
}
