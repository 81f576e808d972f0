using BatchEval.Core.Randomness;

namespace BatchEval.Core.Search.Optimisers;

/// <summary>
/// CMA-ES with full covariance and active update (Hansen, "The CMA evolution strategy: a tutorial", arXiv 1604.00772), restarts with doubled
/// population (IPOP, Auger and Hansen 2005) and, for variables on a grid, the margin of Hamano et al. 2022. Bounds are the caller's: points
/// outside are evaluated inside and penalised, see <see cref="Samplers.VectorSearch"/>.
/// </summary>
public sealed class CmaEs : IOptimiser
{
    private const double MostCondition = 1e14;
    private readonly IReadOnlyList<Variable> variables;
    private readonly CmaOptions options;
    private readonly ulong seed;

    /// <param name="variables">The variables, in order; at least one.</param>
    /// <param name="options">Parameters.</param>
    /// <param name="seed">Seed of all draws.</param>
    /// <exception cref="ArgumentException">No variables, fewer than 4 points, or a step size that is not positive.</exception>
    public CmaEs(IReadOnlyList<Variable> variables, CmaOptions options, ulong seed)
    {
        if (variables.Count == 0 || options.Population < 4 || !(options.Sigma > 0))
        {
            throw new ArgumentException($"CMA-ES needs at least 1 variable, 4 points and a positive step size, got {variables.Count}, {options.Population}, {options.Sigma}.", nameof(options));
        }

        (this.variables, this.options, this.seed) = (variables, options, seed);
    }

    private int Size => variables.Count;

    public OptimiserState Begin(IReadOnlyList<double> start) =>
        Fresh(start, start, options.Population ?? 4 + (int)Math.Floor(3 * Math.Log(Size)), 0, 0);

    public IReadOnlyList<double[]> Ask(OptimiserState state)
    {
        var margins = state.Cma!.Margins;
        return [.. Deviations(state, SymmetricEigen.Of(state.Cma.Covariance, Size))
            .Select(y => y.Select((d, j) => state.Mean[j] + (state.Step * margins[j] * d)).ToArray())];
    }

    public OptimiserState Tell(OptimiserState state, IReadOnlyList<double> values)
    {
        var cma = state.Cma!;
        var eigen = SymmetricEigen.Of(cma.Covariance, Size);
        var deviations = Deviations(state, eigen);
        int[] order = [.. Enumerable.Range(0, deviations.Length).OrderBy(i => double.IsNaN(values[i]) ? double.PositiveInfinity : values[i])];
        double[][] ranked = [.. order.Select(i => deviations[i])];
        var best = values[order[0]];
        if (!double.IsFinite(best))
        {
            // Nothing could be evaluated, so nothing was learned; the next generation tries nearer to the centre.
            return state with { Generation = state.Generation + 1, Step = state.Step / 2 };
        }

        var weights = new CmaWeights(Size, cma.Population);
        double[] mean = new double[Size], moved = new double[Size];
        for (var j = 0; j < Size; j++)
        {
            moved[j] = Enumerable.Range(0, weights.Parents).Sum(i => weights.Values[i] * ranked[i][j]);
            mean[j] = state.Mean[j] + (state.Step * cma.Margins[j] * moved[j]);
        }

        // eqs. 43 and 44
        var white = eigen.Whiten(moved);
        var stepGain = Math.Sqrt(weights.StepRate * (2 - weights.StepRate) * weights.Effective);
        double[] stepPath = [.. cma.StepPath.Select((p, j) => ((1 - weights.StepRate) * p) + (stepGain * white[j]))];
        var length = Math.Sqrt(stepPath.Sum(p => p * p));
        var expected = Math.Sqrt(Size) * (1 - (1.0 / (4 * Size)) + (1.0 / (21.0 * Size * Size)));
        var step = state.Step * Math.Exp(Math.Min(1, weights.StepRate / weights.Damping * ((length / expected) - 1)));

        // eqs. 45 to 47
        var steady = length / Math.Sqrt(1 - Math.Pow(1 - weights.StepRate, 2 * (cma.Age + 1))) < (1.4 + (2.0 / (Size + 1))) * expected;
        var pathGain = steady ? Math.Sqrt(weights.PathRate * (2 - weights.PathRate) * weights.Effective) : 0;
        double[] path = [.. cma.Path.Select((p, j) => ((1 - weights.PathRate) * p) + (pathGain * moved[j]))];
        var covariance = Adapt(cma.Covariance, weights, path, ranked, eigen, steady);
        var kept = 10 + (int)Math.Ceiling(30.0 * Size / cma.Population);
        var next = state with
        {
            Generation = state.Generation + 1,
            Mean = mean,
            Step = step,
            Cma = cma with { Age = cma.Age + 1, Covariance = covariance, Path = path, StepPath = stepPath, Best = [.. cma.Best.Append(best).TakeLast(kept)] },
        };
        next = CmaMargin.Apply(next, variables, cma.Population);
        return Stuck(next, kept) && cma.Restarts < options.Restarts ? Restart(next) : next;
    }

