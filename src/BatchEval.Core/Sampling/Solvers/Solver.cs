using System.Globalization;

namespace BatchEval.Core.Sampling.Solvers;

/// <summary>A sampler: turns a descending list of noise levels into a <see cref="CoefficientTable"/>.</summary>
public abstract class Solver
{
    private static readonly SortedDictionary<string, (Func<SolverArguments, Solver> Create, string[] Arguments)> Known = new(StringComparer.Ordinal)
    {
        ["ddim"] = (a => new DdimSolver(a.Number("eta", 0, 0, 1), a.Number("clip-noise", 1, 0, 1) != 0), ["eta", "clip-noise"]),
        ["ddpm"] = (_ => new DdpmSolver(), []),
        ["euler"] = (_ => new EulerSolver(), []),
        ["euler-ancestral"] = (a => new EulerAncestralSolver(a.Number("eta", 1, 0, 1)), ["eta"]),
        ["heun"] = (_ => new HeunSolver(), []),
        ["dpmpp-1"] = (_ => new DpmSolverPlusPlus(1), []),
        ["dpmpp-2m"] = (_ => new DpmSolverPlusPlus(2), []),
        ["dpmpp-3m"] = (a => new DpmSolverPlusPlus(3, a.Number("diffusers", 0, 0, 1) != 0), ["diffusers"]),
        ["sde-dpmpp-1"] = (_ => new SdeDpmSolverPlusPlus(1), []),
        ["sde-dpmpp-2m"] = (_ => new SdeDpmSolverPlusPlus(2), []),
        ["unipc"] = (a => new UniPcSolver((int)a.Number("order", 2, 1, 3)), ["order"]),
    };

    /// <summary>Canonical name: arguments sorted, defaults left out.</summary>
    public abstract string Name { get; }

    /// <summary>Names that <see cref="Parse"/> knows, without arguments.</summary>
    public static IReadOnlyCollection<string> Names => Known.Keys;

    /// <summary>Reads a solver name such as <c>dpmpp-2m</c>, <c>ddim(eta=0.5)</c> or <c>unipc(order=3)</c>.</summary>
    /// <exception cref="ArgumentException">Unknown solver or argument, or a value out of range; the message says what is allowed.</exception>
    public static Solver Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var open = text.IndexOf('(', StringComparison.Ordinal);
        var name = (open < 0 ? text : text[..open]).Trim();
        if (!Known.TryGetValue(name, out var entry))
        {
            throw new ArgumentException($"Unknown solver '{name}'. Known: {string.Join(", ", Names)}.", nameof(text));
        }

        return entry.Create(new SolverArguments(text, open, entry.Arguments));
    }

    /// <summary>Writes the solver out for a list of noise levels.</summary>
    /// <param name="levels">At least one level, strictly descending in noise, none of them clean.</param>
    /// <param name="end">Where to stop; <see cref="NoiseLevel.Clean"/> as a rule.</param>
    /// <exception cref="ArgumentException">The levels are empty or not descending.</exception>
    public CoefficientTable Table(IReadOnlyList<NoiseLevel> levels, NoiseLevel end)
    {
        ArgumentNullException.ThrowIfNull(levels);
        if (levels.Count == 0)
        {
            throw new ArgumentException("A solver needs at least 1 noise level.", nameof(levels));
        }

        NoiseLevel[] all = [.. levels, end];
        for (var i = 1; i < all.Length; i++)
        {
            if (!(all[i].Ratio < all[i - 1].Ratio))
            {
                throw new ArgumentException($"Noise levels must descend strictly; sigma/alpha = {all[i].Ratio} follows {all[i - 1].Ratio}.", nameof(levels));
            }
        }

        return Build(all);
    }

    /// <summary>The table of a candidate on a model.</summary>
    public static CoefficientTable Table(Candidate candidate, NoiseSchedule schedule)
    {
        ArgumentNullException.ThrowIfNull(candidate);
        ArgumentNullException.ThrowIfNull(schedule);
        var end = candidate.End is { } time ? schedule.At(time) : NoiseLevel.Clean;
        return Parse(candidate.Solver).Table([.. candidate.Steps.Select(s => schedule.At(s.Time))], end);
    }

    /// <summary>Network calls of one computed step.</summary>
    internal virtual int CallsPerStep => 1;

    /// <summary>Network calls per sample that a candidate costs with this solver, run-time skips not counted.</summary>
    internal int NetworkCalls(Candidate candidate) => Enumerable.Range(0, candidate.Steps.Count).Sum(step => NetworkCalls(candidate, step));

    /// <summary>The same for one of its steps.</summary>
    internal virtual int NetworkCalls(Candidate candidate, int step) => candidate.Steps[step].Reuse ? 0 : 1;

    /// <summary>Builds the table; <paramref name="levels"/> includes the end and is known to descend.</summary>
    protected abstract CoefficientTable Build(NoiseLevel[] levels);

    /// <summary>Writes an argument list in canonical form.</summary>
    protected static string Named(string name, params ReadOnlySpan<(string Key, double Value, double Default)> arguments)
    {
        var parts = new List<string>();
        foreach (var (key, value, standard) in arguments)
        {
            if (value != standard)
            {
                parts.Add(string.Create(CultureInfo.InvariantCulture, $"{key}={value}"));
            }
        }

        return parts.Count == 0 ? name : $"{name}({string.Join(',', parts)})";
    }
}
