namespace BatchEval.Workflow.Evaluation;

/// <summary>What a candidate is in a run.</summary>
public enum EntryRole
{
    Searched,

    Given,

    Baseline,

    /// <summary>The unaccelerated sampler.</summary>
    Reference,
}

/// <summary>A candidate with the name under which people know it.</summary>
public sealed record Entry(string Name, EntryRole Role, Candidate Candidate);
