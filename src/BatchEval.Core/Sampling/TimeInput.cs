namespace BatchEval.Core.Sampling;

/// <summary>Which times a network can be told.</summary>
public enum TimeInput
{
    /// <summary>Any, in single or double precision.</summary>
    Real,

    /// <summary>Those of half precision.</summary>
    Half,

    Whole,
}
