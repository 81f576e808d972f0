namespace BatchEval.Core.Sampling;

/// <summary>
/// What a step changes in its solver's table; the defaults change nothing. With D_0, D_1, D_2 this call's data prediction and the two before
/// it, and phi the sum of the solver's own coefficients of data predictions, the row x' = S x + sum_j c_j D_j becomes
/// x' = (1 + a) S x + (1 + b) sum_j c_j D_j + phi (w (D_0 - D_1) + u (D_0 - 2 D_1 + D_2)).
/// A perfect denoiser of a single image gives that image back whatever w and u are; the other numbers may break that. The network output is turned into
/// a data prediction at the step's own level, whatever time the network is told (decoupled times, as in LD3).
/// </summary>
public sealed record StepNumbers
{
    /// <summary>The time that the network is told, in the model's own unit; null for the step's own.</summary>
    public double? NetworkTime { get; init; }

    /// <summary>1 + s, the factor on the network output; above 0.</summary>
    public double OutputScale { get; init; } = 1;

    /// <summary>w, the weight of the first difference of data predictions; 0 at the first step.</summary>
    public double FirstDifference { get; init; }

    /// <summary>u, the weight of the second difference of data predictions; 0 at the first two steps.</summary>
    public double SecondDifference { get; init; }

    /// <summary>a, the relative correction of the state's coefficient; the coefficient itself where the solver has none.</summary>
    public double State { get; init; }

    /// <summary>b, the relative correction of the data predictions' coefficients.</summary>
    public double Data { get; init; }

    /// <summary>True when nothing is changed at a step of time <paramref name="time"/>.</summary>
    internal bool IsNeutralAt(double time) => At(time) == new StepNumbers();

    /// <summary>The same numbers in canonical form: a network time equal to the step's own is left out, and -0 is 0.</summary>
    internal StepNumbers At(double time) => new()
    {
        NetworkTime = NetworkTime == time ? null : NetworkTime + 0.0,
        OutputScale = OutputScale,
        FirstDifference = FirstDifference + 0.0,
        SecondDifference = SecondDifference + 0.0,
        State = State + 0.0,
        Data = Data + 0.0,
    };

    /// <summary>What is wrong with the numbers of step <paramref name="index"/>, or null.</summary>
    internal string? Violation(int index)
    {
        double[] all = [NetworkTime ?? 0, OutputScale, FirstDifference, SecondDifference, State, Data];
        return !all.All(double.IsFinite) ? "every number must be finite"
            : !(OutputScale > 0) ? $"outputScale is {OutputScale}; allowed: above 0"
            : index < 1 && FirstDifference != 0 ? $"firstDifference is {FirstDifference}, but the first step has no earlier data prediction; allowed: 0"
            : index < 2 && SecondDifference != 0 ? $"secondDifference is {SecondDifference}, but step {index + 1} does not have two earlier data predictions; allowed: 0"
            : null;
    }
}
