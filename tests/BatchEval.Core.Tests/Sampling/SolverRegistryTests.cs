using BatchEval.Core.Sampling;
using BatchEval.Core.Sampling.Placement;
using BatchEval.Core.Sampling.Solvers;
using BatchEval.Tests.Shared;

namespace BatchEval.Core.Tests.Sampling;

public sealed class SolverRegistryTests
{
    [Fact]
    public void A_solver_from_elsewhere_can_be_named_by_candidates()
    {
        Solver.Register(new SolverDefinition("jump", "this test", _ => new Jump()));
        var candidate = Candidate.At("jump", [900, 100]);
        candidate.NetworkCalls.ShouldBe(2);
        Solver.Table(candidate, DiscreteNoiseSchedule.Linear(1000, 1e-4, 0.02)).Rows[1].Next.Data[0].ShouldBe(1);
        Should.Throw<ArgumentException>(() => Solver.Register(new SolverDefinition("ddim", "this test", _ => new Jump()))).Message.ShouldContain("'ddim'");
    }

    [Fact]
    public void Every_name_is_canonical_and_its_arguments_are_read_back()
    {
        foreach (var definition in SolverRegistry.All)
        {
            Solver.Parse(definition.Name).Name.ShouldBe(definition.Name);
            definition.Parameters.Select(p => p.Key).ShouldBe(definition.Parameters.Select(p => p.Key).Order(StringComparer.Ordinal));
            foreach (var parameter in definition.Parameters)
            {
                var value = parameter.Default == parameter.High ? parameter.Low : parameter.High;
                var name = FormattableString.Invariant($"{definition.Name}({parameter.Key}={value})");
                Solver.Parse(name).Name.ShouldBe(name);
            }
        }
    }

    [Fact]
    public void The_page_of_solvers_lists_every_solver_its_arguments_and_every_placement()
    {
        var page = File.ReadAllLines(Path.Combine(RepoPaths.Root, "docs", "solvers.md"));
        foreach (var definition in SolverRegistry.All.Where(d => d.Name != "jump"))
        {
            var line = page.Single(l => l.StartsWith("| `", StringComparison.Ordinal) && l.Split('|')[1].Contains($"`{definition.Name}`", StringComparison.Ordinal));
            definition.Parameters.ShouldAllBe(p => line.Split('|')[2].Contains(p.Key), definition.Name);
        }

        var text = string.Join('\n', page);
        PlacementRules.Names.ShouldAllBe(n => text.Contains($"`{n}`"));
    }

    [Theory]
    [InlineData("unipc(order=2.7)", "order is 2.7; allowed: whole numbers 1 to 3")]
    [InlineData("ddim(clip-noise=0.5)", "clip-noise is 0.5; allowed: 0 or 1")]
    [InlineData("ddim(eta=2)", "eta is 2; allowed: 0 to 1")]
    [InlineData("heun(eta=1)", "unknown or repeated argument 'eta'; allowed: none")]
    [InlineData("plms2", "Unknown solver 'plms2'")]
    public void Bad_names_say_what_is_allowed(string name, string message) =>
        Should.Throw<ArgumentException>(() => Solver.Parse(name)).Message.ShouldContain(message);

    [Theory]
    [InlineData("lcm")]
    [InlineData("tcd")]
    [InlineData("sa-solver")]
    [InlineData("lcm(scaling=5)")]
    public void The_unit_of_a_flow_models_time_changes_no_row(string solver)
    {
        double[] times = [0.95, 0.7, 0.4, 0.1];
        var (one, thousand) = (Solver.Table(Candidate.At(solver, times), new FlowNoiseSchedule(1)), Solver.Table(Candidate.At(solver, times.Select(t => 1000 * t)), new FlowNoiseSchedule(1000)));
        thousand.Rows.Count.ShouldBe(one.Rows.Count);
        for (var r = 0; r < one.Rows.Count; r++)
        {
            var (a, b) = (one.Rows[r].Next, thousand.Rows[r].Next);
            a.State.ShouldBe(b.State, 1e-9);
            a.Noise.ShouldBe(b.Noise, 1e-9);
            a.Data.Count.ShouldBe(b.Data.Count);
            a.Data.Zip(b.Data).ShouldAllBe(p => Math.Abs(p.First - p.Second) < 1e-9);
        }
    }

    [Theory]
    [InlineData("lcm")]
    [InlineData("tcd")]
    public void Solvers_that_weigh_by_the_time_are_refused_where_it_is_a_logarithm(string solver) =>
        Should.Throw<ArgumentException>(() => Solver.Table(Candidate.At(solver, [1.5, 0.5, -1]), new LogSigmaNoiseSchedule(0.002, 700))).Message.ShouldContain("which on this model is a logarithm");

    [Fact]
    public void Sa_solver_adds_noise_in_the_middle_of_every_models_range()
    {
        Solver.Table(Candidate.At("sa-solver", [80, 5, 0.5, 0.05, 0.002]), new SigmaNoiseSchedule(0.002, 80)).Rows.Select(r => r.Next.Noise > 0).ShouldBe([false, true, true, true, false]);
        Solver.Table(Candidate.At("sa-solver", [0.9, 0.5, 0.1]), new FlowNoiseSchedule(1)).Rows.Select(r => r.Next.Noise > 0).ShouldBe([false, true, false]);
        Solver.Table(Candidate.At("sa-solver", [1.6, 0.3, -1.5]), new LogSigmaNoiseSchedule(0.002, 700)).Rows.Select(r => r.Next.Noise > 0).ShouldBe([false, true, false]);
    }

    private sealed class Jump : Solver
    {
        public override string Name => "jump";

        protected override CoefficientTable Build(NoiseLevel[] levels, NoiseSchedule schedule) => RowPerStep(levels, k => new LinearCombination { Data = [levels[k + 1].Alpha] });
    }
}
