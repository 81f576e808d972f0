namespace BatchEval.Core.Sampling.Solvers;

/// <summary>A number in a solver's name, <c>key=value</c>.</summary>
/// <param name="Default">Value when it is left out.</param>
/// <param name="Low">Smallest value allowed.</param>
/// <param name="High">Largest value allowed.</param>
/// <param name="Whole">True where only whole numbers mean something.</param>
public sealed record SolverParameter(string Key, double Default, double Low, double High, bool Whole = false)
{
    /// <summary>0 or 1.</summary>
    public static SolverParameter Flag(string key, bool standard) => new(key, standard ? 1 : 0, 0, 1, Whole: true);

    public string Allowed => Whole ? (High - Low == 1 ? FormattableString.Invariant($"{Low} or {High}") : FormattableString.Invariant($"whole numbers {Low} to {High}")) : FormattableString.Invariant($"{Low} to {High}");
}

/// <summary>What a solver is called elsewhere, so that it is understood by these names; null where it does not exist.</summary>
/// <param name="Diffusers">Scheduler class, with the arguments that make it this solver.</param>
/// <param name="WebUi">Name in A1111 and Forge.</param>
public sealed record SolverNames(string? Diffusers = null, string? ComfyUi = null, string? KDiffusion = null, string? WebUi = null);

/// <summary>What is known of a solver without making one: its name, the numbers it takes, where it comes from.</summary>
/// <param name="Name">Name, without arguments.</param>
/// <param name="Source">Where the method is published.</param>
/// <param name="Create">Makes the solver from the numbers in its name.</param>
public sealed record SolverDefinition(string Name, string Source, Func<SolverArguments, Solver> Create)
{
    /// <summary>The numbers it takes, sorted by key.</summary>
    public IReadOnlyList<SolverParameter> Parameters { get; init; } = [];

    /// <summary>True for solvers of networks that were distilled for them, on which no order of convergence is defined.</summary>
    public bool Distilled { get; init; }

    /// <summary>What others call it.</summary>
    public SolverNames Elsewhere { get; init; } = new();

    /// <summary>What others call it with certain arguments, and our name with them.</summary>
    public IReadOnlyList<(string Elsewhere, string Name)> Variants { get; init; } = [];

    /// <summary>The canonical name of a solver: arguments sorted, defaults left out.</summary>
    /// <param name="values">One value per parameter, in their order.</param>
    public string NameOf(params ReadOnlySpan<double> values)
    {
        var parts = new List<string>();
        for (var i = 0; i < values.Length; i++)
        {
            if (values[i] != Parameters[i].Default)
            {
                parts.Add(FormattableString.Invariant($"{Parameters[i].Key}={values[i]}"));
            }
        }

        return parts.Count == 0 ? Name : $"{Name}({string.Join(',', parts)})";
    }
}
