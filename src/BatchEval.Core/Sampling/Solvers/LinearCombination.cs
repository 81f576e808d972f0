namespace BatchEval.Core.Sampling.Solvers;

/// <summary>
/// A linear combination of what a solver knows after a network call:
/// State * x + Anchor * y + Raw * D_raw + sum_j Data[j] * D_j + Noise * z.
/// </summary>
public sealed record LinearCombination
{
    /// <summary>Coefficient of the state that entered the network.</summary>
    public double State { get; init; }

    /// <summary>Coefficient of the second state that some solvers carry (Heun's step start, UniPC's corrected state).</summary>
    public double Anchor { get; init; }

    /// <summary>Coefficient of this call's data prediction before clamping.</summary>
    public double Raw { get; init; }

    /// <summary>Coefficients of the data predictions, this call's first.</summary>
    public IReadOnlyList<double> Data { get; init; } = [];

    /// <summary>Coefficient of fresh standard normal noise.</summary>
    public double Noise { get; init; }

    /// <summary>The state unchanged.</summary>
    public static LinearCombination Keep { get; } = new() { State = 1 };

    /// <summary>Multiplies every coefficient.</summary>
    public static LinearCombination operator *(double factor, LinearCombination c) => new()
    {
        State = factor * c.State,
        Anchor = factor * c.Anchor,
        Raw = factor * c.Raw,
        Data = [.. c.Data.Select(d => factor * d)],
        Noise = factor * c.Noise,
    };

    /// <summary>Adds two combinations; their noise is the same draw.</summary>
    public static LinearCombination operator +(LinearCombination a, LinearCombination b) => new()
    {
        State = a.State + b.State,
        Anchor = a.Anchor + b.Anchor,
        Raw = a.Raw + b.Raw,
        Data = [.. Enumerable.Range(0, Math.Max(a.Data.Count, b.Data.Count)).Select(j => a.Data.ElementAtOrDefault(j) + b.Data.ElementAtOrDefault(j))],
        Noise = a.Noise + b.Noise,
    };
}
