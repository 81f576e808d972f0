using BatchEval.Core.Sampling;
using BatchEval.Core.Sampling.Placement;
using BatchEval.Core.Sampling.Solvers;
using BatchEval.Tests.Shared;

namespace BatchEval.Core.Tests.Sampling;

public sealed class SolverRegistryTests
{
    /// <summary>Source of the solvers that this class makes known.</summary>
    public const string Source = "this test";

    [Fact]
    public void A_solver_from_elsewhere_can_be_named_by_candidates()
    {
        Solver.Register(new SolverDefinition("jump", Source, _ => new Jump()));
        var candidate = Candidate.At("jump", [900, 100]);
        candidate.NetworkCalls.ShouldBe(2);
        Solver.Table(candidate, DiscreteNoiseSchedule.Linear(1000, 1e-4, 0.02)).Rows[1].Next.Data[0].ShouldBe(1);
        Should.Throw<ArgumentException>(() => Solver.Register(new SolverDefinition("ddim", Source, _ => new Jump()))).Message.ShouldContain("'ddim'");
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
    public void The_table_of_solvers_in_the_documentation_is_current()
    {
        var (path, table) = (Path.Combine(RepoPaths.Root, "docs", "solvers.md"), Table());
        if (Environment.GetEnvironmentVariable("BATCHEVAL_UPDATE_DOCS") == "1")
        {
            var page = File.ReadAllText(path);
            var start = page.IndexOf(table[..table.IndexOf('\n', StringComparison.Ordinal)], StringComparison.Ordinal);
            File.WriteAllText(path, page[..start] + table + page[(page.IndexOf("\n\n", start, StringComparison.Ordinal) + 1)..]);
        }

        var text = File.ReadAllText(path);
        text.ShouldContain(table, Case.Sensitive, "Run the tests once with BATCHEVAL_UPDATE_DOCS=1.");
        PlacementRules.Names.ShouldAllBe(n => text.Contains($"`{n}`"));
    }

    private static string Table()
    {
        var rows = SolverRegistry.All.Where(d => d.Source != Source).Select(d =>
        {
            var solver = Solver.Parse(d.Name);
            string[] classes = [.. new[] { d.Elsewhere.Diffusers, solver.DiffusersOn(NoiseProcess.Flow)?.Class }.OfType<string>()];
            string[] others = [.. (d.Elsewhere.WebUi is { } name ? new[] { $"`{name}`" } : []).Concat(d.Variants.Select(v => $"`{v.Elsewhere}` (`{v.Name}`)"))];
            string?[] columns =
            [
                $"`{d.Name}`", string.Join(", ", d.Parameters.Select(p => FormattableString.Invariant($"{p.Key} ({p.Default})"))), Calls(solver), d.Distilled ? "distilled" : Orders(d, solver), d.Source,
                string.Join(", ", classes.Select(c => $"`{c}`")), Code(d.Elsewhere.ComfyUi), Code(d.Elsewhere.KDiffusion), string.Join(", ", others),
            ];
            return $"| {string.Join(" | ", columns)} |\n";
        });
        return "| name | arguments (default) | calls per step | order | source | diffusers | ComfyUI | k-diffusion | also understood |\n|---|---|---|---|---|---|---|---|---|\n" + string.Concat(rows);

        string Code(string? name) => name is null ? string.Empty : $"`{name}`";
    }

    private static string Calls(Solver solver)
    {
        var candidate = Candidate.At(solver.Name, [900, 800, 700, 600, 500, 400, 300, 200]);
        int[] calls = [.. Enumerable.Range(0, candidate.Steps.Count).Select(i => solver.NetworkCalls(candidate, i))];
        var (usual, first) = (calls[^2], calls.TakeWhile(c => c == calls[0]).Count());
        return $"{usual}" + (calls[0] != usual ? $", first {(first == 1 ? string.Empty : $"{first} steps ")}{calls[0]}" : string.Empty) + (calls[^1] != usual ? $", last {calls[^1]}" : string.Empty);
    }

    // The order without arguments, and with each whole-numbered argument that changes it.
    private static string Orders(SolverDefinition definition, Solver solver)
    {
        if (Solver.Table(Candidate.At(solver.Name, [800, 600, 400, 200]), DiscreteNoiseSchedule.Linear(1000, 1e-4, 0.02)).IsStochastic)
        {
            return "stochastic";
        }

        var others = from p in definition.Parameters
                     where p.Whole && p.High < 10
                     from value in Enumerable.Range((int)p.Low, (int)(p.High - p.Low) + 1)
                     let order = Solver.Parse($"{definition.Name}({p.Key}={value})").Order
                     where order != solver.Order
                     select $"{order} with {p.Key}={value}";
        return string.Join("; ", others.Prepend($"{solver.Order}"));
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
