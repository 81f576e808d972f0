using BatchEval.Core.Metrics.Catalog;
using BatchEval.Core.Sampling;
using BatchEval.Core.Sampling.Skipping;
using BatchEval.Core.Search.Skipping;
using BatchEval.Workflow.Skipping;
using Spectre.Console;

namespace BatchEval.Cli.Skipping;

/// <summary><c>batcheval skip path</c>: greedy optimal skip paths, and how far a rule agrees with them.</summary>
internal sealed class SkipPathCommand
{
    private readonly Shell shell;
    private readonly SkipOptions options;
    private readonly Option<bool> json = CommonOptions.Json();
    private readonly Option<string[]> criteria = SkipOptions.Criteria();
    private readonly Option<int> order = new("--order") { Description = "Extrapolation of skipped outputs: 0 (hold) to 3.", HelpName = "n", DefaultValueFactory = _ => 0 };
    private readonly Option<int[]> skips = new("--skips") { Description = "Numbers of skips to judge at.", HelpName = "n", DefaultValueFactory = _ => [10, 20, 30], AllowMultipleArgumentsPerToken = true };

    private SkipPathCommand(Shell shell) => (this.shell, options) = (shell, new SkipOptions(shell, 4, _ => false));

    public static Command Create(Shell shell)
    {
        var self = new SkipPathCommand(shell);
        var command = new Command("path", "Find the greedy optimal skip path of each sample, and test whether rules' skips agree with it.");
        self.options.AddTo(command, rule: false);
        command.Add(self.criteria);
        command.Add(self.order);
        command.Add(self.skips);
        command.Add(self.json);
        command.SetAction((parsed, cancellation) => Task.FromResult(self.Run(parsed, cancellation)));
        return command;
    }

    private int Run(ParseResult parsed, CancellationToken cancellation)
    {
        List<(string Name, SkipPolicy Policy)> rules =
            [.. parsed.GetRequiredValue(criteria).Distinct().Select(name => (name, options.Policy(parsed, SkipPolicy.ParseCriterion(name), parsed.GetValue(order))))];
        var output = new Output(shell, parsed.GetValue(json));
        using var opened = options.Open(parsed);
        var steps = options.Full(parsed, opened.Sampling.Manifest.Schedule).Steps.Count;
        int[] wanted = [.. parsed.GetRequiredValue(skips).Distinct().Order()];
        if (wanted.Length == 0 || wanted[0] < 1 || wanted[^1] >= steps)
        {
            throw new ProblemException($"--skips must name numbers from 1 to {steps - 1}, fewer than the {steps} steps.");
        }

        var metrics = options.Metrics(parsed, opened);
        var bench = options.Bench(parsed, opened, metrics, cancellation);
        var finder = new SkipPathFinder(bench, parsed.GetValue(order));
        var paths = finder.Find(wanted[^1], n => shell.Error.WriteLine($"{n} of {wanted[^1]} skips chosen"), cancellation);
        var compared = rules.SelectMany(r => wanted.Select(n => finder.Compare(paths, n, r.Policy, cancellation))).ToList();
        Print(output, paths, compared, metrics);
        output.Json(Document(paths, compared));
        return ExitCodes.Done;
    }

    private static void Print(Output output, SkipPaths paths, List<SkipComparison> compared, IReadOnlyList<Metric> metrics)
    {
        output.Line(FormattableString.Invariant($"{paths.Samples.Count} greedy paths: {paths.Evaluations} network evaluations, {paths.NaiveEvaluations} without prefix sharing ({(double)paths.Evaluations / paths.NaiveEvaluations:0.00})."));
        var table = new Table().Border(TableBorder.Markdown);
        string[] names = ["rule", "skips", "threshold", "rule's skips", "both skip", "rule only", "greedy only", "both run", "by chance", "chi^2", "p", "L1 rule", "L1 greedy"];
        foreach (var name in names.Concat(metrics.SelectMany(m => new[] { $"{m.Label} rule", $"{m.Label} greedy" })))
        {
            table.AddColumn(new TableColumn(name).NoWrap().RightAligned());
        }

        foreach (var c in compared)
        {
            var (a, test) = (c.AfterWarmup, c.AfterWarmup.Test());
            table.AddRow(
            [
                c.Rule.Policy.CriterionName, $"{c.Skips}", Number(c.Rule.Policy.Threshold, "G4"), Number(c.Rule.Achieved.NetworkCalls.Zip(c.Rule.Achieved.Masks, (calls, mask) => StepMask.Read(mask).Length - calls).Average(), "0.0"),
                $"{a.BothSkip}", $"{a.RuleOnly}", $"{a.OptimalOnly}", $"{a.BothCompute}", Number(a.ExpectedBothSkip, "0.0"),
                test is null ? "-" : Number(test.Statistic, "0.00"), test is null ? "-" : Number(test.PValue, "G3"), Number(c.RuleError, "0.00000"), Number(c.GreedyError, "0.00000"),
                .. metrics.SelectMany(m => new[] { SkipDocument.Text(m, c.Rule.Achieved.Metrics), SkipDocument.Text(m, c.GreedyMetrics) }),
            ]);
        }

        output.DrawRows(table);
    }

    private static string Number(double value, string format) => value.ToString(format, System.Globalization.CultureInfo.InvariantCulture);

    private static JsonObject Document(SkipPaths paths, List<SkipComparison> compared) => new()
    {
        ["evaluations"] = paths.Evaluations,
        ["naiveEvaluations"] = paths.NaiveEvaluations,
        ["paths"] = new JsonArray([.. paths.Samples.Select(p => new JsonObject { ["skipped"] = Array(p.Skipped.Select(s => JsonValue.Create(s))), ["errors"] = Array(p.Errors.Select(e => JsonValue.Create(e))) })]),
        ["comparisons"] = new JsonArray([.. compared.Select(Compared)]),
    };

    private static JsonObject Compared(SkipComparison c) => new()
    {
        ["criterion"] = c.Rule.Policy.CriterionName,
        ["skips"] = c.Skips,
        ["candidate"] = JsonNode.Parse(CandidateJson.Write(c.Rule.Achieved.Candidate)),
        ["networkCalls"] = c.Rule.Achieved.MeanCalls,
        ["allSteps"] = Agreement(c.All),
        ["afterWarmup"] = Agreement(c.AfterWarmup),
        ["ruleError"] = c.RuleError,
        ["greedyError"] = c.GreedyError,
        ["ruleMetrics"] = SkipDocument.Json(c.Rule.Achieved.Metrics),
        ["greedyMetrics"] = SkipDocument.Json(c.GreedyMetrics),
    };

    private static JsonObject Agreement(SkipAgreement a) => new()
    {
        ["bothSkip"] = a.BothSkip, ["ruleOnly"] = a.RuleOnly, ["greedyOnly"] = a.OptimalOnly, ["bothCompute"] = a.BothCompute,
        ["chiSquare"] = a.Test()?.Statistic, ["pValue"] = a.Test()?.PValue,
    };

    private static JsonArray Array(IEnumerable<JsonNode?> values) => new([.. values]);
}
