namespace BatchEval.Core.Json;

/// <summary>One thing that is wrong with an input, for a person to read.</summary>
/// <param name="Path">Where: member names joined by dots, indices in brackets, for example <c>search.rungs[1]</c>; empty for the whole input.</param>
/// <param name="Message">What is wrong and what is allowed.</param>
public sealed record Problem(string Path, string Message)
{
    public override string ToString() => Path.Length == 0 ? Message : $"{Path}: {Message}";
}
