using BatchEval.Core.Sampling;
using BatchEval.Core.Search;

namespace BatchEval.Core.Tests.Search;

public class SuccessiveHalvingTests
{
    [Fact]
    public void The_best_of_each_rung_go_on_and_the_best_of_the_last_are_kept()
    {
        Candidate[] candidates = [.. Enumerable.Range(1, 6).Select(i => Candidate.At("ddim", [100.0 * i]))];
        var halving = new SuccessiveHalving([.. candidates, candidates[0]], [10, 40], 0.5, 2);
        var state = SearchState.Empty;
        var sizes = new List<(int Candidates, int Samples)>();
        while (halving.Next(state) is { } proposal)
        {
            sizes.Add((proposal.Candidates.Count, proposal.Samples));
            state = halving.Observe(state, [.. proposal.Candidates.Select(c => new ScoredCandidate(c, Math.Abs(c.Steps[0].Time - 310), 1, proposal.Samples))]);
        }

        sizes.ShouldBe([(6, 10), (3, 40)]);
        state.Archive.Select(s => s.Candidate.Steps[0].Time).ShouldBe([300, 400]);
        state.SampleSteps.ShouldBe((6 * 10) + (3 * 30));
    }

    [Fact]
    public void No_candidates_are_no_race() => new SuccessiveHalving([], [10], 0.5, 2).Next(SearchState.Empty).ShouldBeNull();
}
