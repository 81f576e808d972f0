using BatchEval.Core.Sampling;
using BatchEval.Core.Search.Schedules;
using BatchEval.Workflow.Specifications;

namespace BatchEval.Workflow.Schedules;

/// <summary>Every named heuristic at its default and at trimmed end points: what users have, and the best that they could make of it.</summary>
/// <param name="schedule">The model's noise schedule.</param>
/// <param name="order">Order of the solver, which <c>dmn</c> depends on.</param>
public sealed class HeuristicPool(NoiseSchedule schedule, int order = 1)
{
    private static readonly double[] UniformStarts = [0.9, 0.8, 0.7, 0.65, 0.6, 0.55, 0.5, 0.4];
    private static readonly double[] LogStarts = [0.8, 0.65, 0.55];

    /// <summary>Rules that differ from each other: "exponential" and "lu-lambdas" place the same levels as "log-snr", "time-uniform" those of "linspace".</summary>
    public static IReadOnlyList<string> Names { get; } = ["leading", "trailing", "linspace", "quadratic", "beta", "karras", "log-snr", "arctan", "beta-sigmas", "linear-quadratic"];

    /// <summary>Heuristics at the model's own end points.</summary>
    public IReadOnlyList<NamedSchedule> Defaults(int steps) =>
        [.. Names.Select(name => Place(name, string.Empty, steps, HeuristicOptions.Default)).OfType<NamedSchedule>()];

    /// <summary>Published lists that fit into the model's range, interpolated: made for other models, and hard to beat on some.</summary>
    public IReadOnlyList<NamedSchedule> Published(int steps)
    {
        var (low, high) = (schedule.At(schedule.MinTime).Ratio, schedule.At(schedule.MaxTime).Ratio);
        return
        [
            .. from published in PublishedSchedules.All
               where published.Indices is not null
               let calls = SigmaKnots.Interpolate(published.Sigmas, steps + 1)[..steps]
               where calls[0] <= high && calls[^1] >= low
               select new NamedSchedule(ScheduleMethods.Ays, published.Name, calls),
        ];
    }

    /// <summary>The model-free optimum between the model's and some trimmed end points.</summary>
    public IReadOnlyList<NamedSchedule> ModelFree(int steps) =>
    [
        .. from top in LogStarts.Select(share => (double?)Level(share)).Prepend(null)
           from end in new double?[] { null, 0.15 }
           let range = HeuristicSchedules.Range(schedule, end, top)
           let name = (top, end) is (null, null) ? string.Empty : $"{(top is { } t ? $"from {t:G3}" : "top")}{(end is { } e ? $", to {e}" : string.Empty)}"
           select new NamedSchedule(ScheduleMethods.Dmn, name, DmnSchedule.Create(range.Low, range.High, steps, order, 1, schedule is not SigmaNoiseSchedule)[..steps]),
    ];

    /// <summary>Everything.</summary>
    public IReadOnlyList<NamedSchedule> All(int steps) => [.. Defaults(steps), .. Trimmed(steps), .. Published(steps), .. ModelFree(steps)];

    /// <summary>Heuristics at end points other than the model's own.</summary>
    public IReadOnlyList<NamedSchedule> Trimmed(int steps)
    {
        var found = new List<NamedSchedule?>();
        foreach (var name in Names)
        {
            if (name is "linear-quadratic" or "beta-sigmas")
            {
                // These begin so slowly in sigma that only models with a short range of levels (flow matching) can use them.
                continue;
            }

            var uniform = name is "leading" or "trailing" or "linspace" or "quadratic" or "beta";
            foreach (var share in uniform ? UniformStarts : LogStarts.Prepend(1))
            {
                var top = share == 1 ? (double?)null : Level(share);
                found.Add(top is null ? null : Place(name, $"from {top:G3}", steps, new HeuristicOptions(SigmaMax: top)));
                foreach (var end in uniform ? [] : ScheduleFamily.Ends.Where(e => e < (top ?? double.MaxValue)))
                {
                    found.Add(Place(name, $"{(top is { } t ? $"from {t:G3}" : "top")}, to {end}", steps, new HeuristicOptions(SigmaMin: end, SigmaMax: top)));
                }
            }
        }

        return [.. found.OfType<NamedSchedule>().DistinctBy(s => (s.Method, string.Join(' ', s.Calls)))];
    }

    // the level at a share of the largest time
    private double Level(double share)
    {
        var time = schedule.MinTime + (share * (schedule.MaxTime - schedule.MinTime));
        return schedule.At(schedule.TrainSteps is null ? time : Math.Round(time)).Ratio;
    }

    // A rule that cannot place this many distinct levels gives no schedule.
    private NamedSchedule? Place(string name, string variant, int steps, HeuristicOptions options)
    {
        try
        {
            return new NamedSchedule(name, variant, HeuristicSchedules.Create(name, schedule, steps, options));
        }
        catch (ArgumentException)
        {
            return null;
        }
    }
}
