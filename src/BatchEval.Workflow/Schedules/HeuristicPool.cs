using BatchEval.Core.Sampling.Placement;
using BatchEval.Core.Search.Schedules;

namespace BatchEval.Workflow.Schedules;

/// <summary>Every named heuristic at its default and at trimmed end points: what users have, and the best that they could make of it.</summary>
/// <param name="order">Order of the solver, which <c>dmn</c> depends on.</param>
public sealed class HeuristicPool(NoiseSchedule schedule, int order = 1)
{
    private static readonly double[] LogStarts = [0.8, 0.65, 0.55];

    private static readonly IReadOnlyList<PlacementRule> Rules = PlacementRules.Of(PlacementUse.Heuristic);

    /// <summary>Heuristics at the model's own end points.</summary>
    public IReadOnlyList<SamplingSchedule> Defaults(int steps) =>
        [.. Rules.Select(rule => Place(rule.Name, string.Empty, steps, PlacementOptions.Default)).OfType<SamplingSchedule>()];

    /// <summary>Published lists that fit into the model's range, interpolated: made for other models, and hard to beat on some.</summary>
    public IReadOnlyList<SamplingSchedule> Published(int steps)
    {
        var (low, high) = (schedule.At(schedule.MinTime).Ratio, schedule.At(schedule.MaxTime).Ratio);
        return
        [
            .. from published in PublishedSchedules.All
               where published.Indices is not null && schedule.Process != NoiseProcess.Flow
               let levels = PublishedSchedule.Interpolate(published.Sigmas, steps + 1)
               where levels[0] <= high && levels[^2] >= low
               select published.For(schedule, steps),
        ];
    }

    /// <summary>The model-free optimum between the model's and some trimmed end points.</summary>
    public IReadOnlyList<SamplingSchedule> ModelFree(int steps) =>
    [
        .. from top in LogStarts.Select(share => (double?)TrimmedStart.At(schedule, share)).Prepend(null)
           from end in new double?[] { null, 0.15 }
           let low = end ?? schedule.At(schedule.MinTime).Ratio
           let high = schedule.At(top ?? schedule.MaxRatioTime).Ratio
           where high > low
           let name = (top, end) is (null, null) ? string.Empty : $"{(top is { } t ? $"from {schedule.SigmaAt(t):G3}" : "top")}{(end is { } e ? $", to {e}" : string.Empty)}"
           select SamplingSchedule.OfRatios(ScheduleMethods.Dmn, name, schedule, DmnSchedule.Create(low, high, steps, Math.Min(order, DmnSchedule.MaxOrder), 1, schedule is not SigmaNoiseSchedule)[..steps]),
    ];

    public IReadOnlyList<SamplingSchedule> All(int steps) => [.. Defaults(steps), .. Trimmed(steps), .. Published(steps), .. ModelFree(steps)];

    /// <summary>Heuristics at end points other than the model's own.</summary>
    public IReadOnlyList<SamplingSchedule> Trimmed(int steps)
    {
        var found = new List<SamplingSchedule?>();
        foreach (var rule in Rules.Where(r => r.Trims))
        {
            foreach (var share in rule.OverSigma ? LogStarts.Prepend(1) : TrimmedStart.Shares)
            {
                var top = share == 1 ? (double?)null : TrimmedStart.At(schedule, share);
                var from = top is { } t ? $"from {schedule.SigmaAt(t):G3}" : "top";
                found.Add(top is null ? null : Place(rule.Name, from, steps, new PlacementOptions(top)));
                foreach (var end in rule.OverSigma ? ScheduleFamily.Ends.Where(e => e < schedule.SigmaAt(top ?? schedule.MaxTime)) : [])
                {
                    found.Add(Place(rule.Name, $"{from}, to {end}", steps, new PlacementOptions(top, schedule.TimeOfSigma(end))));
                }
            }
        }

        return [.. found.OfType<SamplingSchedule>().DistinctBy(s => (s.Method, string.Join(' ', s.Times)))];
    }

    // A rule that cannot place this many distinct levels gives no schedule.
    private SamplingSchedule? Place(string name, string variant, int steps, PlacementOptions options)
    {
        try
        {
            return PlacementRules.Create(name, schedule, steps, options) with { Variant = variant };
        }
        catch (ArgumentException)
        {
            return null;
        }
    }
}