    private double[] Adapt(IReadOnlyList<double> old, CmaWeights weights, double[] path, double[][] ranked, SymmetricEigen eigen, bool steady)
    {
        var decay = 1 + (steady ? 0 : weights.RankOne * weights.PathRate * (2 - weights.PathRate)) - weights.RankOne - (weights.RankMu * weights.Values.Sum());
        double[] factors = [.. ranked.Select((y, i) => weights.RankMu * weights.Values[i] * (weights.Values[i] >= 0 ? 1 : Size / Math.Max(eigen.Whiten(y).Sum(v => v * v), 1e-300)))];
        var covariance = new double[Size * Size];
        for (var j = 0; j < Size; j++)
        {
            for (var k = 0; k <= j; k++)
            {
                var sum = (decay * old[(j * Size) + k]) + (weights.RankOne * path[j] * path[k]);
                for (var i = 0; i < ranked.Length; i++)
                {
                    sum += factors[i] * ranked[i][j] * ranked[i][k];
                }

                covariance[(j * Size) + k] = covariance[(k * Size) + j] = sum;
            }
        }

        return covariance;
    }

    // y = B D z, eq. 39
    private double[][] Deviations(OptimiserState state, SymmetricEigen eigen)
    {
        var random = new PhiloxStream(seed, StreamKey.For("cma-es", state.Generation));
        return [.. Enumerable.Range(0, state.Cma!.Population).Select(_ => eigen.Colour([.. Enumerable.Range(0, Size).Select(_ => random.NextGaussian())]))];
    }

    private bool Stuck(OptimiserState state, int kept)
    {
        var cma = state.Cma!;
        var flat = cma.Best.Count == kept && cma.Best.Max() - cma.Best.Min() < options.ValueTolerance;
        var narrow = Enumerable.Range(0, Size).All(j => state.Step * Math.Sqrt(cma.Covariance[j * (Size + 1)]) < options.StepTolerance);
        var values = SymmetricEigen.Of(cma.Covariance, Size).Values;
        return flat || narrow || !(values.Max() < MostCondition * values.Min());
    }

    private OptimiserState Restart(OptimiserState state)
    {
        var cma = state.Cma!;
        var random = new PhiloxStream(seed, StreamKey.For("cma-es restart", cma.Restarts));
        double[] start = [.. cma.Origin.Select((o, j) => variables[j].Clamp(o + (options.Sigma * random.NextGaussian())))];
        return Fresh(start, cma.Origin, 2 * cma.Population, cma.Restarts + 1, state.Generation);
    }

    private OptimiserState Fresh(IReadOnlyList<double> start, IReadOnlyList<double> origin, int population, int restarts, int generation)
    {
        var identity = new double[Size * Size];
        for (var j = 0; j < Size; j++)
        {
            identity[j * (Size + 1)] = 1;
        }

        var zero = new double[Size];
        return new OptimiserState(generation, [.. start], options.Sigma)
        {
            Cma = new CmaState([.. origin], population, restarts, 0, identity, zero, zero, [.. Enumerable.Repeat(1.0, Size)], []),
        };
    }
}
