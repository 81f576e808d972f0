using System.Globalization;

namespace BatchEval.Core.Sampling.Solvers;

/// <summary>The arguments in a solver name, <c>name(key=value,key=value)</c>, checked against what the solver takes.</summary>
public sealed class SolverArguments
{
    private readonly Dictionary<string, double> values;

    /// <summary>Reads the arguments.</summary>
    /// <param name="text">The whole name.</param>
    /// <exception cref="ArgumentException">An argument that is unknown, repeated, no number or out of range; the message says what is allowed.</exception>
    public SolverArguments(string text, IReadOnlyList<SolverParameter> parameters)
    {
        values = parameters.ToDictionary(p => p.Key, p => p.Default, StringComparer.Ordinal);
        var open = text.IndexOf('(', StringComparison.Ordinal);
        if (open < 0)
        {
            return;
        }

        if (!text.EndsWith(')'))
        {
            throw new ArgumentException($"Solver '{text}': the argument list is not closed by ')'.");
        }

        var given = new HashSet<string>(StringComparer.Ordinal);
        foreach (var part in text[(open + 1)..^1].Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            Read(text, part, parameters, given);
        }
    }

    public double this[string key] => values[key];

    public int Whole(string key) => (int)values[key];

    /// <summary>A number that is 0 or 1.</summary>
    public bool Flag(string key) => values[key] != 0;

    private void Read(string text, string part, IReadOnlyList<SolverParameter> parameters, HashSet<string> given)
    {
        var pair = part.Split('=', 2, StringSplitOptions.TrimEntries);
        if (pair.Length != 2 || !double.TryParse(pair[1], NumberStyles.Float, CultureInfo.InvariantCulture, out var value))
        {
            throw new ArgumentException($"Solver '{text}': '{part}' is not of the form key=number.");
        }

        var parameter = parameters.FirstOrDefault(p => p.Key == pair[0]);
        if (parameter is null || !given.Add(pair[0]))
        {
            throw new ArgumentException($"Solver '{text}': unknown or repeated argument '{pair[0]}'; allowed: {(parameters.Count == 0 ? "none" : string.Join(", ", parameters.Select(p => p.Key)))}.");
        }

        if (!(value >= parameter.Low && value <= parameter.High) || (parameter.Whole && value != Math.Round(value)))
        {
            throw new ArgumentException(FormattableString.Invariant($"Solver '{text}': {parameter.Key} is {value}; allowed: {parameter.Allowed}."));
        }

        values[parameter.Key] = value;
    }
}
