namespace BatchEval.Core.Search.Optimisers;

/// <summary>
/// Minimises a function of a real vector by asking for values. Every method is a pure function of its arguments and the optimiser's own
/// constants: the same state asks for the same points, so a search resumes from its state alone.
/// </summary>
public interface IOptimiser
{
    /// <summary>The state before the first points.</summary>
    /// <param name="start">Where to begin, one entry per variable.</param>
    OptimiserState Begin(IReadOnlyList<double> start);

    /// <summary>The points whose values are needed next; they may lie outside the bounds. At least one.</summary>
    IReadOnlyList<double[]> Ask(OptimiserState state);

    /// <summary>Takes in the values of the points that <see cref="Ask"/> gives for the same state.</summary>
    /// <param name="state">The state that the points came from.</param>
    /// <param name="values">One value per point, lower is better; +infinity or NaN for a point that could not be evaluated.</param>
    OptimiserState Tell(OptimiserState state, IReadOnlyList<double> values);
}
