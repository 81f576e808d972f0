using BatchEval.Core.Search.Schedules;
using BatchEval.Workflow.Runs;

namespace BatchEval.Workflow.Schedules;

/// <summary>Sample counts of a contest.</summary>
/// <param name="First">Samples on which everything is compared.</param>
/// <param name="Second">Samples on which the best of each method are compared, and blends.</param>
/// <param name="Last">Fresh samples on which the winner is chosen.</param>
public sealed record ContestOptions(int First = 64, int Second = 256, int Last = 512);

/// <summary>What a contest found.</summary>
/// <param name="Chosen">The winner.</param>
/// <param name="BestOf">The best schedule of each method that took part, by its score on the second samples.</param>
/// <param name="Calls">Network calls spent.</param>
public sealed record ContestResult(ScheduleScore Chosen, IReadOnlyDictionary<string, ScheduleScore> BestOf, long Calls);

/// <summary>
/// Chooses among computed schedules, heuristics and their blends by FID: the early stopping that KLUB needs, done by measurement. All
/// compete on the same noise, and the last decision falls on samples that no earlier one saw.
/// </summary>
/// <param name="scorer">Scores schedules.</param>
/// <param name="options">Sample counts.</param>
public sealed class ScheduleContest(ScheduleScorer scorer, ContestOptions options)
{
    private const int KeptPerMethod = 2;
    private const int KeptOverall = 8;
    private const int Finalists = 4;

    /// <summary>Method name of blends.</summary>
    public const string Blend = "blend";

    private static readonly double[] Weights = [0.25, 0.5, 0.75];

    /// <summary>Runs the contest.</summary>
    /// <param name="computed">Schedules computed from the model.</param>
    /// <param name="heuristics">Named heuristics, trimmed ones included.</param>
    /// <param name="cancellation">Checked before network calls.</param>
    public ContestResult Run(IReadOnlyList<NamedSchedule> computed, IReadOnlyList<NamedSchedule> heuristics, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(computed);
        ArgumentNullException.ThrowIfNull(heuristics);
        var before = scorer.Evaluations;
        var first = Ranked(scorer.Score([.. computed, .. heuristics], new SampleRange(SampleRange.SearchStart, options.First), cancellation));
        var kept = first.GroupBy(s => s.Schedule.Method).SelectMany(g => g.Take(KeptPerMethod)).Concat(first.Take(KeptOverall)).Select(s => s.Schedule).Distinct().ToList();
        var range = new SampleRange(SampleRange.SearchStart, options.Second);
        var second = Ranked(scorer.Score(kept, range, cancellation));
        var ours = computed.Select(c => c.Name).ToHashSet(StringComparer.Ordinal);
        var blends = Blends([.. second.Where(s => ours.Contains(s.Schedule.Name)).Take(2)], [.. second.Where(s => !ours.Contains(s.Schedule.Name)).Take(2)]);
        var all = Ranked(second.Concat(scorer.Score(blends, range, cancellation)));
        var final = Ranked(scorer.Score([.. all.Take(Finalists).Select(s => s.Schedule)], new SampleRange(SampleRange.ValidationStart, options.Last), cancellation));
        return new ContestResult(
            final[0],
            all.GroupBy(s => s.Schedule.Method).ToDictionary(g => g.Key, g => g.First(), StringComparer.Ordinal),
            scorer.Evaluations - before);
    }

    private static List<NamedSchedule> Blends(List<ScheduleScore> computed, List<ScheduleScore> heuristics) =>
    [
        .. from c in computed
           from h in heuristics
           from w in Weights
           select new NamedSchedule(Blend, $"{1 - w} {h.Schedule.Name} + {w} {c.Schedule.Name}", SigmaKnots.Blend(h.Schedule.Calls, c.Schedule.Calls, w)),
    ];

    private static List<ScheduleScore> Ranked(IEnumerable<ScheduleScore> scores) =>
        [.. scores.OrderBy(s => s.Fid.Value).ThenBy(s => s.Schedule.Name, StringComparer.Ordinal)];
}
