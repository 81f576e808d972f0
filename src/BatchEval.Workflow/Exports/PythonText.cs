using System.Globalization;

namespace BatchEval.Workflow.Exports;

/// <summary>Numbers and lists as Python and other tools read them.</summary>
internal static class PythonText
{
    /// <summary>Shortest digits that give the number back, never with an exponent: tools cut lists at everything that is no digit.</summary>
    public static string Number(double value)
    {
        if (double.IsPositiveInfinity(value))
        {
            return "float('inf')";
        }

        var text = value.ToString("R", CultureInfo.InvariantCulture);
        return text.Contains('E', StringComparison.Ordinal) && Math.Abs(value) < 1e28
            ? decimal.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture).ToString(CultureInfo.InvariantCulture)
            : text;
    }

    /// <summary>Numbers separated by commas.</summary>
    public static string Numbers(IEnumerable<double> values) => string.Join(", ", values.Select(Number));

    public static string List(IEnumerable<double> values) => $"[{Numbers(values)}]";

    public static string Flag(bool value) => value ? "True" : "False";

    public static string Quoted(string text) => $"\"{text.Replace("\"", "'", StringComparison.Ordinal)}\"";

    public static string Comment(IEnumerable<string> lines) => string.Concat(lines.Select(l => $"# {l}\n"));
}
