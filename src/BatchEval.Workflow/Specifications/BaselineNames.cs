using BatchEval.Core.Sampling.Placement;

namespace BatchEval.Workflow.Specifications;

/// <summary>Baselines that a specification can ask for.</summary>
public static class BaselineNames
{
    /// <summary>A uniform grid from a lower start, the best of <see cref="TrimmedStart.Shares"/>.</summary>
    public const string TrimmedUniform = "trimmed-uniform";

    /// <summary>Random search with the search's own budget.</summary>
    public const string Random = "random-search";

    /// <summary>The candidate that a search over a sampler's numbers began at; scored without being asked for.</summary>
    public const string Base = "base";

    /// <summary>The best times without dropped blocks, found with the budget of a joint search.</summary>
    public const string TimesOnly = "times-only";

    /// <summary>The best masks on uniform grids, found with the budget of a joint search.</summary>
    public const string BlocksOnly = "blocks-only";

    /// <summary>The best times with the same blocks dropped at every step, found with the budget of a joint search.</summary>
    public const string SameBlocks = "same-blocks";

    /// <summary>Solver, grid and ending of the model's own scheduler.</summary>
    public const string Own = "own";

    /// <summary>Baselines that search a part of the joint space; they need a search over blocks.</summary>
    public static IReadOnlyList<string> Parts { get; } = [TimesOnly, BlocksOnly, SameBlocks];

    public static IReadOnlyList<string> All { get; } = [.. PlacementRules.Names, TrimmedUniform, Random, .. Parts, Own];

    /// <summary>What a specification that says nothing gets.</summary>
    public static IReadOnlyList<string> Default { get; } = [.. PlacementRules.Of(PlacementUse.Baseline).Select(r => r.Name), TrimmedUniform, Random];
}
