using BatchEval.Core.Metrics;
using BatchEval.Core.Metrics.Catalog;
using BatchEval.Core.Sampling;
using BatchEval.Core.Search.Skipping;
using BatchEval.Workflow.Skipping;

namespace BatchEval.Cli.Skipping;

/// <summary><c>batcheval skip calibrate</c>: the threshold for a target.</summary>
internal sealed class SkipCalibrateCommand
{
    private readonly Shell shell;
    private readonly SkipOptions options;
    private readonly Option<bool> json = CommonOptions.Json();
    private readonly (SkipTargetKind Kind, Metric? Metric, Option<double?> Option)[] targets =
    [
        (SkipTargetKind.NetworkCalls, null, new("--target-calls") { Description = "Mean network calls per image, at most.", HelpName = "n" }),
        (SkipTargetKind.Milliseconds, null, new("--target-ms") { Description = "Milliseconds per image, at most.", HelpName = "ms" }),
        .. MetricCatalog.All.Where(m => m.IsPaired && m.IsPerImage).Select(m => (SkipTargetKind.Metric, (Metric?)m, new Option<double?>($"--target-{m.Key}")
        {
            Description = $"Mean {m.Label} against the unaccelerated images{(m.Unit.Length == 0 ? "" : $" in {m.Unit}")}, at {(m.HigherIsBetter ? "least" : "most")}.", HelpName = m.Unit.Length == 0 ? "x" : m.Unit,
        })),
    ];

    private SkipCalibrateCommand(Shell shell) => (this.shell, options) = (shell, new SkipOptions(shell, 64, m => m.IsStandard && m.IsPaired));

    public static Command Create(Shell shell)
    {
        var self = new SkipCalibrateCommand(shell);
        var command = new Command("calibrate", "Find the skip threshold for a target and print the candidate.");
        self.options.AddTo(command, rule: true);
        foreach (var (_, _, option) in self.targets)
        {
            command.Add(option);
        }

        command.Add(self.json);
        command.SetAction((parsed, cancellation) => Task.FromResult(self.Run(parsed, cancellation)));
        return command;
    }

    private int Run(ParseResult parsed, CancellationToken cancellation)
    {
        var target = Target(parsed);
        var policy = options.Policy(parsed);
        var output = new Output(shell, parsed.GetValue(json));
        using var opened = options.Open(parsed);
        var sampler = options.Full(parsed, opened.Sampling.Manifest.Schedule);
        _ = Input.Read("The skip policy", () => sampler.With(sampler.Steps, policy));
        var bench = options.Bench(parsed, opened, options.Metrics(parsed, opened, target.Metric), cancellation);
        var full = bench.Measure(bench.Full, cancellation);
        var found = new SkipCalibrator(bench).Calibrate(
            policy, target, progress: t => shell.Error.WriteLine(FormattableString.Invariant($"threshold {t.Threshold:G5}: {t.NetworkCalls:0.00} calls, value {t.Value:0.####}")), cancellation: cancellation);
        Print(output, full, found);
        output.Json(Document(bench, full, found));
        return ExitCodes.Done;
    }

    private SkipTarget Target(ParseResult parsed)
    {
        var given = targets.Where(t => parsed.GetValue(t.Option) is not null).ToList();
        if (given.Count != 1)
        {
            throw new ProblemException($"Give exactly one target: {string.Join(", ", targets.Select(t => t.Option.Name))}.");
        }

        var value = parsed.GetValue(given[0].Option)!.Value;
        return value > 0 && double.IsFinite(value)
            ? new SkipTarget(given[0].Kind, value, given[0].Metric)
            : throw new ProblemException($"{given[0].Option.Name} is {value.ToString(CultureInfo.InvariantCulture)}; allowed: a number above 0.");
    }

    private static void Print(Output output, SkipMeasurement full, SkipCalibration found)
    {
        var achieved = found.Achieved;
        var calls = achieved.NetworkCalls.Select(c => (double)c).ToArray();
        output.Line(FormattableString.Invariant($"Threshold {found.Policy.Threshold:G6} for {found.Target}, {found.Trials.Count} thresholds measured{(found.IsMonotone ? string.Empty : " (calls are not monotone in the threshold)")}."));
        output.Line(FormattableString.Invariant($"Network calls per image: {achieved.MeanCalls:0.00} of {full.MeanCalls:0.00} (5 % {Quantiles.Of(calls, 0.05):0.0}, median {Quantiles.Of(calls, 0.5):0.0}, 95 % {Quantiles.Of(calls, 0.95):0.0})"));
        output.Line($"{SkipDocument.Line(achieved)} against the unaccelerated images");
        output.Line(FormattableString.Invariant($"Milliseconds per image: {achieved.Milliseconds:0.00} of {full.Milliseconds:0.00} (processor time {achieved.ProcessorMilliseconds:0.00} of {full.ProcessorMilliseconds:0.00})"));
        output.Line($"Candidate: {CandidateJson.Write(achieved.Candidate)}");
    }

    private static JsonObject Document(SkipBench bench, SkipMeasurement full, SkipCalibration found) => new()
    {
        ["target"] = found.Target.ToString(),
        ["threshold"] = found.Policy.Threshold,
        ["candidate"] = JsonNode.Parse(CandidateJson.Write(found.Achieved.Candidate)),
        ["count"] = bench.Count,
        ["achieved"] = SkipDocument.Of(found.Achieved),
        ["unaccelerated"] = SkipDocument.Of(full),
        ["monotone"] = found.IsMonotone,
        ["trials"] = new JsonArray([.. found.Trials.Select(t => new JsonObject { ["threshold"] = t.Threshold, ["networkCalls"] = t.NetworkCalls, ["value"] = t.Value })]),
        ["masks"] = new JsonArray([.. found.Achieved.Masks.Select(m => JsonValue.Create(m))]),
    };
}
