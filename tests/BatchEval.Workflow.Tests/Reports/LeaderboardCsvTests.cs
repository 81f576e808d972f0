using BatchEval.Core.Sampling;
using BatchEval.Workflow.Evaluation;
using BatchEval.Workflow.Reports;

namespace BatchEval.Workflow.Tests.Reports;

/// <summary>The tables that users open.</summary>
public sealed class LeaderboardCsvTests
{
    [Fact]
    public void Names_with_commas_and_quotes_stay_one_field()
    {
        var csv = LeaderboardCsv.Write([Score("a, \"b\"", 4, 2)]);
        csv.Split('\n')[1].ShouldContain("\"a, \"\"b\"\"\"");
        csv.Split('\n')[0].ShouldStartWith("id,name,role,networkCalls,objective");
    }

    [Fact]
    public void The_pareto_front_is_what_nobody_beats_in_calls_and_objective() =>
        Leaderboard.Pareto([Score("a", 4, 3), Score("b", 6, 2), Score("c", 6, 2.5), Score("d", 10, 2), Score("e", 3, 9)]).Select(s => s.Name).ShouldBe(["e", "a", "b"]);

    private static CandidateScore Score(string name, int calls, double objective) => new()
    {
        Id = name,
        Name = name,
        Role = EntryRole.Baseline,
        Candidate = Candidate.At("ddim", Enumerable.Range(1, calls).Select(t => (double)t)),
        NetworkCalls = calls,
        Objective = objective,
    };
}
