using BatchEval.Core.Json;
using BatchEval.Tests.Shared;
using BatchEval.Workflow.Serialization;
using BatchEval.Workflow.Specifications;

namespace BatchEval.Workflow.Tests.Specifications;

/// <summary>Run specifications: defaults, round trip, overrides, and every refusal by name.</summary>
public sealed class SpecificationTests
{
    private const string Smallest = """{"name":"tiny","model":"samples/digits","budget":{"networkCalls":4}}""";

    [Fact]
    public void Writing_and_reading_give_an_equal_specification()
    {
        var specification = SpecificationReader.Read(File.ReadAllText(Path.Combine(RepoPaths.Samples, "digits", "search.json")));
        var again = SpecificationReader.Read(SpecificationWriter.Write(specification).ToJsonString(WorkflowJson.Options));
        SpecificationWriter.Write(again).ToJsonString().ShouldBe(SpecificationWriter.Write(specification).ToJsonString());
    }

    [Fact]
    public void What_is_left_out_has_a_default()
    {
        var specification = SpecificationReader.Read(Smallest);
        (specification.Solver, specification.Search.Method, specification.Objective.Metric).ShouldBe(("ddim", "evolution", "fid"));
        specification.Baselines.ShouldBe(BaselineNames.Default);
    }

    [Fact]
    public void The_published_preset_has_the_published_parameters()
    {
        var specification = SpecificationReader.Read(SpecificationOverrides.Apply(Smallest, ["search.preset=autodiffusion"]));
        var search = specification.Search.Evolution;
        (search.Population, search.Elites, search.Mutants, search.Crossovers, search.Generations).ShouldBe((50, 10, 25, 15, 10));
    }

    [Theory]
    [InlineData("colour=1", "colour: is unknown; allowed: baselines, budget")]
    [InlineData("search.populaton=3", "search.populaton: is unknown")]
    [InlineData("search.population=many", "search.population: must be a whole number, got a string")]
    [InlineData("budget.networkCalls=0", "budget.networkCalls: is 0; allowed: 1 to 10000")]
    [InlineData("budget.networkCalls=4.5", "budget.networkCalls: must be a whole number, got 4.5")]
    [InlineData("search.rungs=[64,32]", "search: rungs are [64, 32]; they must ascend")]
    [InlineData("search.elites=100", "elites is 100; allowed: 1 to the population")]
    [InlineData("objective.metric=beauty", "objective.metric: is 'beauty'; allowed: fid, lpips, psnr, ssim")]
    [InlineData("solver=magic", "solver: Unknown solver 'magic'. Known:")]
    [InlineData("name=Tiny Run", "allowed: 1 to 40 lower-case letters")]
    [InlineData("baselines=[\"sideways\"]", "baselines: names 'sideways'; allowed:")]
    [InlineData("conditions.label=-4", "conditions.label: is -4; allowed: null, \"random\", or a label number")]
    [InlineData("candidates=[{\"solver\":\"ddim\",\"steps\":[{\"t\":\"x\"}]}]", "candidates[0].steps[0].t: must be a number")]
    [InlineData("seed=-1", "seed: must be a whole number of at least 0")]
    public void Refuses_by_name(string assignment, string message) =>
        Should.Throw<ProblemException>(() => SpecificationReader.Read(SpecificationOverrides.Apply(Smallest, [assignment]))).Message.ShouldContain(message);

    [Fact]
    public void Every_violation_is_reported_at_once()
    {
        var json = SpecificationOverrides.Apply(Smallest, ["colour=1", "budget.networkCalls=0", "objective.metric=x"]);
        Should.Throw<ProblemException>(() => SpecificationReader.Read(json)).Problems.Count.ShouldBe(3);
    }

    [Fact]
    public void Text_that_is_not_json_is_refused() =>
        Should.Throw<ProblemException>(() => SpecificationReader.Read("{\"name\":")).Message.ShouldContain("is not valid JSON");

    [Theory]
    [InlineData("search.generations")]
    [InlineData("=3")]
    public void A_malformed_assignment_is_refused(string assignment) =>
        Should.Throw<ProblemException>(() => SpecificationOverrides.Apply(Smallest, [assignment])).Message.ShouldContain("path=value");
}
