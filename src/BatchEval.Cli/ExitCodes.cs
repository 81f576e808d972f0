namespace BatchEval.Cli;

/// <summary>What the process reports to its caller.</summary>
internal static class ExitCodes
{
    public const int Done = 0;

    /// <summary>The work failed after it had begun.</summary>
    public const int Failed = 1;

    /// <summary>The input cannot be used; nothing was started.</summary>
    public const int BadInput = 2;

    /// <summary>Interrupted by the user; a run can be resumed.</summary>
    public const int Interrupted = 130;
}
