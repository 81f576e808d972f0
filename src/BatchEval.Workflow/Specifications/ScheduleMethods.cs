using BatchEval.Core.Search.Schedules;

namespace BatchEval.Workflow.Specifications;

/// <summary>Names of everything that gives a schedule.</summary>
public static class ScheduleMethods
{
    /// <summary>The published optimiser: coordinate descent on the Monte-Carlo bound.</summary>
    public const string Klub = "klub";

    /// <summary>Dynamic programming on the pairwise table, chosen and blended by FID.</summary>
    public const string KlubDp = "klub-dp";

    /// <summary>Dynamic programming over deviations from a teacher's trajectory.</summary>
    public const string Gits = "gits";

    /// <summary>Optimal steps.</summary>
    public const string Oss = "oss";

    /// <summary>Equal local cost.</summary>
    public const string ScoreOptimal = "score-optimal";

    /// <summary>The model-free optimum.</summary>
    public const string Dmn = "dmn";

    /// <summary>A published list.</summary>
    public const string Ays = "ays";

    /// <summary>A respacing string of guided-diffusion.</summary>
    public const string Respacing = "respacing";

    /// <summary>Methods that are computed from the model's network.</summary>
    public static IReadOnlyList<string> Computed { get; } = [Klub, KlubDp, Gits, Oss, ScoreOptimal];

    /// <summary>Methods that a run specification can name.</summary>
    public static IReadOnlyList<string> Searchable { get; } = [.. Computed, Dmn];

    /// <summary>All names.</summary>
    public static IReadOnlyList<string> All { get; } = [.. Computed, Dmn, Ays, Respacing, .. HeuristicSchedules.Names];

    /// <summary>Names of what <c>gits</c> can measure, in the order of <see cref="TeacherDistance"/>.</summary>
    public static IReadOnlyList<string> Distances { get; } = ["l2", "chord"];

    /// <summary>The distance of a name in <see cref="Distances"/>.</summary>
    public static TeacherDistance Distance(string name) => name == Distances[1] ? TeacherDistance.Chord : TeacherDistance.L2;

    /// <summary>True for methods that need clean samples.</summary>
    public static bool NeedsData(string method) => method is Klub or KlubDp or ScoreOptimal;
}
