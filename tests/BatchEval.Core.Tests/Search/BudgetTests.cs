using BatchEval.Core.Sampling;
using BatchEval.Core.Search;
using BatchEval.Core.Search.Costs;

namespace BatchEval.Core.Tests.Search;

/// <summary>Budgets by calls, multiply-adds, milliseconds and memory.</summary>
public sealed class BudgetTests
{
    private static readonly NoiseSchedule Schedule = DiscreteNoiseSchedule.Linear(1000, 1e-4, 0.02);
    private static readonly CostModel Costs = new(100, 2, 1000, [new(0, "a", 30, 1, 5), new(1, "b", 20, 0.1, 5)]);
    private static readonly Candidate Three = new("ddim", [new(900), new(500, [0]), new(100, [0, 1])]);

    [Fact]
    public void Use_is_that_of_the_tightest_limit()
    {
        new Budget(Costs, new BudgetLimits(Macs: 220)).Use(Three).ShouldBe(1, 1e-12);
        new Budget(Costs, new BudgetLimits(Macs: 220, NetworkCalls: 2)).Use(Three).ShouldBe(1.5, 1e-12);
        new Budget(Costs, new BudgetLimits(Milliseconds: 7.8)).Use(Three).ShouldBe(0.5, 1e-12);
        new Budget(Costs, new BudgetLimits(Macs: 220), guided: true).Use(Three).ShouldBe(2, 1e-12);
    }

    [Fact]
    public void A_limit_may_be_used_up_to_the_last_bit() =>
        new Budget(Costs, new BudgetLimits(Macs: 0.6 * 10 * 100)).Allows(Candidate.At("ddim", [5, 4, 3, 2, 1, 0])).ShouldBeTrue();

    [Theory]
    [InlineData("ddim", 5)]
    [InlineData("heun", 3)]
    public void Whole_steps_follow_from_the_solver(string solver, int steps) =>
        new Budget(Costs, new BudgetLimits(Macs: 550)).WholeSteps(solver, Schedule).ShouldBe(steps);

    [Fact]
    public void More_calls_than_allowed_are_told_from_too_many_multiply_adds()
    {
        new Budget(Costs, new BudgetLimits(NetworkCalls: 2)).NeedsFewerCalls(Three).ShouldBeTrue();
        new Budget(Costs, new BudgetLimits(Macs: 1)).NeedsFewerCalls(Three).ShouldBeFalse();
    }

    [Fact]
    public void Impossible_budgets_are_refused()
    {
        Should.Throw<ArgumentException>(() => new Budget(Costs, new BudgetLimits())).Message.ShouldContain("at least one limit");
        Should.Throw<ArgumentException>(() => new Budget(Costs, new BudgetLimits(Macs: 0))).Message.ShouldContain("above 0");
        Should.Throw<ArgumentException>(() => new Budget(Costs, new BudgetLimits(PeakBytes: 999))).Message.ShouldContain("needs 1000");
    }
}
