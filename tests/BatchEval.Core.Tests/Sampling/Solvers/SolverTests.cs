using BatchEval.Core.Sampling;
using BatchEval.Core.Sampling.Solvers;

namespace BatchEval.Core.Tests.Sampling.Solvers;

/// <summary>What all solvers keep, and steps that no published loop takes.</summary>
public sealed class SolverTests
{
    private static readonly NoiseSchedule Linear = DiscreteNoiseSchedule.Linear(1000, 1e-4, 0.02);

    public static TheoryData<string> Names => [.. SolverRegistry.All.Select(d => d.Name).Where(n => n != "jump")];

    [Theory]
    [MemberData(nameof(Names))]
    public void Network_calls_are_the_rows_of_the_table(string solver)
    {
        double[] times = [900, 800, 700, 600, 500, 400];
        foreach (double? end in (double?[])[null, 0])
        for (var n = 1; n <= times.Length; n++)
        {
            var candidate = Candidate.At(solver, times[..n], end);
            Solver.Table(candidate, Linear).Rows.Count.ShouldBe(candidate.NetworkCalls, $"{n} steps, end {end}");
        }
    }

    [Theory]
    [InlineData("dpmpp-1", 1)]
    [InlineData("dpmpp-2m", 2)]
    [InlineData("dpmpp-3m", 3)]
    [InlineData("dpmpp-3m(diffusers=1)", 2)]
    [InlineData("unipc(order=1)", 2)]
    [InlineData("unipc(order=3)", 4)]
    [InlineData("heun", 2)]
    [InlineData("ddim", 1)]
    public void Orders_are_those_of_the_convergence_tests(string solver, int order) => Solver.Parse(solver).Order.ShouldBe(order);

    [Fact]
    public void Noise_is_what_makes_a_table_stochastic()
    {
        Solver.Table(Candidate.At("ddim", [900, 500]), Linear).IsStochastic.ShouldBeFalse();
        Solver.Table(Candidate.At("ddim(eta=1)", [900, 500]), Linear).IsStochastic.ShouldBeTrue();
    }

    [Fact]
    public void Levels_that_do_not_descend_are_refused_with_both_ratios()
    {
        NoiseLevel high = new(2, 1, 4), low = new(1, 1, 2);
        var solver = Solver.Parse("ddim");
        Should.Throw<ArgumentException>(() => solver.Table([], low, Linear)).Message.ShouldContain("at least 1 noise level");
        Should.Throw<ArgumentException>(() => solver.Table([low, high], NoiseLevel.Clean, Linear)).Message.ShouldContain("sigma/alpha = 4 follows 2");
        Should.Throw<ArgumentException>(() => solver.Table([high], high, Linear)).Message.ShouldContain("sigma/alpha = 4 follows 4");
    }

    [Theory]
    [InlineData("ddim(eta=1", "not closed by ')'")]
    [InlineData("ddim(eta)", "'eta' is not of the form key=number")]
    [InlineData("ddim(eta=x)", "'eta=x' is not of the form key=number")]
    [InlineData("ddim(eta=1,eta=1)", "repeated argument 'eta'")]
    public void Arguments_that_cannot_be_read_are_named(string name, string message) => Should.Throw<ArgumentException>(() => Solver.Parse(name)).Message.ShouldContain(message);

    // Beyond sigma / alpha = 200: x' = (sigma'/sigma) x + (alpha' - alpha sigma'/sigma) (D1 + D2) / 2, and exact for a constant data prediction.
    [Theory]
    [InlineData(0.004, 1, 3)]
    [InlineData(0.004, 2, 2)]
    [InlineData(0.0049, -1, 0.5)]
    public void Heun_above_a_ratio_of_200_averages_the_data_predictions(double alpha, double first, double second)
    {
        NoiseLevel from = new(2, alpha, Math.Sqrt(1 - (alpha * alpha))), to = new(1, 0.6, 0.8);
        var table = Solver.Parse("heun").Table([from], to, Linear);
        var end = RowExecutor.Run(table, PredictionType.Sample, (_, level) => [level.Time == 2 ? first : second], [5.0])[0];
        end.ShouldBe((0.8 / from.Sigma * 5) + ((0.6 - (alpha * 0.8 / from.Sigma)) * (first + second) / 2), 1e-12);
    }

    // eps = 0.3 everywhere, so a step to no noise gives D = (x - sigma eps) / alpha.
    [Fact]
    public void Unipc_in_the_noise_prediction_ends_at_the_data_prediction()
    {
        var level = Linear.At(500);
        var table = Solver.Table(Candidate.At("unipc(noise=1)", [500]), Linear);
        RowExecutor.Run(table, PredictionType.Epsilon, (_, _) => [0.3], [2.0])[0].ShouldBe((2 - (level.Sigma * 0.3)) / level.Alpha, 1e-12);
    }

    // A constant velocity moves every solver of the flow ODE along the straight line x + (u' - u) v.
    [Theory]
    [InlineData("euler")]
    [InlineData("heun")]
    [InlineData("ipndm")]
    [InlineData("plms")]
    [InlineData("pndm")]
    [InlineData("lms")]
    [InlineData("deis")]
    public void A_constant_velocity_is_a_straight_line(string solver)
    {
        var table = Solver.Table(Candidate.At(solver, [0.9, 0.7, 0.5, 0.4, 0.2], 0.1), new FlowNoiseSchedule());
        RowExecutor.Run(table, PredictionType.Flow, (_, _) => [-1.5], [2.0])[0].ShouldBe(2 + (0.8 * 1.5), 1e-9);
    }

