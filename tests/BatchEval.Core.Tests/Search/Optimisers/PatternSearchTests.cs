using BatchEval.Core.Search.Optimisers;
using static BatchEval.Core.Tests.Search.Optimisers.TestFunctions;

namespace BatchEval.Core.Tests.Search.Optimisers;

/// <summary>The local search that polishes.</summary>
public sealed class PatternSearchTests
{
    [Fact]
    public void Finds_a_separable_minimum_in_one_joined_step()
    {
        var state = Run(new PatternSearch([.. Enumerable.Repeat(Variable.Free, 5)], 1), [0.4, -0.3, 0.2, 0.9, -0.8], x => Sphere([.. x.Select((v, i) => (i + 1) * v)]), 2);
        Sphere([.. state.Mean]).ShouldBeLessThan(1e-25);
    }

    [Fact]
    public void Goes_on_to_a_minimum_that_is_not_separable()
    {
        // Correlation 0.8
        static double Tilted(double[] x) => (x[0] * x[0]) + (x[1] * x[1]) - (1.6 * x[0] * x[1]) + Math.Pow(x[2] - x[0], 2);
        var state = Run(new PatternSearch([Variable.Free, Variable.Free, Variable.Free], 0.5), [1, -0.7, 0.4], Tilted, 120);
        Tilted([.. state.Mean]).ShouldBeLessThan(1e-4);
    }

    [Fact]
    public void Stays_inside_the_bounds_and_halves_its_step_at_the_minimum()
    {
        var search = new PatternSearch([new Variable(-0.5, 0.5), new Variable(0.2, 1)], 1);
        var state = Run(search, [0, 1], Sphere, 12);
        state.Mean.ShouldBe([0, 0.2]);
        state.Step.ShouldBeLessThan(0.1);
        search.Ask(state).ShouldAllBe(p => p[0] >= -0.5 && p[0] <= 0.5 && p[1] >= 0.2 && p[1] <= 1);
    }

    private static OptimiserState Run(IOptimiser search, double[] start, Func<double[], double> function, int rounds)
    {
        var state = search.Begin(start);
        for (var round = 0; round < rounds; round++)
        {
            state = search.Tell(state, [.. search.Ask(state).Select(function)]);
        }

        return state;
    }
}
