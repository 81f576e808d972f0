using BatchEval.Core.Sampling;
using BatchEval.Core.Search;
using BatchEval.Workflow.Runs;
using BatchEval.Workflow.Specifications;
using BatchEval.Workflow.Tests.Local;

namespace BatchEval.Workflow.Tests.Runs;

/// <summary>The course of a run, without a model: scores are the distance of a schedule to a known one.</summary>
public sealed class RunMachineTests
{
    private const string FarBase = """candidates=[{"solver":"dpmpp-2m","steps":[{"t":700},{"t":460},{"t":140}]}]""";
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

    // Scored by where guidance lies: late steps are to have it.
    [Theory]
    [InlineData("cma-es")]
    [InlineData("evolution")]
    public void Guidance_of_steps_is_searched_together_with_the_numbers(string method)
    {
        static double Guided(Candidate c) => c.Steps.Where(s => s.Guidance == StepGuidance.Full).Average(s => s.Time);
        static double Early(Candidate c) => Guided(c) - (100 * c.Steps.Count) + (1000 * Math.Abs(c.Steps[^1].Numbers?.FirstDifference - 0.3 ?? 0.3));
        string[] all = ["search.space=sampler", $"search.method={method}", "search.genes=[\"times\",\"guidance\"]", "conditions.guidanceScale=3", "budget.networkCalls=4", "search.population=12", "search.generations=12", "search.interval=2", "solver=dpmpp-2m"];
        var rounds = Play(Machine(all), Early);
        Searched(rounds).ShouldAllBe(c => c.Steps.Sum(s => s.Guidance == StepGuidance.Full ? 2 : 1) <= 8);
        var (first, winner) = (Winner(rounds, "base"), Winner(rounds, "searched"));
        first.Steps.Count.ShouldBe(6);
        Early(winner).ShouldBeLessThan(Early(first) - 100);
        Guided(winner).ShouldBeLessThan(Guided(first), string.Join(' ', winner.Steps.Select(s => $"{s.Time}:{s.Guidance}")) + " from " + string.Join(' ', first.Steps.Select(s => $"{s.Time}:{s.Guidance}")));
    }

    [Theory]
    [InlineData("cma-es")]
    [InlineData("pattern")]
    [InlineData("evolution")]
    [InlineData("random")]
    public void Every_method_finds_numbers_better_than_the_base(string method)
    {
        var rounds = Play(Machine("search.space=sampler", $"search.method={method}", "search.population=12", "search.generations=12", "search.interval=2", FarBase));
        Distance(Winner(rounds, method == "random" ? "random-search" : "searched")).ShouldBeLessThan(0.8 * Distance(Searched(rounds).First()));
    }

    [Theory]
    [InlineData("search.space=sampler", "search.groups=null")]
    [InlineData("search.space=times", "search.method=cma-es")]
    public void The_random_search_baseline_beside_a_sampler_search_is_not_the_base_under_another_name(string first, string second)
    {
        var rounds = Play(Machine(first, second, "search.population=12", "search.generations=8", "search.interval=2", FarBase));
        var drawn = rounds.Where(p => p.Stage == RunStage.RandomSearch).SelectMany(p => p.Assignments).Select(a => a.Entry.Candidate).ToList();
        drawn.ShouldContain(Winner(rounds, "random-search"));
        rounds.Where(p => p.Stage == RunStage.RandomSearch).Max(p => p.Generation).ShouldBe(7, "it may draw as many candidates as the search");
        Distance(Winner(rounds, "random-search")).ShouldBeLessThan(0.8 * Distance(Searched(rounds).First()));
    }

    [Theory]
    [InlineData("sampler", "cma-es")]
    [InlineData("sampler", "pattern")]
    [InlineData("sampler", "evolution")]
    [InlineData("sampler", "random")]
    [InlineData("times", "cma-es")]
    [InlineData("times", "pattern")]
    public void Samplers_of_flow_models_can_be_searched(string space, string method)
    {
        foreach (var schedule in new[] { new FlowNoiseSchedule(1000), new FlowNoiseSchedule(1000).For(TimeInput.Whole), new FlowNoiseSchedule(1) })
        {
            var specification = SpecificationJson.Read(SpecificationOverrides.Apply(
                TinyRun.Json, [$"search.space={space}", $"search.method={method}", "search.population=8", "search.generations=6", "search.interval=2", "solver=dpmpp-2m"]));
            double Far(Candidate c) => c.Steps.Zip([0.6, 0.4, 0.2]).Sum(p => Math.Pow((p.First.Time / schedule.MaxTime) - p.Second, 2));
            var rounds = Play(new RunMachine(specification, schedule), Far);
            Far(Winner(rounds, method == "random" ? "random-search" : "searched")).ShouldBeLessThan(Far(rounds.First(p => p.Stage == RunStage.Search).Assignments[0].Entry.Candidate));
        }
    }

