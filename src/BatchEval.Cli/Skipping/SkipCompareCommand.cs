using BatchEval.Core.Metrics;
using BatchEval.Core.Metrics.Catalog;
using BatchEval.Core.Sampling;
using BatchEval.Core.Sampling.Placement;
using BatchEval.Workflow.Skipping;
using Spectre.Console;

namespace BatchEval.Cli.Skipping;

/// <summary><c>batcheval skip compare</c>: skip rules, fewer steps and every-other-step reuse at equal network calls.</summary>
internal sealed class SkipCompareCommand
{
    // Calibration samples lie far from the samples that the rows are measured on.
    private const long CalibrationStart = 1L << 20;

    private readonly Shell shell;
    private readonly SkipOptions options;
    private readonly Option<bool> json = CommonOptions.Json();
    private readonly Option<int?> calls = new("--calls") { Description = "Network calls per image. Default: half of the unaccelerated sampler's.", HelpName = "n" };
    private readonly Option<int?> calibrationCount = new("--calibration-count") { Description = "Samples that thresholds are chosen on, none of them measured. Default: 32.", HelpName = "n" };

    private readonly Option<int[]> orders = new("--orders") { Description = "Orders of extrapolation to compare.", HelpName = "n", DefaultValueFactory = _ => [0, 1, 2, 3], AllowMultipleArgumentsPerToken = true };
    private readonly Option<string[]> criteria = SkipOptions.Criteria();

    private SkipCompareCommand(Shell shell) => (this.shell, options) = (shell, new SkipOptions(shell, 256, m => m.IsStandard && !m.Needs.HasFlag(MetricNeeds.HeldOutStatistics)));

    public static Command Create(Shell shell)
    {
        var self = new SkipCompareCommand(shell);
        CommonOptions.AtLeast(self.calls, 1);
        CommonOptions.AtLeast(self.calibrationCount, 1);
        var command = new Command("compare", "Compare the rules, fewer steps and every-other-step reuse at equal network calls.");
        self.options.AddTo(command, rule: false);
        command.Add(self.criteria);
        command.Add(self.orders);
        command.Add(self.calls);
        command.Add(self.calibrationCount);
        command.Add(self.json);
        command.SetAction((parsed, cancellation) => Task.FromResult(self.Run(parsed, cancellation)));
        return command;
    }

    private int Run(ParseResult parsed, CancellationToken cancellation)
    {
        var output = new Output(shell, parsed.GetValue(json));
        using var opened = options.Open(parsed);
        var schedule = opened.Sampling.Manifest.Schedule;
        var full = options.Full(parsed, schedule);
        var wanted = parsed.GetValue(calls) ?? full.NetworkCalls / 2;
        if (wanted < 1 || wanted >= full.NetworkCalls)
        {
            throw new ProblemException($"--calls is {wanted}; allowed: 1 to {full.NetworkCalls - 1}, fewer than the unaccelerated sampler's {full.NetworkCalls}.");
        }

        var fewer = Candidate.At(full.Solver, PlacementRules.Create("trailing", schedule, Math.Max(1, wanted * full.Steps.Count / full.NetworkCalls)).Times);
        List<(string, SkipPolicy)> policies =
        [
            .. parsed.GetRequiredValue(criteria).SelectMany(name => parsed.GetRequiredValue(orders).Select(order => (name, options.Policy(parsed, SkipPolicy.ParseCriterion(name), order)))),
        ];
        var metrics = options.Metrics(parsed, opened);
        var calibration = options.Bench(parsed, opened, [], cancellation, CalibrationStart, parsed.GetValue(calibrationCount) ?? 32);
        var table = new SkipTable(calibration, options.Bench(parsed, opened, metrics, cancellation));
        var rows = table.Measure(
            wanted, fewer, policies, r => shell.Error.WriteLine(FormattableString.Invariant($"{r.Method}: {r.Measurement.MeanCalls:0.00} calls, {SkipDocument.Line(r.Measurement)}")), cancellation);
        output.DrawRows(Draw(rows, metrics));
        output.Json(new JsonObject { ["solver"] = full.Solver, ["rows"] = new JsonArray([.. rows.Select(Row)]) });
        return ExitCodes.Done;
    }

    private static JsonObject Row(SkipTableRow row)
    {
        var document = SkipDocument.Of(row.Measurement);
        document["method"] = row.Method;
        document["threshold"] = row.Threshold;
        return document;
    }

    private static Table Draw(IReadOnlyList<SkipTableRow> rows, IReadOnlyList<Metric> metrics)
    {
        var columns = metrics.SelectMany(Columns).ToList();
        var table = new Table().Border(TableBorder.Markdown);
        foreach (var name in (IEnumerable<string>)["method", "threshold", "calls", "calls 5-95 %", .. columns.Select(c => c.Name), "ms", "time", "CPU time"])
        {
            table.AddColumn(new TableColumn(name).NoWrap());
        }

        var full = rows[0].Measurement;
        foreach (var (method, threshold, m) in rows)
        {
            double[] calls = [.. m.NetworkCalls.Select(c => (double)c)];
            table.AddRow(
            [
                method, Text(threshold, "G3"), Text(m.MeanCalls, "0.0"), $"{Text(Quantiles.Of(calls, 0.05), "0")}-{Text(Quantiles.Of(calls, 0.95), "0")}", .. columns.Select(c => c.Text(m)),
                Text(m.Milliseconds, "0.0"), Text(m.Milliseconds / full.Milliseconds, "0.00"), Text(m.ProcessorMilliseconds / full.ProcessorMilliseconds, "0.00"),
            ]);
        }

        return table;
    }

    // The mean, and of what is compared image by image the worst 5 % as well.
    private static IEnumerable<(string Name, Func<SkipMeasurement, string> Text)> Columns(Metric metric)
    {
        yield return (metric.Label, m => SkipDocument.Text(metric, m.Metrics));
        if (metric is { IsPaired: true, IsPerImage: true, IsDetail: false })
        {
            yield return ($"{metric.Label} {(metric.HigherIsBetter ? 5 : 95)} %", m =>
                SkipDocument.Number(m.Metrics.GetValueOrDefault(metric.Key)?.PerImage is { } spread ? metric.HigherIsBetter ? spread.P05 : spread.P95 : null, metric.Decimals - 1));
        }
    }

    private static string Text(double? value, string format) => value?.ToString(format, CultureInfo.InvariantCulture) ?? "-";
}
