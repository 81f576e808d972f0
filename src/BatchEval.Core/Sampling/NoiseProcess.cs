namespace BatchEval.Core.Sampling;

/// <summary>The kinds of noising processes, which decide what other tools call a level.</summary>
public enum NoiseProcess
{
    /// <summary>Variance preserving, with whole training times.</summary>
    Discrete,

    /// <summary>Variance exploding, by sigma.</summary>
    Sigma,

    /// <summary>Straight lines, by u in (0, 1].</summary>
    Flow,
}