    [Fact]
    public void Given_candidates_outside_the_budget_are_scored_and_never_the_base()
    {
        const string Many = """candidates=[{"solver":"ddim","steps":[{"t":600},{"t":500},{"t":400},{"t":200}]}]""";
        var rounds = Play(Machine("search.space=sampler", "search.population=6", "search.generations=2", "baselines=[]", "reference.samples=0", Many));
        Searched(rounds).ShouldAllBe(c => c.NetworkCalls <= 3);
        rounds.Single(p => p.Stage == RunStage.Final).Assignments.Select(a => (a.Entry.Name, a.Entry.Candidate.NetworkCalls)).ShouldBe([("searched", 3), ("candidate 1", 4)]);
    }

    [Fact]
    public void The_base_that_a_sampler_search_began_at_is_scored_beside_what_it_found()
    {
        var rounds = Play(Machine("search.space=sampler", "search.population=6", "search.generations=4", "search.interval=2", "baselines=[]", "reference.samples=0", "solver=dpmpp-2m"), c => 10 - c.Steps.Count(s => s.Numbers is not null));
        var looks = rounds.Where(p => p.Stage == RunStage.Search && p.Assignments[0].Range.Start >= Workflow.Evaluation.SampleRange.ValidationStart);
        Winner(rounds, "base").ShouldBe(looks.First().Assignments[0].Entry.Candidate);
        Winner(rounds, "base").HasNumbers.ShouldBeFalse();
        Winner(rounds, "searched").HasNumbers.ShouldBeTrue();
    }

    [Theory]
    [InlineData("fid", true)]
    [InlineData("fid-held-out", true)]
    [InlineData("kid", false)]
    public void Distances_of_moments_have_a_control_variate(string metric, bool controlled) =>
        Play(Machine("search.space=sampler", "search.population=6", "search.generations=2", $"objective.metric={metric}"))
            .Where(p => p.Stage == RunStage.Search).Any(p => p.Controls > 0).ShouldBe(controlled);

    [Theory]
    [InlineData("search.space=joint", "search.method=cma-es", "search.method")]
    [InlineData("search.space=sampler", "search.groups=[]", "search.groups")]
    [InlineData("search.space=sampler", "search.method=gits", "search.space")]
    [InlineData("search.method=cma-es", "search.population=3", "search.population")]
    [InlineData("search.space=times", """search.groups=["times","network-times"]""", "search.groups")]
    [InlineData("search.space=sampler", "search.preset=autodiffusion", "search.preset")]
    [InlineData("search.method=cma-es", "search.preset=autodiffusion", "search.preset")]
    [InlineData("search.space=times", "search.twoStages=true", "search.twoStages")]
    public void What_does_not_go_together_is_refused_by_name(string first, string second, string path) =>
        Should.Throw<Core.Json.ProblemException>(() => Machine(first, second)).Problems.ShouldContain(p => p.Path == path);

    // Reference images of samples that nothing is compared on cost as much as those of the final.
    [Theory]
    [InlineData("baselines=[]", 1)]
    [InlineData("baselines=[\"trailing\"]", 1)]
    [InlineData("baselines=[\"trimmed-uniform\"]", 2)]
    public void Without_a_search_the_reference_is_computed_on_what_is_compared(string baselines, int ranges)
    {
        var rounds = Play(Machine("search.method=none", "objective.metric=psnr", baselines, """candidates=[{"solver":"ddim","steps":[{"t":500}]}]"""));
        rounds.Single(p => p.Stage == RunStage.Reference).Assignments.Count.ShouldBe(ranges);
    }

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

    private static IEnumerable<Candidate> Searched(IEnumerable<RoundPlan> rounds) => rounds.Where(p => p.Stage == RunStage.Search).SelectMany(p => p.Assignments).Select(a => a.Entry.Candidate);

    private static Candidate Winner(IEnumerable<RoundPlan> rounds, string name) => rounds.Single(p => p.Stage == RunStage.Final).Assignments.Single(a => a.Entry.Name == name).Entry.Candidate;

    private static List<RoundPlan> Play(RunMachine machine, Func<Candidate, double>? score = null)
    {
        var rounds = new List<RoundPlan>();
        for (var state = machine.Begin(); machine.Next(state) is { } plan; state = machine.Observe(state, Scores(plan, score)))
        {
            rounds.Add(plan);
        }

        return rounds;
    }

    private static List<ScoredCandidate> Scores(RoundPlan plan, Func<Candidate, double>? score = null) =>
        plan.Stage == RunStage.Reference ? [] : [.. plan.Assignments.SkipLast(plan.Controls).Select(a => new ScoredCandidate(a.Entry.Candidate, (score ?? Distance)(a.Entry.Candidate), 0, a.Range.Count))];

    private static double Distance(Candidate candidate) => candidate.Steps.Zip([600.0, 400, 200]).Sum(p => Math.Pow(p.First.Time - p.Second, 2));
}
