namespace BatchEval.Core.Sampling.Solvers;

/// <summary>One network evaluation and what is done with it; all a device has to execute.</summary>
/// <param name="Step">Index of the candidate's step that this evaluation belongs to.</param>
/// <param name="Level">Noise level at which the network is evaluated.</param>
/// <param name="Next">The state after the evaluation.</param>
/// <param name="NextAnchor">The second state after it, or null where the solver carries none.</param>
public sealed record SolverRow(int Step, NoiseLevel Level, LinearCombination Next, LinearCombination? NextAnchor = null);

/// <summary>A solver written out for one list of noise levels.</summary>
/// <param name="Rows">Evaluations in order.</param>
/// <param name="History">Number of data predictions that must be kept, this call's included.</param>
public sealed record CoefficientTable(IReadOnlyList<SolverRow> Rows, int History)
{
    /// <summary>True when some row adds fresh noise.</summary>
    public bool IsStochastic => Rows.Any(r => r.Next.Noise != 0);
}
