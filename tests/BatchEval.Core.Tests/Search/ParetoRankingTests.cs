using BatchEval.Core.Sampling;
using BatchEval.Core.Search;

namespace BatchEval.Core.Tests.Search;

/// <summary>NSGA-II's ranking against pymoo's values.</summary>
public sealed class ParetoRankingTests
{
    [Fact]
    public void Crowding_distances_are_those_of_pymoo()
    {
        const double Infinity = double.PositiveInfinity;
        ParetoRanking.Crowding([[1, 1], [1, 1], [0.5, 1.5], [0, 2]]).ShouldBe([Infinity, 0, 1, Infinity]);
        ParetoRanking.Crowding([[1, 1], [1, 1], [1, 1], [0.5, 1.5], [0, 2]]).ShouldBe([Infinity, 0, 0, 1, Infinity]);
        ParetoRanking.Crowding([[1, 1.5, 0.5, 1], [1, 0.5, 1.5, 1], [1, 0, 2, 1.5]]).ShouldBe([Infinity, 0.75, Infinity]);
        ParetoRanking.Crowding([[1, 2]]).ShouldBe([Infinity]);
    }

    [Fact]
    public void Fronts_are_peeled_off_one_by_one() =>
        ParetoRanking.Fronts([[1, 4], [2, 2], [4, 1], [2, 4], [4, 4], [1, 4]]).ShouldBe([0, 0, 0, 1, 2, 0]);

    [Fact]
    public void Selection_takes_fronts_in_order_and_the_less_crowded_first() =>
        ParetoRanking.Select([[0, 10], [4.9, 5.1], [5, 5], [10, 0], [11, 11]], 3).ShouldBe([0, 3, 2]);

    [Fact]
    public void The_archive_keeps_the_best_scores_and_what_is_good_for_its_cost()
    {
        ScoredCandidate[] scored = [.. Enumerable.Range(1, 9).Select(n => new ScoredCandidate(Candidate.At("ddim", Enumerable.Range(0, n).Select(i => i * 10.0)), 10 - n, 0, 64))];
        var kept = ParetoRanking.Keep(scored, 4, c => c.NetworkCalls);
        kept.Select(k => k.Candidate.NetworkCalls).ShouldBe([9, 8, 7, 1]);
        kept.Select(k => k.Score).ShouldBeInOrder();
    }
}
