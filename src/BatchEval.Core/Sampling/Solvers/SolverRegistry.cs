using System.Reflection;
using BatchEval.Core.Json;
using BatchEval.Core.Sampling.Placement;

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

    /// <summary>Our name, with arguments, of what another tool calls by one name (<c>DPM++ 2M SDE Heun</c>, <c>uni_pc</c>), or null.</summary>
    public static string? Variant(string name) => known.Any(d => d.Name == name) ? null
        : known.SelectMany(d => d.Variants).FirstOrDefault(v => v.Elsewhere.Equals(name.Trim(), StringComparison.OrdinalIgnoreCase)).Name;

    /// <summary>A solver's name and the placement rule behind it (<c>DPM++ 2M Karras</c>, <c>Euler SGM Uniform</c>); null where the text is not both.</summary>
    public static (string Solver, string Rule)? Split(string text) => Variant(text) is not null || Find(text) is not null ? null
        : Enumerable.Range(0, text.Length).Where(i => text[i] == ' ').Select(cut => (Solver: text[..cut], Behind: Nearest.Plain(text[(cut + 1)..])))
            .Where(p => Variant(p.Solver) is not null || Find(p.Solver) is not null)
            .Select(p => (p.Solver, Rule: PlacementRules.Names.FirstOrDefault(n => Nearest.Plain(n) == p.Behind)))
            .Where(p => p.Rule is not null).Select(p => ((string, string)?)(p.Solver, p.Rule!)).FirstOrDefault();

    /// <summary>The nearest name, as the end of a sentence; also says where a placement rule stands behind a solver's name.</summary>
    internal static string Suggest(string name) => Split(name) is var (solver, _)
        ? $" '{solver}' is the solver {Solver.Parse(solver).Name}; '{name[(solver.Length + 1)..]}' says how steps are placed and is given apart (--spacing, or a baseline)."
        : Nearest.Suggest(name, known.SelectMany(d => NamesOf(d).Concat(d.Variants.Select(v => v.Elsewhere))).DistinctBy(Nearest.Plain));

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
