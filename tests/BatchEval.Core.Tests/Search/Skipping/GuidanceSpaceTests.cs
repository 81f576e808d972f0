using BatchEval.Core.Json;
using BatchEval.Core.Randomness;
using BatchEval.Core.Sampling;
using BatchEval.Core.Sampling.Solvers;
using BatchEval.Core.Search;
using BatchEval.Core.Search.Costs;
using BatchEval.Core.Search.Skipping;
using BatchEval.Core.Tests.Sampling.Skipping;

namespace BatchEval.Core.Tests.Search.Skipping;

/// <summary>Guidance per step as a gene: the budget of evaluations holds and is used up whatever the operators do.</summary>
public sealed class GuidanceSpaceTests
{
    [Theory]
    [InlineData("ddim", 4)]
    [InlineData("dpmpp-2m", 6)]
    [InlineData("heun", 5)]
    [InlineData("ddim", 1)]
    public void Every_operator_uses_the_evaluations_that_the_budget_buys(string solver, int steps)
    {
        var space = Space(solver, steps);
        var random = new PhiloxStream(1, StreamKey.For("test", 0));
        List<Candidate> all = [.. Enumerable.Range(0, 40).Select(_ => space.Random(random))];
        for (var i = 0; i < 300; i++)
        {
            var (a, b) = (all[random.NextInt(all.Count)], all[random.NextInt(all.Count)]);
            all.Add(i % 2 == 0 ? space.Mutate(a, random) : space.Cross(a, b, random));
        }

        var budget = Evaluations(Candidate.At(solver, Enumerable.Range(1, steps).Select(t => (double)t)));
        foreach (var candidate in all)
        {
            candidate.Steps.Count.ShouldBeInRange(steps, 2 * steps);
            Evaluations(candidate).ShouldBeInRange(budget - (solver == "heun" ? 1 : 0), budget, CandidateJson.Write(candidate));
            CandidateJson.Read(CandidateJson.Write(candidate)).ShouldBe(candidate);
        }

        all.Select(c => c.Id).Distinct().Count().ShouldBeGreaterThan(100);
        foreach (var guidance in Enum.GetValues<StepGuidance>().Where(g => steps > 1 || g != StepGuidance.Cached))
        {
            all.ShouldContain(c => c.Steps.Any(s => s.Guidance == guidance));
        }
    }

    [Fact]
    public void Guided_candidates_are_adopted_as_far_as_the_budget_goes()
    {
        var space = Space("ddim", 2);
        var plain = Candidate.At("ddim", [900, 300]);
        space.Adopt(plain).ShouldBe(plain);
        var mixed = new Candidate("ddim", [new(900), new(600, guidance: StepGuidance.Cached), new(300, guidance: StepGuidance.Positive)]);
        space.Adopt(mixed).ShouldBe(mixed);
        space.Adopt(Candidate.At("ddim", [900, 600, 300])).ShouldBeNull();
    }

    [Fact]
    public void Costs_count_evaluations()
    {
        var costs = new CostModel(100, 10, 0, []);
        var mixed = new Candidate("ddim", [new(900), new(600, guidance: StepGuidance.Cached), new(300, guidance: StepGuidance.Positive)]);
        costs.Of(mixed, guided: true).ShouldBe(new CandidateCost(400, 40, 3, 0));
        costs.Of(mixed).ShouldBe(new CandidateCost(300, 30, 3, 0));
        (costs with { GuidedEvaluations = 1 }).Of(mixed, guided: true).Macs.ShouldBe(300);
    }

    [Theory]
    [InlineData("""{ "solver": "ddim", "steps": [ { "t": 900, "guidance": "cached" } ] }""", "takes the difference of an earlier guided step, and there is none")]
    [InlineData("""{ "solver": "ddim", "steps": [ { "t": 900, "guidance": "positive" }, { "t": 500, "guidance": "cached" }, { "t": 100 } ] }""", "The step at t = 500 takes the difference")]
    [InlineData("""{ "solver": "ddim", "steps": [ { "t": 900 }, { "t": 500, "reuse": true, "guidance": "positive" } ] }""", "has no guidance of its own")]
    [InlineData("""{ "solver": "ddim", "steps": [ { "t": 900, "guidance": "half" } ] }""", "is 'half'; allowed: full, positive, cached.")]
    public void What_cannot_be_guided_is_refused(string json, string message) =>
        Should.Throw<ProblemException>(() => CandidateJson.Read(json)).Message.ShouldContain(message);

    [Fact]
    public void Full_guidance_is_not_written_so_that_ids_stay() =>
        CandidateJson.Write(new Candidate("ddim", [new(900, guidance: StepGuidance.Full)])).ShouldBe("""{"solver":"ddim","steps":[{"t":900}]}""");

    private static int Evaluations(Candidate candidate) => Enumerable.Range(0, candidate.Steps.Count)
        .Sum(k => Solver.Parse(candidate.Solver).NetworkCalls(candidate, k) * (candidate.Steps[k].Guidance == StepGuidance.Full ? 2 : 1));

    private static GuidanceSpace Space(string solver, int steps) => new(solver, n => new TimeStepSpace(solver, ToyRun.Schedule, n), steps, 2 * steps);
}
