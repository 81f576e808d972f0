using System.Text.RegularExpressions;
using BatchEval.Core.Json;
using BatchEval.Core.Search;
using BatchEval.Tests.Shared;
using BatchEval.Workflow.Serialization;
using BatchEval.Workflow.Specifications;

namespace BatchEval.Workflow.Tests.Specifications;

/// <summary>Run specifications: defaults, round trip, overrides, and every refusal by name.</summary>
public sealed class SpecificationTests
{
    private const string Smallest = """{"name":"tiny","model":"samples/digits","budget":{"networkCalls":4}}""";

    // A preset fills in only what the specification leaves out, and the bundled one leaves little out.
    [Fact]
    public void The_documented_command_of_the_published_loop_has_the_published_parameters()
    {
        var page = File.ReadAllText(Path.Combine(RepoPaths.Root, "docs", "sampler-search.md"));
        var sets = Regex.Match(page, @"`run S ((?:--set \S+ ?)+preset=autodiffusion(?: --set [^\s`]+)*)`").Groups[1].Value.Split(' ').Where(word => word != "--set").ToList();
        sets.Count.ShouldBeGreaterThan(3);
        var search = SpecificationJson.Read(SpecificationOverrides.Apply(File.ReadAllText(Path.Combine(RepoPaths.Samples, "digits", "search.json")), sets)).Search;
        var (found, published) = (search.Evolution, EvolutionOptions.AutoDiffusion(1000));
        (found with { Rungs = published.Rungs }).ShouldBe(published with { Survivors = found.Survivors });
        found.Rungs.ShouldBe(published.Rungs);
        search.LocalShare.ShouldBe(0);
    }

    [Fact]
    public void Writing_and_reading_give_an_equal_specification()
    {
        var specification = SpecificationJson.Read(File.ReadAllText(Path.Combine(RepoPaths.Samples, "digits", "search.json")));
        var again = SpecificationJson.Read(SpecificationJson.Write(specification).ToJsonString(WorkflowJson.Options));
        SpecificationJson.Write(again).ToJsonString().ShouldBe(SpecificationJson.Write(specification).ToJsonString());
    }

    [Fact]
    public void What_is_left_out_has_a_default()
    {
        var specification = SpecificationJson.Read(Smallest);
        (specification.Solver, specification.Search.Method, specification.Objective.Metric).ShouldBe(("ddim", SearchMethod.Evolution, "fid"));
        specification.Baselines.ShouldBe(BaselineNames.Default);
    }

