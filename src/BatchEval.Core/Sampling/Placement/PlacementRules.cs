using BatchEval.Core.Json;

namespace BatchEval.Core.Sampling.Placement;

/// <summary>A named rule that places network calls on a model's noise axis.</summary>
/// <param name="Name">Name in specifications and on the command line.</param>
/// <param name="Source">Where it comes from, and what others call it.</param>
/// <param name="Place">Gives at most n descending times.</param>
public sealed record PlacementRule(string Name, string Source, Func<PlacementRange, int, PlacementOptions, double[]> Place)
{
    /// <summary>Where runs take it without being asked.</summary>
    public PlacementUse Use { get; init; }

    /// <summary>Whether it places levels and not times.</summary>
    public bool OverSigma { get; init; }

    /// <summary>False for rules that begin so slowly in sigma that only models with a short range of levels can use them, so that other ends are not tried.</summary>
    public bool Trims { get; init; } = true;
}

/// <summary>Where runs take a placement rule without being asked; of rules that place the same list one at most has each use.</summary>
[Flags]
public enum PlacementUse
{
    None = 0,

    /// <summary>In the first generation of an evolution.</summary>
    Seed = 1,

    /// <summary>Among the heuristics that schedule methods are compared with and that searches over a sampler's numbers begin at.</summary>
    Heuristic = 2,

    /// <summary>As a baseline of specifications that name none.</summary>
    Baseline = 4,
}

/// <summary>
/// All placement rules by name: those over training indices (<see cref="IndexRules"/>), and those over what other tools call sigma
/// (<see cref="SigmaRules"/>: sigma / alpha, and u for flow models). A jump to no noise follows the last call of each.
/// </summary>
public static class PlacementRules
{
    /// <summary>Everything known, sorted by name.</summary>
    public static IReadOnlyList<PlacementRule> All { get; } = [.. IndexRules.All.Concat(SigmaRules.All).OrderBy(r => r.Name, StringComparer.Ordinal)];

    /// <summary>The rules with a use: those over indices, then those over sigma.</summary>
    public static IReadOnlyList<PlacementRule> Of(PlacementUse use) => [.. IndexRules.All.Concat(SigmaRules.All).Where(r => r.Use.HasFlag(use))];

    /// <summary>All names that <see cref="Create"/> takes, sorted.</summary>
    public static IReadOnlyCollection<string> Names { get; } = [.. All.Select(r => r.Name)];

    /// <summary>Places network calls by a named rule.</summary>
    /// <param name="steps">n; <c>beta</c>, <c>quadratic</c>, <c>simple</c> and <c>ddim-uniform</c> place fewer where the model has no more distinct times.</param>
    /// <param name="options">Range and shape.</param>
    /// <exception cref="ArgumentException">Unknown name, fewer than one step, a start or end outside the model's range, or more steps than distinct times.</exception>
    public static SamplingSchedule Create(string name, NoiseSchedule noise, int steps, PlacementOptions? options = null)
    {
        options ??= PlacementOptions.Default;
        var rule = All.FirstOrDefault(r => r.Name == name) ?? All.FirstOrDefault(r => Nearest.Plain(r.Name) == Nearest.Plain(name))
            ?? throw new ArgumentException($"Unknown placement rule '{name}'. Known: {string.Join(", ", Names)}.{Nearest.Suggest(name, Names)}", nameof(name));
        if (steps < 1)
        {
            throw new ArgumentException($"A schedule needs at least 1 step, got {steps}.", nameof(steps));
        }

        if (noise.TrainSteps is { } trained && steps > trained)
        {
            throw new ArgumentException($"{steps} steps asked of a model trained on {trained}; ask for at most {trained}.", nameof(steps));
        }

        options.Check(noise);
        var times = SamplingSchedule.Distinct(noise, rule.Place(new PlacementRange(noise, options), steps, options));
        for (var i = 1; i < times.Length; i++)
        {
            if (!(times[i] < times[i - 1]))
            {
                throw new ArgumentException($"'{name}' with {steps} steps does not give distinct times (t = {times[i]} after {times[i - 1]}); use fewer steps.", nameof(steps));
            }
        }

        return new SamplingSchedule(name, string.Empty, times);
    }
}

/// <summary>The part of a model's noise axis that a rule places calls on.</summary>
public sealed class PlacementRange(NoiseSchedule noise, PlacementOptions options)
{
    /// <summary>The model's noise schedule.</summary>
    public NoiseSchedule Noise => noise;

    /// <summary>Largest time.</summary>
    public double Start { get; } = options.Start ?? noise.MaxTime;

    /// <summary>Smallest time.</summary>
    public double End { get; } = options.End ?? noise.MinTime;

    /// <summary>Number of training steps up to the start, or null for continuous models: what "T" is in the rules.</summary>
    public int? Indices { get; } = noise.TrainSteps is null ? null : (int)(options.Start ?? noise.MaxTime) + 1;

    /// <summary>Sigma of the start.</summary>
    public double High => noise.SigmaAt(Start);

    /// <summary>Sigma of the end.</summary>
    public double Low => noise.SigmaAt(End);

    /// <summary>The times of sigmas; both ends of the range are exact.</summary>
    internal double[] Times(IEnumerable<double> sigmas) =>
        [.. sigmas.Select(s => s == High ? Start : s == Low ? End : noise.TimeOfSigma(s))];
}
