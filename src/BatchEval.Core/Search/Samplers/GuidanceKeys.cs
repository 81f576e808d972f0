using BatchEval.Core.Sampling;
using BatchEval.Core.Sampling.Solvers;

namespace BatchEval.Core.Search.Samplers;

/// <summary>
/// How steps are guided, as one real number per step (random keys, Bean 1994): as many steps as in a base make both evaluations, those with the largest keys, so
/// every vector of keys costs the same; of the others those above -0.5 take the last difference, and the rest go without.
/// </summary>
internal static class GuidanceKeys
{
    /// <summary>Largest magnitude of a key.</summary>
    public const double Most = 2;

    /// <summary>The key of a base's step.</summary>
    public static double Of(StepGuidance guidance) => guidance switch
    {
        StepGuidance.Full => 1,
        StepGuidance.Cached => 0,
        _ => -1,
    };

    /// <summary>The steps whose guidance can change places at the same cost: those with the most network calls. None where all of them or none make both evaluations, or a step reuses an output.</summary>
    public static IReadOnlyList<int> Varied(Candidate origin)
    {
        var solver = Solver.Parse(origin.Solver);
        var most = Enumerable.Range(0, origin.Steps.Count).Max(i => solver.NetworkCalls(origin, i));
        int[] equal = [.. Enumerable.Range(0, origin.Steps.Count).Where(i => solver.NetworkCalls(origin, i) == most)];
        return !origin.Steps.Any(s => s.Reuse) && equal.Select(i => origin.Steps[i].Guidance == StepGuidance.Full).Distinct().Count() == 2 ? equal : [];
    }

    /// <summary>The guidance of all steps of a base with other keys.</summary>
    public static StepGuidance[] Guide(Candidate origin, Func<int, double> key)
    {
        var varied = Varied(origin);
        var full = varied.OrderByDescending(key).ThenBy(i => i).Take(varied.Count(i => origin.Steps[i].Guidance == StepGuidance.Full)).ToHashSet();
        return Possible([.. origin.Steps.Select((s, i) => !varied.Contains(i) ? s.Guidance : full.Contains(i) ? StepGuidance.Full : key(i) > -0.5 ? StepGuidance.Cached : StepGuidance.Positive)]);
    }

    /// <summary>The same, without guidance where there is no difference to take yet.</summary>
    public static StepGuidance[] Possible(IReadOnlyList<StepGuidance> guidance)
    {
        var first = guidance.TakeWhile(g => g != StepGuidance.Full).Count();
        return [.. guidance.Select((g, k) => g == StepGuidance.Cached && k < first ? StepGuidance.Positive : g)];
    }
}
