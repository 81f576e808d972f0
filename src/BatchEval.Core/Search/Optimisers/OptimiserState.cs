namespace BatchEval.Core.Search.Optimisers;

/// <summary>All that an optimiser remembers; serialisable.</summary>
/// <param name="Generation">Generations told so far.</param>
/// <param name="Mean">The centre: the present estimate of the minimum.</param>
/// <param name="Step">Overall step size.</param>
public sealed record OptimiserState(int Generation, IReadOnlyList<double> Mean, double Step)
{
    /// <summary>What <see cref="CmaEs"/> has learned; null for other optimisers.</summary>
    public CmaState? Cma { get; init; }

    /// <summary>The points that <see cref="PatternSearch"/> tries next, after the centre; null for other optimisers.</summary>
    public IReadOnlyList<IReadOnlyList<double>>? Trials { get; init; }
}

/// <summary>The memory of <see cref="CmaEs"/>.</summary>
/// <param name="Origin">Where the optimisation began.</param>
/// <param name="Population">Points per generation, lambda; doubled at every restart.</param>
/// <param name="Restarts">Restarts so far.</param>
/// <param name="Age">Generations since the last restart.</param>
/// <param name="Covariance">C, row-major n x n.</param>
/// <param name="Path">p_c.</param>
/// <param name="StepPath">p_sigma.</param>
/// <param name="Margins">Diagonal of A, which keeps grid variables moving.</param>
/// <param name="Best">Best value of each of the last generations, newest last.</param>
public sealed record CmaState(
    IReadOnlyList<double> Origin,
    int Population,
    int Restarts,
    int Age,
    IReadOnlyList<double> Covariance,
    IReadOnlyList<double> Path,
    IReadOnlyList<double> StepPath,
    IReadOnlyList<double> Margins,
    IReadOnlyList<double> Best);
