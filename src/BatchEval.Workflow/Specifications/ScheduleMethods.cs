using BatchEval.Core.Sampling.Placement;

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
    public static IReadOnlyList<string> Computed { get; } = [.. Enum.GetValues<SearchMethod>().Where(m => m.IsSchedule() && m != SearchMethod.Dmn).Select(m => m.Name())];

    /// <summary>Those that a run can take, and others that <c>batcheval schedule</c> knows besides.</summary>
    public static IReadOnlyList<string> All { get; } = [.. Computed, Dmn, Ays, Respacing, .. PlacementRules.Names];

    /// <summary>True for methods of a run that propose finished schedules.</summary>
    public static bool IsSchedule(this SearchMethod method) => method > SearchMethod.None;

    /// <summary>True for methods that vary real numbers.</summary>
    public static bool IsVector(this SearchMethod method) => method is SearchMethod.CmaEs or SearchMethod.Pattern;

    /// <summary>True for spaces of dropped blocks.</summary>
    public static bool HasBlocks(this SearchSpace space) => space is SearchSpace.Blocks or SearchSpace.Joint;

    /// <summary>True for methods that need clean samples.</summary>
    public static bool NeedsData(string method) => method is Klub or KlubDp or ScoreOptimal;
}
