using BatchEval.Core.Sampling;

namespace BatchEval.Onnx.Packages;

/// <summary>Reads the member <c>schedule</c> of a manifest.</summary>
internal static class ScheduleEntryReader
{
    // As diffusers calls them
    private static readonly Dictionary<string, string> Names = new() { ["scaled_linear"] = "scaled-linear", ["squaredcos_cap_v2"] = "cosine" };

    /// <summary>Reads it; what is wrong is reported, and a schedule given all the same.</summary>
    public static NoiseSchedule Read(JsonInspector? schedule, List<Problem> problems)
    {
        var harmless = new SigmaNoiseSchedule(1, 2);
        if (schedule is null)
        {
            return harmless;
        }

        var type = schedule.Choice("type", Names, "linear", "scaled-linear", "cosine", "betas", "alphas", "sigma", "log-sigma", "flow");
        int Steps() => schedule.Integer("trainSteps", 1000, 2, 1_000_000);
        (double, double) Betas() => (schedule.Number("betaStart"), schedule.Number("betaEnd"));
        IReadOnlyList<double> Values()
        {
            if (!schedule.Has("values"))
            {
                schedule.Report("values", $"is missing: the {type}, one per training step.");
            }

            return schedule.Numbers("values") ?? [];
        }

        var before = problems.Count;
        Func<NoiseSchedule> create = type switch
        {
            "linear" => Discrete(schedule, Create(Steps(), Betas(), DiscreteNoiseSchedule.Linear)),
            "scaled-linear" => Discrete(schedule, Create(Steps(), Betas(), DiscreteNoiseSchedule.ScaledLinear)),
            "cosine" => Discrete(schedule, Create(Steps(), schedule.Number("maxBeta", 0.999), (n, max) => DiscreteNoiseSchedule.Cosine(n, max))),
            "betas" => Discrete(schedule, Create(Values(), 0, (betas, _) => new DiscreteNoiseSchedule([.. betas]))),
            "alphas" => Create(Values(), 0, (alphas, _) => DiscreteNoiseSchedule.OfCumulativeAlphas(alphas)),
            "log-sigma" => Create((schedule.Number("sigmaMin"), schedule.Number("sigmaMax")), schedule.Number("sigmaData", 1, 1e-12), (ends, data) => new LogSigmaNoiseSchedule(ends.Item1, ends.Item2, data)),
            "sigma" => Create(schedule.Number("sigmaMin"), schedule.Number("sigmaMax"), (low, high) => new SigmaNoiseSchedule(low, high)),
            "flow" => Create(schedule.Number("timeScale", low: 1e-9), 0, (scale, _) => new FlowNoiseSchedule(scale)),
            _ => () => harmless,
        };
        if (type.Length == 0)
        {
            // Which members belong to an unknown type is unknown, too: one complaint is enough.
            return harmless;
        }

        schedule.Close();
        try
        {
            return problems.Count == before ? create() : harmless;
        }
        catch (ArgumentException error)
        {
            problems.Add(new Problem(schedule.Path, ErrorText.Of(error)));
            return harmless;
        }
    }

    private static Func<NoiseSchedule> Discrete(JsonInspector schedule, Func<DiscreteNoiseSchedule> create) =>
        schedule.Flag("zeroTerminalSnr", false) ? () => create().WithoutSignalAtTheEnd() : create;

    private static Func<T> Create<T>(int steps, (double Start, double End) betas, Func<int, double, double, T> make) =>
        () => make(steps, betas.Start, betas.End);

    private static Func<T> Create<T1, T2, T>(T1 first, T2 second, Func<T1, T2, T> make) => () => make(first, second);
}
