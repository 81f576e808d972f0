using System.Reflection;

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

    /// <summary>The definition of a name, or null.</summary>
    public static SolverDefinition? Find(string name) => known.FirstOrDefault(d => d.Name == name);

    internal static void Add(SolverDefinition definition)
    {
        ArgumentNullException.ThrowIfNull(definition);
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
