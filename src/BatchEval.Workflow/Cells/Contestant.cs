using BatchEval.Core.Sampling;

namespace BatchEval.Workflow.Cells;

/// <summary>What a candidate is in a run.</summary>
public enum ContestantRole
{
    /// <summary>Found by the search.</summary>
    Searched,

    /// <summary>Given by the user.</summary>
    Given,

    /// <summary>A baseline.</summary>
    Baseline,

    /// <summary>The unaccelerated sampler.</summary>
    Reference,
}

/// <summary>A candidate with the name under which people know it.</summary>
/// <param name="Name">Display name.</param>
/// <param name="Role">What it is.</param>
/// <param name="Candidate">The candidate.</param>
public sealed record Contestant(string Name, ContestantRole Role, Candidate Candidate);
