using BatchEval.Core.Sampling.Placement;
using BatchEval.Workflow.Evaluation;

namespace BatchEval.Workflow.Schedules;

/// <summary>One line of a comparison.</summary>
/// <param name="Score">Its score on samples that no choice saw.</param>
/// <param name="Calls">Network calls spent on finding it.</param>
public sealed record ComparedSchedule(string Name, ScheduleScore Score, long Calls);

/// <summary>Scores schedules on the final samples: same noise for all, none of it seen when anything was chosen.</summary>
public sealed class ScheduleComparison(OpenedModel model, ScheduleRequest request, IBlobs blobs)
{
    /// <summary>Compares a found schedule with the named heuristics.</summary>
    /// <param name="found">The schedule; where FID chose it, the best of every method that took part is compared too.</param>
    /// <param name="everything">True to compare every computed method as well.</param>
    /// <param name="samples">Samples per schedule.</param>
    /// <returns>Lines, best first.</returns>
    public async Task<IReadOnlyList<ComparedSchedule>> RunAsync(FoundSchedule found, bool everything, int samples, CancellationToken cancellation = default)
    {
        ScheduleScorer.Require(model);
        var lines = new List<(string Name, SamplingSchedule Schedule, long Calls)> { ($"{found.Schedule.Name} <-", found.Schedule, found.Calls) };
        lines.AddRange(new HeuristicPool(model.Sampling.Manifest.Schedule).Defaults(request.Steps).Select(s => (s.Name, s, 0L)));
        var defaults = lines.Select(l => (l.Schedule.Method, string.Join(' ', l.Schedule.Times))).ToHashSet();
        foreach (var (method, best) in found.Selection?.BestOf ?? new Dictionary<string, ScheduleScore>())
        {
            if (defaults.Contains((method, string.Join(' ', best.Schedule.Times))))
            {
                continue;
            }

            lines.Add(($"{method}, best: {best.Schedule.Variant}", best.Schedule, found.Calls));
        }

        lines.AddRange(everything ? await MethodsAsync(found.Selection is not null, cancellation) : []);
        var scores = await new ScheduleScorer(model, request.Setting, blobs).ScoreAsync([.. lines.Select(l => l.Schedule)], new SampleRange(SampleRange.FinalStart, samples), cancellation);
        return [.. lines.Zip(scores, (l, s) => new ComparedSchedule(l.Name, s, l.Calls)).OrderBy(l => l.Score.Fid.Score).ThenBy(l => l.Name, StringComparer.Ordinal)];
    }

    // What a choice by FID has compared already is not computed again; its members of the other three have ends of their own.
    private async Task<List<(string Name, SamplingSchedule Schedule, long Calls)>> MethodsAsync(bool selection, CancellationToken cancellation)
    {
        var (finder, lines) = (new ScheduleFinder(model, blobs), new List<(string, SamplingSchedule, long)>());
        string[] methods = [ScheduleMethods.KlubDp, ScheduleMethods.Gits, ScheduleMethods.ScoreOptimal, .. selection ? Array.Empty<string>() : [ScheduleMethods.Oss, ScheduleMethods.Dmn, ScheduleMethods.Ays]];
        foreach (var method in methods)
        {
            var found = await finder.FindAsync(request with { Method = method, BoundAlone = true, Preset = method == ScheduleMethods.Ays ? "sd15" : null }, cancellation);
            lines.Add((method is ScheduleMethods.KlubDp ? "klub-dp, the bound alone" : found.Schedule.Name, found.Schedule, found.Calls));
        }

        return lines;
    }
}
