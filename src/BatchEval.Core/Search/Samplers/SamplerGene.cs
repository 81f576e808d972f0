using BatchEval.Core.Search.Optimisers;

namespace BatchEval.Core.Search.Samplers;

/// <summary>What a number of a sampler is.</summary>
internal enum SamplerNumber
{
    /// <summary>Position of a step on the noise axis.</summary>
    Time,

    /// <summary>Difference of the time that the network is told to the step's own, on the noise axis.</summary>
    NetworkTime,

    /// <summary>s, output scale less 1.</summary>
    OutputScale,

    /// <summary>w.</summary>
    FirstDifference,

    /// <summary>u.</summary>
    SecondDifference,

    /// <summary>a.</summary>
    State,

    /// <summary>b.</summary>
    Data,

    /// <summary>Start scale less 1.</summary>
    StartScale,

    /// <summary>Key by which a step is guided or not (<see cref="GuidanceKeys"/>).</summary>
    Guidance,
}

/// <summary>One number that a search varies, in units in which a change of 1 is a sensible first step.</summary>
/// <param name="Number">What it is.</param>
/// <param name="Step">Step that it belongs to; 0 for the start scale.</param>
/// <param name="Base">Its value in the base candidate.</param>
/// <param name="Scale">Change of the number per unit.</param>
/// <param name="Variable">Bounds and grid, in units.</param>
internal sealed record SamplerGene(SamplerNumber Number, int Step, double Base, double Scale, Variable Variable)
{
    /// <summary>The number at a position.</summary>
    public double At(double units) => Base + (Scale * Variable.Clamp(units));

    /// <summary>The position of a number.</summary>
    public double UnitsOf(double number) => Variable.Clamp((number - Base) / Scale);
}
