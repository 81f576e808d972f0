using Xunit.Abstractions;
using System.Text.Json;
using BatchEval.Core.Search.Optimisers;
using static BatchEval.Core.Tests.Search.Optimisers.TestFunctions;

namespace BatchEval.Core.Tests.Search.Optimisers;

/// <summary>CMA-ES on functions whose published evaluation counts are known.</summary>
public sealed class CmaEsTests(ITestOutputHelper output)
{
    private static readonly Dictionary<string, Func<double[], double>> Functions = new(StringComparer.Ordinal)
    {
        ["sphere"] = Sphere, ["ellipsoid"] = Ellipsoid, ["rosenbrock"] = Rosenbrock, ["mixed"] = Mixed,
    };

    /// <summary>
    /// The log in the test cases of the author's own program (pycma, unitdoctest): one run on the ellipsoid in 3 dimensions from (1, 1, 1) with sigma 1 and
    /// 7 points stands at 5.7e-12 after 1400 evaluations, without the active update, which saves about a third.
    /// </summary>
    [Fact]
    public void Needs_as_many_evaluations_as_the_published_program()
    {
        var median = Median(15, seed => Evaluations("ellipsoid", 3, 1, new CmaOptions(Sigma: 1), 5.7e-12, seed));
        output.WriteLine($"ellipsoid, n = 3: {median} evaluations to 5.7e-12");
        median.ShouldBeInRange(1400 / 2, 1400);
    }

    // Evaluations grow about linearly in n on the sphere and quadratically elsewhere; the bounds are 20 % above what this program needs.
    [Theory]
    [InlineData("sphere", 10, 1, 1.0, 2_100)]
    [InlineData("ellipsoid", 10, 1, 1.0, 6_500)]
    [InlineData("rosenbrock", 8, 0, 0.5, 5_200)]
    public void Reaches_the_minimum(string function, int n, double start, double sigma, int most)
    {
        var median = Median(7, seed => Evaluations(function, n, start, new CmaOptions(Sigma: sigma), 1e-9, seed));
        output.WriteLine($"{function}, n = {n}: {median} evaluations to 1e-9");
        median.ShouldBeLessThan(most);
    }

    [Fact]
    public void The_margin_keeps_whole_numbers_moving()
    {
        Variable[] plain = [.. Enumerable.Repeat(Variable.Free, 16)];
        Variable[] mixed = [.. plain.Select((v, j) => j < 8 ? v : v with { Grid = 1 })];
        int Solved(Variable[] variables) => Enumerable.Range(0, 5).Count(seed => Run("mixed", variables, 4, new CmaOptions(Sigma: 1, Restarts: 0), 1e-9, 15_000, (ulong)seed) is not null);
        var (with, without) = (Solved(mixed), Solved(plain));
        output.WriteLine($"solved with the margin {with} of 5, without {without}");
        with.ShouldBe(5);
        without.ShouldBeLessThan(with);
    }

    [Fact]
    public void A_state_read_back_from_json_goes_on_with_the_same_bits()
    {
        var cma = new CmaEs([.. Enumerable.Repeat(Variable.Free with { Grid = 0.1 }, 6)], new CmaOptions(8), 3);
        var straight = cma.Begin(new double[6]);
        var resumed = straight;
        for (var g = 0; g < 30; g++)
        {
            straight = cma.Tell(straight, [.. cma.Ask(straight).Select(Rosenbrock)]);
            resumed = JsonSerializer.Deserialize<OptimiserState>(JsonSerializer.Serialize(resumed))!;
            resumed = cma.Tell(resumed, [.. cma.Ask(resumed).Select(Rosenbrock)]);
        }

        JsonSerializer.Serialize(resumed).ShouldBe(JsonSerializer.Serialize(straight));
    }

    [Fact]
    public void Points_that_cannot_be_evaluated_are_the_worst()
    {
        var cma = new CmaEs([.. Enumerable.Repeat(Variable.Free, 4)], new CmaOptions(8, 0.5, Restarts: 0), 1);
        var state = cma.Begin([1, 1, 1, 1]);
        for (var g = 0; g < 400; g++)
        {
            state = cma.Tell(state, [.. cma.Ask(state).Select(x => x[0] < -0.3 ? (g % 2 == 0 ? double.NaN : double.PositiveInfinity) : Sphere(x))]);
        }

        Sphere([.. state.Mean]).ShouldBeLessThan(1e-6);
        var failed = cma.Tell(state, [.. Enumerable.Repeat(double.NaN, 8)]);
        failed.Mean.ShouldBe(state.Mean);
        failed.Generation.ShouldBe(state.Generation + 1);
    }

    [Fact]
    public void A_flat_function_makes_it_restart_with_a_larger_population()
    {
        var cma = new CmaEs([Variable.Free, Variable.Free], new CmaOptions(6, Restarts: 1), 1);
        var state = cma.Begin([0, 0]);
        for (var g = 0; g < 60; g++)
        {
            state = cma.Tell(state, new double[cma.Ask(state).Count]);
        }

        state.Cma!.Restarts.ShouldBe(1);
        state.Cma.Population.ShouldBe(12);
    }

    [Theory]
    [InlineData(0, 8, 1.0)]
    [InlineData(3, 3, 1.0)]
    [InlineData(3, 8, 0.0)]
    public void Refuses_what_cannot_be_optimised(int variables, int population, double sigma) =>
        Should.Throw<ArgumentException>(() => new CmaEs([.. Enumerable.Repeat(Variable.Free, variables)], new CmaOptions(population, sigma), 1));

    private static int Median(int runs, Func<ulong, int> evaluations)
    {
        int[] all = [.. Enumerable.Range(1, runs).Select(seed => evaluations((ulong)seed)).Order()];
        return all[runs / 2];
    }

    private static int Evaluations(string function, int n, double start, CmaOptions options, double target, ulong seed) =>
        Run(function, [.. Enumerable.Repeat(Variable.Free, n)], start, options, target, 100_000, seed) ?? int.MaxValue;

    private static int? Run(string function, Variable[] variables, double start, CmaOptions options, double target, int most, ulong seed)
    {
        var cma = new CmaEs(variables, options, seed);
        var state = cma.Begin([.. Enumerable.Repeat(start, variables.Length)]);
        for (var evaluations = 0; evaluations < most;)
        {
            double[] values = [.. cma.Ask(state).Select(Functions[function])];
            evaluations += values.Length;
            if (values.Min() <= target)
            {
                return evaluations;
            }

            state = cma.Tell(state, values);
        }

        return null;
    }
}
