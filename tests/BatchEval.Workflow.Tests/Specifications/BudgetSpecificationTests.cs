using BatchEval.Core.Json;
using BatchEval.Core.Sampling;
using BatchEval.Core.Search;
using BatchEval.Core.Search.Costs;
using BatchEval.Workflow.Specifications;

namespace BatchEval.Workflow.Tests.Specifications;

/// <summary>Budgets as users write them.</summary>
public sealed class BudgetSpecificationTests
{
    private static readonly NoiseSchedule Schedule = DiscreteNoiseSchedule.Linear(1000, 1e-4, 0.02);
    private static readonly CostModel Costs = new(100, 2, 5_000_000, []);

    [Fact]
    public void Limits_are_numbers_or_shares_of_a_uniform_sampler()
    {
        Resolve("""{"macs":{"share":0.6,"ofSteps":10},"milliseconds":12.5,"networkCalls":8,"peakMegabytes":6}""").Limits.ShouldBe(new BudgetLimits(8, 600, 12.5, 6_000_000));
        Resolve("""{"milliseconds":{"share":0.5,"ofSteps":4}}""", "heun").Limits.ShouldBe(new BudgetLimits(Milliseconds: 0.5 * 7 * 2));
        Resolve("""{"macs":600}""").WholeSteps("ddim", Schedule).ShouldBe(6);
    }

    [Fact]
    public void What_is_written_reads_back_equal()
    {
        var specification = Read("""{"macs":{"share":0.6,"ofSteps":10},"milliseconds":12.5}""");
        SpecificationJson.Read(SpecificationJson.Write(specification).ToJsonString()).Budget.ShouldBe(specification.Budget);
    }

    [Theory]
    [InlineData("{}", "budget.networkCalls: is missing; a budget needs at least one")]
    [InlineData("""{"peakMegabytes":100}""", "memory alone does not limit")]
    [InlineData("""{"macs":0}""", "budget.macs: is 0; allowed: above 0")]
    [InlineData("""{"macs":{"share":0.5}}""", "budget.macs.ofSteps: is missing")]
    [InlineData("""{"macs":{"share":0.5,"ofSteps":5,"of":1}}""", "budget.macs.of: is unknown")]
    [InlineData("""{"seconds":1}""", "budget.seconds: is unknown")]
    public void Mistakes_are_named(string budget, string message) => Should.Throw<ProblemException>(() => Read(budget)).Message.ShouldContain(message);

    [Fact]
    public void Less_memory_than_the_network_needs_is_refused() =>
        Should.Throw<ArgumentException>(() => Resolve("""{"networkCalls":4,"peakMegabytes":4}""")).Message.ShouldContain("needs 5000000");

    [Fact]
    public void Presets_change_defaults_only()
    {
        var preset = SpecificationJson.Read("""{"name":"a","model":"m","budget":{"macs":1},"search":{"space":"joint","preset":"autodiffusion"}}""").Search;
        (preset.TwoStages, preset.MaxPrune, preset.LocalShare, preset.Evolution.Generations, preset.Evolution.Crossovers).ShouldBe((true, 0.1, 0, 15, 10));
        var own = SpecificationJson.Read("""{"name":"a","model":"m","budget":{"macs":1},"search":{"space":"joint"}}""").Search;
        own.TwoStages.ShouldBe(false);
        own.Evolution.Rungs.ShouldBe([64, 256, 1000]);
    }

    private static RunSpecification Read(string budget) => SpecificationJson.Read($$"""{"name":"a","model":"m","budget":{{budget}}}""");

    private static Budget Resolve(string budget, string solver = "ddim") => Read(budget).Budget.Resolve(Costs, solver, Schedule, guided: false);
}
