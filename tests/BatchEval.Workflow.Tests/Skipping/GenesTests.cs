using BatchEval.Core.Json;
using BatchEval.Core.Sampling;
using BatchEval.Core.Search;
using BatchEval.Workflow.Runs;
using BatchEval.Workflow.Specifications;
using BatchEval.Workflow.Tests.Local;

namespace BatchEval.Workflow.Tests.Skipping;

/// <summary><c>search.genes</c>: reuse and skip policies searched together with the times.</summary>
public sealed class GenesTests
{
    private static readonly NoiseSchedule Schedule = DiscreteNoiseSchedule.Linear(1000, 1e-4, 0.02);

    [Theory]
    [InlineData("dpmpp-2m", 6)]
    [InlineData("heun", 9)]
    public void A_run_breeds_candidates_with_more_steps_than_calls(string solver, int calls)
    {
        var specification = Read($"solver={solver}", $"budget.networkCalls={calls}", "search.genes=[\"skip\",\"times\",\"reuse\"]", "search.population=24", "reference.samples=0");
        specification.Search.Genes.ShouldBe([SearchGene.Times, SearchGene.Reuse, SearchGene.Skip]);
        var machine = new RunMachine(specification, Schedule);
        var state = machine.Begin();
        var bred = new List<Candidate>();
        while (state.Stage is RunStage.Search)
        {
            var plan = machine.Next(state)!;
            bred.AddRange(plan.Assignments.Select(a => a.Entry.Candidate));
            state = machine.Observe(state, [.. plan.Assignments.Select((a, i) => new ScoredCandidate(a.Entry.Candidate, -a.Entry.Candidate.Steps.Count + (0.01 * i), 0, 16))]);
        }

        bred.ShouldAllBe(c => c.NetworkCalls <= calls);
        bred.ShouldContain(c => c.Steps.Any(s => s.Reuse));
        bred.ShouldContain(c => c.Skip != null && c.Skip.Threshold > 0);
        // With Heun that plan costs one call too many: its last step is reused, the only one that would be half as dear.
        (solver == "heun").ShouldBe(!bred.Exists(c => c.Steps.Where((s, k) => s.Reuse == (k % 2 == 1)).Count() == c.Steps.Count && c.Skip != null && c.Skip.Order == 2), "every other step is a seed");
        bred.ShouldContain(c => c.Skip == null && c.NetworkCalls == calls && !c.Steps.Any(s => s.Reuse), "named spacings are adopted");
    }

    [Fact]
    public void Only_times_are_searched_unless_asked() => Read().Search.Genes.ShouldBe([SearchGene.Times]);

    [Theory]
    [InlineData("[\"times\",\"colour\"]", "search.genes[1]: is 'colour'; allowed: times, reuse, skip")]
    [InlineData("[\"reuse\"]", "must name 'times'")]
    public void Refuses_genes_by_name(string genes, string message) =>
        Should.Throw<ProblemException>(() => Read($"search.genes={genes}")).Message.ShouldContain(message);

    [Theory]
    [InlineData("sampler", "cma-es", "reuse", "names 'reuse'; a search over sampler takes 'times' and 'guidance' only.")]
    [InlineData("times", "cma-es", "guidance", "names 'guidance'; cma-es over times takes 'times' only.")]
    [InlineData("blocks", "evolution", "guidance", "names 'guidance'; a search over blocks takes 'times' only.")]
    public void Says_which_genes_a_search_takes(string space, string method, string gene, string message) =>
        Should.Throw<ProblemException>(() => Read($"search.space={space}", $"search.method={method}", $"search.genes=[\"times\",\"{gene}\"]")).Message.ShouldContain(message);

    [Fact]
    public void Genes_are_part_of_what_identifies_a_run()
    {
        var specification = Read("search.genes=[\"times\",\"reuse\"]");
        SpecificationJson.Read(SpecificationJson.Write(specification).ToJsonString()).Search.Genes.ShouldBe([SearchGene.Times, SearchGene.Reuse]);
    }

    private static RunSpecification Read(params string[] overrides) => SpecificationJson.Read(SpecificationOverrides.Apply(TinyRun.Json, overrides));
}
