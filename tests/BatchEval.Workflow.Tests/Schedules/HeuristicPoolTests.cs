using BatchEval.Core.Sampling;
using BatchEval.Core.Sampling.Placement;
using BatchEval.Workflow.Runs;
using BatchEval.Workflow.Schedules;
using BatchEval.Workflow.Specifications;

namespace BatchEval.Workflow.Tests.Schedules;

public sealed class HeuristicPoolTests
{
    private static readonly NoiseSchedule Schedule = DiscreteNoiseSchedule.Linear(1000, 1e-4, 0.02);

    [Fact]
    public void Rules_are_those_that_differ_and_are_trimmed_where_that_can_help()
    {
        var pool = new HeuristicPool(Schedule);
        pool.Defaults(6).Select(s => s.Method).ShouldBe(["leading", "trailing", "linspace", "quadratic", "beta", "karras", "log-snr", "arctan", "beta-sigmas", "linear-quadratic"]);
        pool.Trimmed(6).Select(s => s.Method).Distinct().ShouldBe(["leading", "trailing", "linspace", "quadratic", "beta", "karras", "log-snr", "arctan"]);
        BaselineNames.Default.ShouldBe(["leading", "trailing", "linspace", "karras", "log-snr", "trimmed-uniform", "random-search"]);
        PlacementRules.All.Where(r => r.Use.HasFlag(PlacementUse.Seed)).Select(r => r.Name).ShouldBe(["exponential", "karras", "leading", "linspace", "quadratic", "trailing"]);
    }

    [Theory]
    [InlineData("unipc(order=3)")]
    [InlineData("lms")]
    [InlineData("pndm")]
    public void A_search_over_the_numbers_of_a_solver_of_fourth_order_has_bases(string solver)
    {
        var specification = SpecificationJson.Read($$$"""{"name":"tiny","model":"m","solver":"{{{solver}}}","budget":{"networkCalls":14},"search":{"space":"sampler"},"baselines":[]}""");
        var machine = new RunMachine(specification, Schedule);
        var state = machine.Begin();
        var first = machine.Next(state).ShouldNotBeNull();
        (first.Stage == RunStage.Reference ? machine.Next(machine.Observe(state, [])).ShouldNotBeNull() : first).Assignments.Count.ShouldBeGreaterThan(20);
    }
}
