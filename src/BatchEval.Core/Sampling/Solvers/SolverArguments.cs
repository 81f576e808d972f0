using System.Globalization;

namespace BatchEval.Core.Sampling.Solvers;

/// <summary>The arguments in a solver name, <c>name(key=value,key=value)</c>.</summary>
internal sealed class SolverArguments
{
    private readonly Dictionary<string, double> values = new(StringComparer.Ordinal);
    private readonly string text;

    public SolverArguments(string text, int open, string[] allowed)
    {
        this.text = text;
        if (open < 0)
        {
            return;
        }

        if (!text.EndsWith(')'))
        {
            throw new ArgumentException($"Solver '{text}': the argument list is not closed by ')'.");
        }

        foreach (var part in text[(open + 1)..^1].Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var pair = part.Split('=', 2, StringSplitOptions.TrimEntries);
            if (pair.Length != 2 || !double.TryParse(pair[1], NumberStyles.Float, CultureInfo.InvariantCulture, out var value))
            {
                throw new ArgumentException($"Solver '{text}': '{part}' is not of the form key=number.");
            }

            if (!allowed.Contains(pair[0], StringComparer.Ordinal) || !values.TryAdd(pair[0], value))
            {
                throw new ArgumentException($"Solver '{text}': unknown or repeated argument '{pair[0]}'; allowed: {(allowed.Length == 0 ? "none" : string.Join(", ", allowed))}.");
            }
        }
    }

    public double Number(string key, double standard, double low, double high)
    {
        if (!values.TryGetValue(key, out var value))
        {
            return standard;
        }

        return value >= low && value <= high
            ? value
            : throw new ArgumentException($"Solver '{text}': {key} is {value}; allowed: {low} to {high}.");
    }
}
