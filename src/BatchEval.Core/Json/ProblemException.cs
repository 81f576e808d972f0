namespace BatchEval.Core.Json;

/// <summary>An input was refused; <see cref="Problems"/> lists everything that is wrong with it.</summary>
public sealed class ProblemException : Exception
{
    /// <param name="subject">What was refused, for example "The run specification".</param>
    /// <param name="problems">At least one problem.</param>
    public ProblemException(string subject, IEnumerable<Problem> problems)
        : this(subject, [.. problems])
    {
    }

    /// <summary>Creates a refusal with a single problem that concerns the whole input.</summary>
    public ProblemException(string message)
        : base(message) => (Subject, Problems) = (string.Empty, [new Problem(string.Empty, message)]);

    private ProblemException(string subject, Problem[] problems)
        : base($"{subject} cannot be used:{string.Concat(problems.Select(p => $"\n  {p}"))}") => (Subject, Problems) = (subject, problems);

    /// <summary>What was refused; empty when the message says it all.</summary>
    public string Subject { get; }

    /// <summary>Everything that is wrong.</summary>
    public IReadOnlyList<Problem> Problems { get; }
}
