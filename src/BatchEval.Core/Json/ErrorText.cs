using System.Text.Json;
using System.Text.RegularExpressions;

namespace BatchEval.Core.Json;

/// <summary>What an exception says, for people: everything, on one line, without .NET's notes for programmers.</summary>
public static partial class ErrorText
{
    /// <summary>The message of an exception, or of its cause where it only says that there were several.</summary>
    public static string Of(Exception error)
    {
        var cause = error is AggregateException { InnerException: { } inner } ? inner : error;
        var text = cause is ArgumentException { ParamName: { Length: > 0 } name } ? cause.Message.Replace($" (Parameter '{name}')", string.Empty, StringComparison.Ordinal) : cause.Message;
        return OneLine(text);
    }

    /// <summary>
    /// A text of several lines as one. Web services repeat themselves: behind their status follow the identifiers, content and headers of the answer, which are left out.
    /// </summary>
    public static string OneLine(string text)
    {
        var lines = text.Split(['\r', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return WithoutSecrets(string.Join(' ', lines.TakeWhile(line => line is not ("Content:" or "Headers:" or "Additional Information:")).Where(line => !Identifier().IsMatch(line))));
    }

    /// <summary>A text without the account keys and signatures of storage connections in it.</summary>
    public static string WithoutSecrets(string text) => Secret().Replace(text, "$1***");

    /// <summary>Where and why a text is not JSON.</summary>
    public static string OfJson(JsonException error)
    {
        var text = Position().Replace(error.Message, string.Empty).Replace(", when isFinalBlock is true", string.Empty, StringComparison.Ordinal).Replace(" Change the reader options.", string.Empty, StringComparison.Ordinal);
        return text.StartsWith("The input does not contain any JSON tokens", StringComparison.Ordinal) ? "is empty; JSON is expected."
            : error.LineNumber is { } line ? $"is not valid JSON at line {line + 1}, column {error.BytePositionInLine + 1}: {OneLine(text)}"
            : $"is not valid JSON: {OneLine(text)}";
    }

    [GeneratedRegex("""((?:AccountKey|SharedAccessSignature)=|[?&]?\bsig=)[^;&\s'"]+""", RegexOptions.IgnoreCase)]
    private static partial Regex Secret();

    [GeneratedRegex("^(RequestId|Time):")]
    private static partial Regex Identifier();

    [GeneratedRegex(@"( Path: [^|]*\|)? ?LineNumber: \d+ \| BytePositionInLine: \d+\.?$")]
    private static partial Regex Position();
}
