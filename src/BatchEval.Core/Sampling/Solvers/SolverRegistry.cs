using System.Reflection;
using BatchEval.Core.Json;

namespace BatchEval.Core.Sampling.Solvers;

/// <summary>
/// All solvers by name: those of this assembly, whose classes have a static property <c>Definitions</c>, and those added with
/// <see cref="Solver.Register"/>.
/// </summary>
public static class SolverRegistry
{
    private static readonly Lock Changing = new();
    private static volatile IReadOnlyList<SolverDefinition> known = Own();

    /// <summary>Everything known, sorted by name.</summary>
    public static IReadOnlyList<SolverDefinition> All => known;

    /// <summary>The definition of a name, ours or another tool's (<c>DPM++ 2M</c>, <c>dpmpp_2m</c>, <c>DPMSolverMultistepScheduler</c>), or null.</summary>
    public static SolverDefinition? Find(string name) => known.FirstOrDefault(d => d.Name == name)
        ?? known.FirstOrDefault(d => NamesOf(d).Any(n => Nearest.Plain(n) == Nearest.Plain(name)));

    /// <summary>The nearest name, as the end of a sentence; also says where a placement rule stands behind a solver's name.</summary>
    internal static string Suggest(string name)
    {
        var cut = name.LastIndexOf(' ');
        return cut > 0 && Find(name[..cut]) is { } solver
            ? $" '{name[..cut]}' is the solver {solver.Name}; '{name[(cut + 1)..]}' says how steps are placed and is given apart (--spacing, or a baseline)."
            : Nearest.Suggest(name, known.SelectMany(NamesOf).DistinctBy(Nearest.Plain));
    }

    // A class of diffusers with arguments is another tool's way to say it, not a name.
    private static IEnumerable<string> NamesOf(SolverDefinition d) =>
        new[] { d.Name, d.Elsewhere.ComfyUi, d.Elsewhere.KDiffusion, d.Elsewhere.WebUi, d.Elsewhere.Diffusers?.Contains('(', StringComparison.Ordinal) == true ? null : d.Elsewhere.Diffusers }.OfType<string>();

    internal static void Add(SolverDefinition definition)
    {
        lock (Changing)
        {
            known = Find(definition.Name) is null
                ? Sorted([.. known, definition])
                : throw new ArgumentException($"There is a solver named '{definition.Name}' already.", nameof(definition));
        }
    }

    private static IReadOnlyList<SolverDefinition> Own() => Sorted(
        from type in typeof(Solver).Assembly.GetTypes()
        where type.IsSubclassOf(typeof(Solver)) && !type.IsAbstract
        let property = type.GetProperty("Definitions", BindingFlags.Public | BindingFlags.Static)
            ?? throw new InvalidOperationException($"{type} has no static property Definitions.")
        from definition in (IEnumerable<SolverDefinition>)property.GetValue(null)!
        select definition);

    private static IReadOnlyList<SolverDefinition> Sorted(IEnumerable<SolverDefinition> definitions) =>
        [.. definitions.OrderBy(d => d.Name, StringComparer.Ordinal)];
}
