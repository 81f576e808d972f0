using BatchEval.Core.Sampling;

namespace BatchEval.Workflow.Evaluation;

/// <summary>What a candidate is in a run.</summary>
public enum EntryRole
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
public sealed record Entry(string Name, EntryRole Role, Candidate Candidate);
