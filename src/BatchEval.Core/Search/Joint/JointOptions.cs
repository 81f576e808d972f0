namespace BatchEval.Core.Search.Joint;

/// <summary>Which blocks steps may drop.</summary>
public enum MaskRule
{
    None,

    PerStep,

    /// <summary>The same blocks at every step.</summary>
    Shared,
}

/// <summary>Share of a network's blocks that a freshly drawn mask drops.</summary>
/// <param name="Low">Smallest share.</param>
/// <param name="High">Largest share; 0 means that nothing is dropped at all.</param>
public sealed record PruneWindow(double Low, double High)
{
    /// <summary>Nothing is dropped.</summary>
    public static PruneWindow Closed { get; } = new(0, 0);
}

/// <summary>Parameters of <see cref="JointSpace"/>.</summary>
public sealed record JointOptions
{
    /// <summary>Which blocks steps may drop.</summary>
    public MaskRule Masks { get; init; } = MaskRule.PerStep;

    /// <summary>How many blocks fresh masks drop.</summary>
    public PruneWindow Window { get; init; } = new(0, 0.5);

    /// <summary>Chance of each time, and of each mask, to change in a mutation.</summary>
    public double MutationProbability { get; init; } = 0.25;

    /// <summary>Share of changes that keep near the parent: times between their neighbours, masks by one block.</summary>
    public double LocalShare { get; init; } = 0.5;

    /// <summary>True for the published operators alone: no inserted steps, no cuts, budgets always used up.</summary>
    public bool Published { get; init; }

    /// <summary>The only lists of times allowed, each descending, or null where times are free.</summary>
    public IReadOnlyList<IReadOnlyList<double>>? Grids { get; init; }

    /// <summary>What is known about which blocks are missed least, or null.</summary>
    internal BlockPrior? Prior { get; init; }
}
