using BatchEval.Core.Search.Skipping;
using BatchEval.Core.Tests.Sampling.Skipping;

namespace BatchEval.Core.Tests.Search.Skipping;

/// <summary>Greedy skip paths against brute force, and the table that judges a rule by them.</summary>
public sealed class GreedySkipPathTests
{
    private const int Steps = 9;

    [Fact]
    public void Each_choice_is_the_best_single_skip_given_the_earlier_ones()
    {
        var path = new GreedySkipPath(Steps, 4);
        while (!path.IsDone)
        {
            path.Observe([.. path.Open.Select(step => Error([.. path.Skipped, step]))]);
        }

        for (var n = 0; n < 4; n++)
        {
            var before = path.Skipped.Take(n).ToArray();
            var best = Enumerable.Range(1, Steps - 1).Except(before).MinBy(step => Error([.. before, step]));
            path.Skipped[n].ShouldBe(best);
            path.Errors[n].ShouldBe(Error([.. before, best]));
        }

        path.Mask(2).Count(run => run).ShouldBe(Steps - 2);
        path.Mask(2)[0].ShouldBeTrue();
    }

    [Fact]
    public void Naive_calls_are_those_of_every_try_from_the_start()
    {
        var path = new GreedySkipPath(5, 2);
        path.Observe([4, 3, 2, 1]);
        path.Skipped.ShouldBe([4]);
        path.Observe([1, 1, double.NaN]);
        path.Skipped.ShouldBe([4, 1], "ties go to the earlier step, and what is not a number never wins");
        path.NaiveCalls.ShouldBe(5 + (4 * 4) + (3 * 3));
        path.Open.ShouldBeEmpty();
        Should.Throw<ArgumentException>(() => path.Observe([1]));
        Should.Throw<ArgumentOutOfRangeException>(() => new GreedySkipPath(5, 5));
    }

    [Fact]
    public void Agreement_counts_steps_behind_the_warm_up()
    {
        bool[] rule = [true, true, false, false, true, false];
        bool[] optimal = [true, false, false, true, true, false];
        var all = SkipAgreement.Of([rule, rule], [optimal, optimal]);
        all.ShouldBe(new SkipAgreement(4, 2, 2, 4));
        all.ExpectedBothSkip.ShouldBe(3);
        SkipAgreement.Of([rule], [optimal], warmup: 2).ShouldBe(new SkipAgreement(2, 1, 0, 1));
        // 12 (4 * 4 - 2 * 2)^2 / 6^4
        all.Test()!.Statistic.ShouldBe(12 * 144 / 1296.0, 1e-12);
        SkipAgreement.Of([[true, true]], [optimal[..2]]).Test().ShouldBeNull();
        Should.Throw<ArgumentException>(() => SkipAgreement.Of([rule], [optimal[..2]]));
    }

    private static double Error(int[] reuse)
    {
        var full = ToyRun.Run(ToyRun.Candidate("ddim", Steps), ToyRun.Start).Final;
        return ToyRun.Run(ToyRun.Candidate("ddim", Steps, null, reuse), ToyRun.Start).Final.Zip(full, (a, b) => Math.Abs(a - b)).Average();
    }
}
