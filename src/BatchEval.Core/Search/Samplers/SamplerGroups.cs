namespace BatchEval.Core.Search.Samplers;

/// <summary>Groups of a sampler's numbers that a search can vary.</summary>
[Flags]
public enum SamplerGroups
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Where the steps lie.</summary>
    Times = 1,

    /// <summary>The times that the network is told.</summary>
    NetworkTimes = 2,

    /// <summary>Weights of the first and second difference of data predictions.</summary>
    Differences = 4,

    /// <summary>Factors on the network output.</summary>
    OutputScales = 8,

    /// <summary>Corrections of the coefficients of state and data predictions.</summary>
    Corrections = 16,

    /// <summary>The factor on the noise that sampling starts from.</summary>
    StartScale = 32,

    /// <summary>Which steps make the negative evaluation of guidance; no number of the table.</summary>
    Guidance = 64,

    /// <summary>The groups with which a perfect denoiser of a single image gives that image back.</summary>
    Consistent = Times | Differences,

    /// <summary>All numbers of the table.</summary>
    All = Consistent | NetworkTimes | OutputScales | Corrections | StartScale,
}
