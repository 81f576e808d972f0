using BatchEval.Core.Sampling;
using BatchEval.Core.Search;
using BatchEval.Workflow.Runs;
using BatchEval.Workflow.Specifications;
using BatchEval.Workflow.Tests.Local;

namespace BatchEval.Workflow.Tests.Runs;

/// <summary>The course of a run, without a model: scores are the distance of a schedule to a known one.</summary>
public sealed class RunMachineTests
{
    private static readonly NoiseSchedule Schedule = DiscreteNoiseSchedule.Linear(1000, 1e-4, 0.02);

    [Fact]
    public void Stages_follow_one_another_and_the_run_ends() =>
        Play(Machine()).Select(p => p.Stage).Distinct().ShouldBe([RunStage.Reference, RunStage.Search, RunStage.RandomSearch, RunStage.Validation, RunStage.Final]);

    [Fact]
    public void Search_validation_and_final_see_disjoint_samples()
    {
        var ranges = Play(Machine()).GroupBy(p => p.Stage).ToDictionary(g => g.Key, g => g.SelectMany(p => p.Assignments).SelectMany(a => a.Range.Indices).ToHashSet());
        ranges[RunStage.Search].Overlaps(ranges[RunStage.Validation]).ShouldBeFalse();
        ranges[RunStage.Search].Overlaps(ranges[RunStage.Final]).ShouldBeFalse();
        ranges[RunStage.Validation].Overlaps(ranges[RunStage.Final]).ShouldBeFalse();
        ranges[RunStage.RandomSearch].ShouldBe(ranges[RunStage.Search], ignoreOrder: true);
    }

    [Fact]
    public void The_final_holds_one_of_each_name_chosen_by_validation()
    {
        var rounds = Play(Machine());
        var validation = rounds.Single(p => p.Stage == RunStage.Validation).Assignments.Select(a => a.Entry).ToList();
        var final = rounds.Single(p => p.Stage == RunStage.Final).Assignments.Select(a => a.Entry).ToList();
        final.Select(c => c.Name).ShouldBe(["searched", "random-search", "trimmed-uniform", "trailing"], ignoreOrder: true);
        var trimmed = validation.Where(c => c.Name == "trimmed-uniform").ToList();
        trimmed.Count.ShouldBeGreaterThan(4);
        final.Single(c => c.Name == "trimmed-uniform").Candidate.ShouldBe(trimmed.MinBy(c => Distance(c.Candidate))!.Candidate);
    }

    [Fact]
    public void Every_baseline_keeps_the_budget() =>
        Play(Machine()).Where(p => p.Stage != RunStage.Reference).SelectMany(p => p.Assignments).ShouldAllBe(a => a.Entry.Candidate.NetworkCalls <= 3);

    [Fact]
    public void Heun_takes_fewer_steps_for_the_same_calls() =>
        Play(Machine("solver=heun", "budget.networkCalls=5")).Where(p => p.Stage == RunStage.Search).SelectMany(p => p.Assignments)
            .ShouldAllBe(a => a.Entry.Candidate.Steps.Count == 3 && a.Entry.Candidate.NetworkCalls == 5);

    [Fact]
    public void A_paired_objective_has_a_reference_for_every_sample_it_compares()
    {
        var rounds = Play(Machine("objective.metric=lpips"));
        var reference = rounds.Where(p => p.Stage == RunStage.Reference).SelectMany(p => p.Assignments).SelectMany(a => a.Range.Indices).ToHashSet();
        rounds.Where(p => p.Stage != RunStage.Reference).SelectMany(p => p.Assignments).SelectMany(a => a.Range.Indices.Take(a.PairedSamples)).ShouldAllBe(i => reference.Contains(i));
        rounds.Where(p => p.Stage == RunStage.Search).SelectMany(p => p.Assignments).ShouldAllBe(a => a.PairedSamples == a.Range.Count);
    }

