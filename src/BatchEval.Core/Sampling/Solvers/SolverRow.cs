namespace BatchEval.Core.Sampling.Solvers;

/// <summary>One network evaluation and what is done with it; all a device has to execute.</summary>
/// <param name="Step">Index of the candidate's step that this evaluation belongs to.</param>
/// <param name="Level">Noise level at which the network is evaluated.</param>
/// <param name="Next">The state after the evaluation.</param>
/// <param name="NextAnchor">The second state after it, or null where the solver carries none.</param>
public sealed record SolverRow(int Step, NoiseLevel Level, LinearCombination Next, LinearCombination? NextAnchor = null)
{
    /// <summary>The time that the network is told, in the model's own unit; the level's own as a rule.</summary>
    public double NetworkTime { get; init; } = Level.Time;

    /// <summary>Factor on the network output before the data prediction is taken from it.</summary>
    public double OutputScale { get; init; } = 1;

    /// <summary>
    /// Null, or r where the second half v of the network's output widens the noise element by element: its coefficient is Next.Noise e^(r (v + 1) / 2).
    /// </summary>
    public double? LearnedNoise { get; init; }

    /// <summary>
    /// What enters the history in place of this call's data prediction D, a combination of State, Raw and Data[0] (D); null for D itself.
    /// Solvers in the noise prediction keep eps = (x - alpha D) / sigma, see <see cref="NoisePrediction"/>.
    /// </summary>
    public LinearCombination? Remembered { get; init; }

    /// <summary>The data prediction of this row as a combination of the state and of the network output as it comes.</summary>
    public DataPrediction Prediction(PredictionType type)
    {
        var (fromState, fromNetwork) = DataPrediction.For(type, Level);
        return new(fromState, fromNetwork * OutputScale);
    }

    /// <summary>eps = (x - alpha D) / sigma at a level, for <see cref="Remembered"/>.</summary>
    public static LinearCombination NoisePrediction(NoiseLevel level) => new() { State = 1 / level.Sigma, Data = [-level.Alpha / level.Sigma] };
}

/// <summary>A solver written out for one list of noise levels.</summary>
/// <param name="Rows">Evaluations in order.</param>
/// <param name="History">Number of data predictions (or what rows remember in their place) that must be kept, this call's included.</param>
public sealed record CoefficientTable(IReadOnlyList<SolverRow> Rows, int History)
{
    /// <summary>Factor on the state that sampling starts from, on top of the noise process's own.</summary>
    public double StartScale { get; init; } = 1;

    /// <summary>True when some row adds fresh noise.</summary>
    public bool IsStochastic => Rows.Any(r => r.Next.Noise != 0);

    /// <summary>True when the network must give variances beside its prediction.</summary>
    public bool LearnsNoise => Rows.Any(r => r.LearnedNoise is not null);
}
