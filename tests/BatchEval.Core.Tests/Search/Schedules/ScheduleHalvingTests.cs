using BatchEval.Core.Sampling;
using BatchEval.Core.Sampling.Placement;
using BatchEval.Core.Search;
using BatchEval.Core.Search.Schedules;

namespace BatchEval.Core.Tests.Search.Schedules;

public class ScheduleHalvingTests
{
    private static readonly NoiseSchedule Edm = new SigmaNoiseSchedule(0.002, 80);

    private static SamplingSchedule Of(string method, string variant, params double[] calls) => new(method, variant, calls);

    private static ScheduleHalving Halving(IReadOnlyList<SamplingSchedule> computed, IReadOnlyList<SamplingSchedule> heuristics, params int[] rungs) =>
        new(computed, heuristics, "ddim", Edm, new HalvingSizes(rungs, 4));

    // runs a halving with a known score, and returns the end and what was scored in each round
    private static (SearchState End, List<Proposal> Rounds) Run(ScheduleHalving halving, Func<Candidate, double> score)
    {
        var (state, rounds) = (SearchState.Empty, new List<Proposal>());
        while (halving.Next(state) is { } proposal)
        {
            rounds.Add(proposal);
            state = halving.Observe(state, [.. proposal.Candidates.Select(c => new ScoredCandidate(c, score(c), 0, proposal.Samples))]);
        }

        return (state, rounds);
    }

    // squared distance to a schedule in log sigma
    private static Func<Candidate, double> To(params double[] target) =>
        c => c.Steps.Select((s, i) => Math.Pow(Math.Log(s.Time / target[i]), 2)).Sum();

    [Fact]
    public void A_blend_wins_where_it_is_the_best()
    {
        var halving = Halving([Of("gits", "", 4, 1)], [Of("trailing", "", 64, 4)], 8, 16);

        var (end, rounds) = Run(halving, To(16, 2));

        rounds.Select(r => (r.Rung, r.Samples)).ShouldBe([(0, 8), (1, 16), (1, 16)]);
        var best = halving.Standings(end)[0];
        best.Schedule.Name.ShouldBe("blend (0.5 trailing + 0.5 gits)");
        best.Schedule.Times.ShouldBe([16, 2], 1e-7);
        end.Archive[0].ShouldBe(best.Score);
        end.Archive.Count.ShouldBe(4);
    }

    [Fact]
    public void Moved_end_points_win_where_they_are_the_best_and_stay_within_the_model()
    {
        var halving = Halving([], [Of("karras", "", 78, 1.6, 0.05)], 8);

        var (end, rounds) = Run(halving, To(62.4, 1.6, 0.0625));

        var best = halving.Standings(end)[0];
        best.Schedule.Name.ShouldBe("refined (karras, ends x0.8, x1.25)");
        best.Schedule.Times[0].ShouldBe(78 * 0.8, 1e-12);
        best.Schedule.Times[2].ShouldBe(0.05 * 1.25, 1e-12);
        // linear in log sigma in between
        var share = Math.Log(78 / 1.6) / Math.Log(78 / 0.05);
        best.Schedule.Times[1].ShouldBe(1.6 * Math.Pow(0.8, 1 - share) * Math.Pow(1.25, share), 1e-7);
        rounds[1].Candidates.ShouldAllBe(c => c.Steps[0].Time < 80);
        rounds[1].Candidates.Count.ShouldBe(7);
    }

    [Fact]
    public void The_last_call_alone_may_be_lowered()
    {
        var halving = Halving([Of("gits", "", 20, 4, 0.5)], [Of("karras", "", 20, 5, 0.6)], 8);

        var (end, _) = Run(halving, To(20, 4, 0.075));

        var best = halving.Standings(end)[0];
        best.Schedule.Name.ShouldBe("refined (gits, last call x0.15)");
        best.Schedule.Times.ShouldBe([20, 4, 0.075], 1e-7);
    }

    [Fact]
    public void The_best_two_of_each_method_and_the_best_eight_go_on()
    {
        SamplingSchedule[] good = [.. Enumerable.Range(0, 12).Select(i => Of("gits", $"{i}", 10 + i))];
        SamplingSchedule[] bad = [.. Enumerable.Range(0, 5).Select(i => Of("leading", $"{i}", 40 + i))];
        var halving = Halving(good, bad, 8, 16);

        var (_, rounds) = Run(halving, To(10));

        rounds[0].Candidates.Count.ShouldBe(17);
        rounds[1].Candidates.Select(c => c.Steps[0].Time).ShouldBe([10, 11, 12, 13, 14, 15, 16, 17, 40, 41]);
        // blends of two with two at three weights, and ten moves of two
        rounds[2].Candidates.Count.ShouldBeLessThanOrEqualTo(32);
    }

    [Fact]
    public void Failed_candidates_leave_and_equal_ones_keep_all_their_names()
    {
        var halving = Halving([Of("gits", "", 5, 1)], [Of("beta", "", 5, 1), Of("trailing", "", 9, 1)], 8);
        var proposal = halving.Next(SearchState.Empty)!;
        proposal.Candidates.Count.ShouldBe(2);

        var state = halving.Observe(SearchState.Empty, [.. proposal.Candidates.Select(c =>
            new ScoredCandidate(c, 1, 0, 8, c.Steps[0].Time > 8 ? "no number" : null))]);

        halving.Standings(state).Select(s => s.Schedule.Name).ShouldBe(["gits", "beta"]);
    }

    [Fact]
    public void A_state_gives_the_same_schedules_before_and_after_they_were_scored()
    {
        SamplingSchedule[] computed = [Of("gits", "", 4, 1), Of("klub-dp", "", 6, 2)];
        var halving = Halving(computed, [Of("trailing", "", 64, 4)], 8);
        var first = halving.Next(SearchState.Empty)!;
        var state = halving.Observe(SearchState.Empty, [.. first.Candidates.Select(c => new ScoredCandidate(c, To(16, 2)(c), 0, 8))]);
        var bred = halving.Next(state)!.Candidates;

        var end = halving.Observe(state, [.. bred.Select(c => new ScoredCandidate(c, To(16, 2)(c), 0, 8))]);

        halving.Next(end).ShouldBeNull();
        halving.Standings(end).Count.ShouldBe(first.Candidates.Count + bred.Count);
    }
}
