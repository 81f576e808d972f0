namespace BatchEval.Core.Sampling;

/// <summary>How a step is guided, where samples are guided by a second, negative evaluation.</summary>
public enum StepGuidance
{
    /// <summary>Both evaluations: negative + w (positive - negative).</summary>
    Full,

    /// <summary>The positive evaluation alone, without guidance.</summary>
    Positive,

    /// <summary>The positive evaluation, and the difference positive - negative of the last step that made both.</summary>
    Cached,
}