    [Fact]
    public void The_exponential_minus_one_has_its_limits_and_no_cancellation()
    {
        Exponential.MinusOne(double.NegativeInfinity).ShouldBe(-1);
        Exponential.MinusOne(-800).ShouldBe(-1);
        Exponential.MinusOne(0).ShouldBe(0);
        Exponential.MinusOne(1e-10).ShouldBe(1.00000000005e-10, 1e-25);
        Exponential.MinusOne(1).ShouldBe(Math.E - 1, 1e-15);
    }

    // The authors' lower order over the last steps holds below 15 steps; then the last step but one is of order 2.
    [Theory]
    [InlineData("dpmpp-3m(diffusers=1)")]
    [InlineData("deis(order=3)")]
    [InlineData("dpm-3m")]
    public void Runs_of_fewer_than_15_steps_end_with_lower_orders(string solver)
    {
        int Predictions(int steps) => Solver.Table(Candidate.At(solver, Enumerable.Range(0, steps).Select(i => 990.0 - (60 * i))), Linear).Rows[steps - 2].Next.Data.Count;
        (Predictions(14), Predictions(15), Predictions(16)).ShouldBe((2, 3, 3));
    }

    // sigma = 200 is still taken in sigma / alpha, where the second call's state counts.
    [Fact]
    public void Heun_at_a_ratio_of_200_is_the_trapezoid()
    {
        var next = Solver.Parse("heun").Table([new(2, 1, 200)], new(1, 1, 100), new SigmaNoiseSchedule(0.002, 300)).Rows[1].Next;
        (next.State, next.Anchor).ShouldBe((-0.5, 0.75));
        next.Data.ShouldBe([0.5, 0.25]);
    }

    // LCM's boundary conditions at s = scaling t = 0.5 with sigma_data = 0.5: c_skip = 1/2, c_out = 1/sqrt(2).
    [Fact]
    public void Lcm_keeps_part_of_the_state_at_small_times()
    {
        var row = Solver.Table(Candidate.At("lcm", [0.05], 0), Linear).Rows[0];
        var end = Linear.At(0);
        row.Next.State.ShouldBe(end.Alpha / 2, 1e-12);
        row.Next.Data[0].ShouldBe(end.Alpha / Math.Sqrt(2), 1e-12);
        row.Next.Noise.ShouldBe(end.Sigma);
    }

    // sigma' sqrt(1 - e^(-2 tau^2 h)) (Xue et al. 2023, proposition 4.2)
    [Theory]
    [InlineData(1)]
    [InlineData(0.5)]
    public void Sa_solver_adds_the_share_of_noise_that_tau_asks_for(double tau)
    {
        var row = Solver.Table(Candidate.At(FormattableString.Invariant($"sa-solver(tau={tau})"), [700, 500, 300]), Linear).Rows[0];
        var (from, to) = (Linear.At(700), Linear.At(500));
        row.Next.Noise.ShouldBe(to.Sigma * Math.Sqrt(1 - Math.Exp(-2 * tau * tau * (to.Lambda - from.Lambda))), 1e-12);
    }

    // tau holds from 200 to 800, both included.
    [Fact]
    public void Sa_solver_is_noisy_at_the_ends_of_its_range() =>
        Solver.Table(Candidate.At("sa-solver", [801, 800, 200, 199, 100]), Linear).Rows.Select(r => r.Next.Noise > 0).ShouldBe([false, true, true, false, false]);

    [Fact]
    public void Learned_variances_are_asked_for_by_the_table()
    {
        Solver.Table(Candidate.At("ddpm", [900, 500]), Linear).LearnsNoise.ShouldBeFalse();
        Solver.Table(Candidate.At("ddpm(learned=1)", [900, 500]), Linear).LearnsNoise.ShouldBeTrue();
    }

    [Fact]
    public void Spaces_and_empty_arguments_are_read_over()
    {
        Solver.Parse("ddim( eta = 0.5 , )").Name.ShouldBe("ddim(eta=0.5)");
        Solver.Parse("ddim()").Name.ShouldBe("ddim");
        Should.Throw<ArgumentException>(() => Solver.Parse("(eta=1)")).Message.ShouldContain("Unknown solver ''");
        Should.Throw<ArgumentException>(() => Solver.Parse("unipc(bh=3)")).Message.ShouldContain("allowed: 1 or 2");
    }

    // Weights of Adams-Bashforth methods integrate 1, s, s^2 and s^3 over the next step exactly.
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Adams_bashforth_weights_integrate_polynomials(int order)
    {
        var weights = AdamsBashforth.Equal(order);
        weights.Length.ShouldBe(order);
        for (var power = 0; power < order; power++) weights.Select((w, j) => w * Math.Pow(-j, power)).Sum().ShouldBe(1.0 / (power + 1), 1e-14);
        double[] nodes = [.. Enumerable.Range(0, order).Select(j => (double)-j)];
        AdamsBashforth.Integrals(nodes, 0, 1).ShouldBe(weights, 1e-13);
    }
}