    [Fact]
    public void A_sampler_search_looks_at_the_validation_samples_while_it_runs_and_never_at_the_final_ones()
    {
        var rounds = Play(Machine("search.space=sampler", "search.population=6", "search.generations=6", "search.interval=2", "solver=dpmpp-2m"));
        HashSet<long> Seen(Func<RoundPlan, bool> of) => [.. rounds.Where(of).SelectMany(p => p.Assignments).SelectMany(a => a.Range.Indices)];
        var final = Seen(p => p.Stage == RunStage.Final);
        Seen(p => p.Stage != RunStage.Final && p.Stage != RunStage.Reference).Overlaps(final).ShouldBeFalse();
        var looks = rounds.Where(p => p.Stage == RunStage.Search && p.Assignments[0].Range.Start >= Workflow.Evaluation.SampleRange.ValidationStart).ToList();
        looks.Count.ShouldBeGreaterThan(2);
        looks.ShouldAllBe(p => p.Assignments.Count == 1);
        var winner = rounds.Single(p => p.Stage == RunStage.Final).Assignments.Single(a => a.Entry.Name == "searched").Entry.Candidate;
        Distance(winner).ShouldBe(looks.SelectMany(p => p.Assignments).Min(a => Distance(a.Entry.Candidate)));
    }

    [Fact]
    public void Given_candidates_are_where_a_sampler_search_begins()
    {
        var rounds = Play(Machine("search.space=sampler", "search.population=6", "search.generations=2", "baselines=[]", """candidates=[{"solver":"unipc","steps":[{"t":620,"drop":[3]},{"t":380},{"t":210}],"end":5}]"""));
        rounds.Where(p => p.Stage == RunStage.Search).SelectMany(p => p.Assignments).Select(a => a.Entry.Candidate)
            .ShouldAllBe(c => c.Solver == "unipc" && c.Steps[0].Drop.Count == 1 && c.End == 5);
    }

    [Theory]
    [InlineData("search.space=joint", "search.method=cma-es", "search.method")]
    [InlineData("search.space=sampler", "search.groups=[]", "search.groups")]
    [InlineData("search.space=sampler", "search.method=gits", "search.space")]
    [InlineData("search.method=cma-es", "search.population=3", "search.population")]
    public void What_does_not_go_together_is_refused_by_name(string first, string second, string path) =>
        Should.Throw<Core.Json.ProblemException>(() => Machine(first, second)).Problems.ShouldContain(p => p.Path == path);

    [Fact]
    public void Given_candidates_alone_are_scored_in_one_round()
    {
        var rounds = Play(Machine("search.method=none", "reference.samples=0", "baselines=[]", """candidates=[{"solver":"ddim","steps":[{"t":500}]}]"""));
        rounds.Single().Assignments.Single().Entry.Name.ShouldBe("candidate 1");
    }

    [Theory]
    [InlineData("search.method=evolution", "search.space=times", "search.interval=null")]
    [InlineData("search.method=cma-es", "search.space=times", "search.interval=2")]
    [InlineData("search.method=auto", "search.space=sampler", "search.interval=2")]
    [InlineData("search.method=pattern", "search.space=sampler", "search.interval=1")]
    [InlineData("search.method=evolution", "search.space=sampler", "search.interval=1")]
    [InlineData("search.method=random", "search.space=sampler", "search.interval=1")]
    public void The_state_survives_its_own_json(params string[] overrides)
    {
        var machine = Machine([.. overrides, "solver=dpmpp-2m", "search.generations=4"]);
        var state = machine.Begin();
        while (machine.Next(state) is { } plan)
        {
            var json = System.Text.Json.JsonSerializer.Serialize(state, Workflow.Serialization.WorkflowJson.Options);
            var again = System.Text.Json.JsonSerializer.Deserialize<RunState>(json, Workflow.Serialization.WorkflowJson.Options)!;
            System.Text.Json.JsonSerializer.Serialize(machine.Next(again)).ShouldBe(System.Text.Json.JsonSerializer.Serialize(plan));
            state = machine.Observe(again, Scores(plan));
        }
    }

    private static RunMachine Machine(params string[] overrides) => new(SpecificationJson.Read(SpecificationOverrides.Apply(TinyRun.Json, overrides)), Schedule);

    private static List<RoundPlan> Play(RunMachine machine)
    {
        var rounds = new List<RoundPlan>();
        for (var state = machine.Begin(); machine.Next(state) is { } plan; state = machine.Observe(state, Scores(plan)))
        {
            rounds.Add(plan);
        }

        return rounds;
    }

    private static List<ScoredCandidate> Scores(RoundPlan plan) =>
        plan.Stage == RunStage.Reference ? [] : [.. plan.Assignments.SkipLast(plan.Controls).Select(a => new ScoredCandidate(a.Entry.Candidate, Distance(a.Entry.Candidate), 0, a.Range.Count))];

    private static double Distance(Candidate candidate) => candidate.Steps.Zip([600.0, 400, 200]).Sum(p => Math.Pow(p.First.Time - p.Second, 2));
}
