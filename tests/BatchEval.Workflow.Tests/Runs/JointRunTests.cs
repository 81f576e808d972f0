using System.Text.Json;
using BatchEval.Core.Sampling;
using BatchEval.Core.Search;
using BatchEval.Core.Search.Costs;
using BatchEval.Workflow.Runs;
using BatchEval.Workflow.Serialization;
using BatchEval.Workflow.Specifications;

namespace BatchEval.Workflow.Tests.Runs;

/// <summary>The course of a run that searches blocks, without a model: scores are known in closed form.</summary>
public sealed class JointRunTests
{
    private const string Text = """
        { "name": "joint", "model": "m", "budget": { "macs": { "share": 0.6, "ofSteps": 10 }, "networkCalls": 9 },
          "search": { "space": "joint", "population": 8, "generations": 3, "rungs": [16, 48], "elites": 4 },
          "validation": { "samples": 40, "elites": 2 }, "final": { "samples": 72, "images": 2 }, "reference": { "samples": 0 },
          "baselines": ["trimmed-uniform", "random-search", "times-only", "blocks-only", "same-blocks"] }
        """;

    private static readonly NoiseSchedule Schedule = DiscreteNoiseSchedule.Linear(1000, 1e-4, 0.02);
    private static readonly CostModel Costs = new(100, 2, 0, [.. Enumerable.Range(0, 6).Select(i => new BlockCost(i, $"b{i}", 8, 0.1, 10))]);

    [Fact]
    public void Every_part_of_the_space_is_searched_with_at_least_the_same_budget_and_goes_to_the_final()
    {
        var (rounds, end) = Play(Machine());
        rounds.Select(r => r.Stage).Distinct().ShouldBe([RunStage.Search, RunStage.RandomSearch, RunStage.Rivals, RunStage.Validation, RunStage.Final]);
        rounds[^1].Assignments.Select(a => a.Entry.Name).ShouldBe(["searched", "random-search", "times-only", "blocks-only", "same-blocks", "trimmed-uniform"], ignoreOrder: true);
        // Candidates of other spaces have fewer calls, so samples are what is compared.
        long Samples(SearchState s) => s.Seen.Count;
        Samples(end.RandomSearch).ShouldBeGreaterThanOrEqualTo(Samples(end.Search));
        end.Rivals.Select(r => r.Name).ShouldBe(["times-only", "blocks-only", "same-blocks"]);
    }

    [Fact]
    public void Every_contestant_keeps_the_budget_and_the_rules_of_its_name()
    {
        var budget = new Budget(Costs, new BudgetLimits(9, 600));
        foreach (var entry in Play(Machine()).Rounds.SelectMany(r => r.Assignments).Select(a => a.Entry))
        {
            budget.Allows(entry.Candidate).ShouldBeTrue(entry.Name);
            var steps = entry.Candidate.Steps;
            (entry.Name != "times-only" || steps.All(s => s.Drop.Count == 0)).ShouldBeTrue();
            (entry.Name != "same-blocks" || steps.Select(s => string.Join(',', s.Drop)).Distinct().Count() == 1 || steps.Any(s => s.Drop.Count == 1)).ShouldBeTrue();
            var gaps = steps.Zip(steps.Skip(1), (a, b) => a.Time - b.Time).ToList();
            (entry.Name != "blocks-only" || gaps.Count == 0 || gaps.Max() - gaps.Min() <= 1).ShouldBeTrue();
        }
    }

    [Fact]
    public void The_published_preset_opens_its_window_after_the_first_stage()
    {
        var (rounds, end) = Play(Machine("search={\"space\":\"joint\",\"preset\":\"autodiffusion\",\"population\":10,\"generations\":8,\"rungs\":[16]}", "baselines=[]"));
        var search = rounds.Where(r => r.Stage == RunStage.Search).ToList();
        search.Count.ShouldBe(8);
        search[0].Assignments.ShouldAllBe(a => a.Entry.Candidate.Steps.All(s => s.Drop.Count == 0));
        end.Search.Window!.High.ShouldBeGreaterThan(0);
        end.History.Count.ShouldBe(8);
    }

    [Fact]
    public void The_state_survives_its_own_json()
    {
        var machine = Machine();
        var state = machine.Begin();
        while (machine.Next(state) is { } plan)
        {
            state = JsonSerializer.Deserialize<RunState>(JsonSerializer.Serialize(state, WorkflowJson.Options), WorkflowJson.Options)!;
            JsonSerializer.Serialize(machine.Next(state)).ShouldBe(JsonSerializer.Serialize(plan));
            state = machine.Observe(state, Scores(plan));
        }
    }

    private static RunMachine Machine(params string[] overrides) => new(SpecificationJson.Read(SpecificationOverrides.Apply(Text, overrides)), Schedule, Costs);

    private static (List<RoundPlan> Rounds, RunState End) Play(RunMachine machine)
    {
        var rounds = new List<RoundPlan>();
        var state = machine.Begin();
        for (; machine.Next(state) is { } plan; state = machine.Observe(state, Scores(plan)))
        {
            rounds.Add(plan);
        }

        return (rounds, state);
    }

    private static List<ScoredCandidate> Scores(RoundPlan plan) => [.. plan.Assignments.Select(a => new ScoredCandidate(a.Entry.Candidate, Loss(a.Entry.Candidate), 0, a.Range.Count))];

    private static double Loss(Candidate candidate)
    {
        double[] times = [700, .. candidate.Steps.Select(s => s.Time), 0];
        return times.Zip(times.Skip(1)).Sum(p => Math.Pow((p.First - p.Second) / 100, 2)) + candidate.Steps.Sum(s => s.Drop.Count(b => s.Time >= 400 == b >= 3));
    }
}