    [Fact]
    public void The_published_preset_has_the_published_parameters()
    {
        var specification = SpecificationJson.Read(SpecificationOverrides.Apply(Smallest, ["search.preset=autodiffusion"]));
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
    [InlineData("objective.metric=beauty", "objective.metric: is 'beauty'; allowed: fid, fid-held-out, fid-infinity,")]
    [InlineData("solver=magic", "solver: Unknown solver 'magic'. Known:")]
    [InlineData("name=Tiny Run", "allowed: 1 to 40 lower-case letters")]
    [InlineData("baselines=[\"sideways\"]", "baselines[0]: is 'sideways'; allowed:")]
    [InlineData("conditions.label=-4", "conditions.label: is -4; allowed: null, \"random\", or a label number")]
    [InlineData("candidates=[{\"solver\":\"ddim\",\"steps\":[{\"t\":\"x\"}]}]", "candidates[0].steps[0].t: must be a number")]
    [InlineData("seed=-1", "seed: must be a whole number of at least 0, got -1")]
    [InlineData("seed=many", "seed: must be a whole number of at least 0, got a string")]
    [InlineData("search.method=klub_dp", "search.method: is 'klub_dp'; allowed: auto, evolution, cma-es, pattern, random, none, klub, klub-dp,")]
    [InlineData("search.dataFree=1", "search.dataFree: must be true or false, got a number")]
    [InlineData("search.survivors=0", "search.survivors: is 0; allowed: above 0, at most 1")]
    [InlineData("search.minPrune=0.6", "search.minPrune: is 0.6; allowed: at most maxPrune, 0.5")]
    [InlineData("search=[]", "search: must be an object, got an array")]
    [InlineData("search.genes=times", "search.genes: must be an array, got a string")]
    [InlineData("formatVersion=2", "formatVersion: is 2; allowed: 1.")]
    [InlineData("reference.solver=heun(x=1)", "reference.solver: ")]
    [InlineData("conditions.guidanceScale=1e999", "conditions.guidanceScale: ")]
    [InlineData("model=null", "model: is missing.")]
    public void Refuses_by_name(string assignment, string message) =>
        Should.Throw<ProblemException>(() => SpecificationJson.Read(SpecificationOverrides.Apply(Smallest, [assignment]))).Message.ShouldContain(message);

    [Fact]
    public void Every_violation_is_reported_at_once()
    {
        var json = SpecificationOverrides.Apply(Smallest, ["colour=1", "budget.networkCalls=0", "objective.metric=x"]);
        Should.Throw<ProblemException>(() => SpecificationJson.Read(json)).Problems.Count.ShouldBe(3);
    }

    [Fact]
    public void What_does_not_fit_together_is_reported_beside_what_is_unknown()
    {
        var json = SpecificationOverrides.Apply(Smallest, ["search.populaton=3", "search.elites=100", "budget=null"]);
        Should.Throw<ProblemException>(() => SpecificationJson.Read(json)).Problems.Select(p => p.Path).ShouldBe(["budget", "search.populaton", "search"]);
    }

    [Fact]
    public void An_assignment_to_a_text_is_text() =>
        SpecificationJson.Read(SpecificationOverrides.Apply(Smallest, ["model=2026", "reference.solver=heun"])).Model.ShouldBe("2026");

    [Fact]
    public void Null_stands_for_a_member_left_out() =>
        SpecificationJson.Write(SpecificationJson.Read(SpecificationOverrides.Apply(Smallest, ["search=null", "seed=null", "candidates=null"]))).ToJsonString()
            .ShouldBe(SpecificationJson.Write(SpecificationJson.Read(Smallest)).ToJsonString());

    // Run ids are hashes of this text: a field that is added must be left out while it has its default.
    [Fact]
    public void The_canonical_text_is_the_one_that_run_ids_were_made_of() =>
        SpecificationJson.WriteWhatMatters(SpecificationJson.Read(Smallest)).ToJsonString().ShouldBe(
            """{"formatVersion":1,"name":"tiny","model":"samples/digits","seed":0,"solver":"ddim","conditions":""" +
            """{"label":null,"guidanceScale":1},"budget":{"networkCalls":4,"macs":null,"milliseconds":null,"peakMegabytes":null},"search":""" +
            """{"method":"evolution","genes":["times"],"distance":"l2","dataFree":false,"space":"times","population":32,"generations":6,"elites":""" +
            """8,"mutants":14,"crossovers":10,"rungs":[128,512],"survivors":0.4,"mutationProbability":0.25,"localShare":0.5,"twoStages":false,"minPrune":""" +
            """0,"maxPrune":0.5},"objective":{"metric":"fid"},"validation":{"samples":1000,"elites":4},"final":{"samples":2000,"images":64},"reference":""" +
            """{"solver":"ddim","steps":50,"spacing":"trailing","samples":256},"baselines":""" +
            """["leading","trailing","linspace","karras","log-snr","trimmed-uniform","random-search"],"candidates":[]}""");

    [Fact]
    public void Text_that_is_not_json_is_refused() =>
        Should.Throw<ProblemException>(() => SpecificationJson.Read("{\"name\":")).Message.ShouldContain("is not valid JSON");

    [Theory]
    [InlineData("search.generations")]
    [InlineData("=3")]
    public void A_malformed_assignment_is_refused(string assignment) =>
        Should.Throw<ProblemException>(() => SpecificationOverrides.Apply(Smallest, [assignment])).Message.ShouldContain("path=value");
}
