using BatchEval.Cli.Sampling;
using BatchEval.Core.Metrics.Catalog;
using BatchEval.Core.Sampling;
using BatchEval.Core.Sampling.Solvers;
using BatchEval.Workflow.Evaluation;
using BatchEval.Workflow.Models;
using BatchEval.Workflow.Skipping;

namespace BatchEval.Cli.Skipping;

/// <summary>Options that the commands under <c>skip</c> share: the unaccelerated sampler, the samples, and the rule.</summary>
internal sealed class SkipOptions
{
    private readonly Shell shell;
    private readonly int defaultCount;
    private readonly Func<Metric, bool> usual;
    private readonly Option<string> model = CommonOptions.Model();
    private readonly Option<string> device = CommonOptions.Device();
    private readonly ConditionOptions conditions = new();
    private readonly Option<string> solver = new("--solver") { Description = $"Solver: {string.Join(", ", Solver.Names)}.", HelpName = "name", Required = true };
    private readonly Option<string> steps = new("--steps") { Description = "Steps of the unaccelerated sampler: a number, or times as in 999,749,500,250.", HelpName = "n | list", DefaultValueFactory = _ => "50" };
    private readonly Option<string?> spacing = new("--spacing") { Description = "How a number of steps is placed. Default: trailing.", HelpName = "name" };
    private readonly Option<int?> count = new("--count") { HelpName = "n" };
    private readonly Option<int?> batch = new("--batch") { Description = "Most samples in one network call. Default: 64.", HelpName = "n" };
    private readonly Option<string> criterion = new("--criterion") { Description = "Rule: tensor (the paper's), adaptive-released (the official code's) or output (ours).", HelpName = "name", DefaultValueFactory = _ => SkipPolicy.CriterionNames[0] };
    private readonly Option<int> order = new("--order") { Description = "Extrapolation of skipped outputs: 0 (hold) to 3.", HelpName = "n", DefaultValueFactory = _ => 0 };
    private readonly Option<int> maxConsecutive = new("--max-consecutive") { Description = "Most network calls left out in a row.", HelpName = "n", DefaultValueFactory = _ => 4 };
    private readonly Option<int> warmup = new("--warmup") { Description = "First steps that are always computed.", HelpName = "n", DefaultValueFactory = _ => 4 };
    private readonly Option<int> guard = new("--guard") { Description = "Last steps that are always computed.", HelpName = "n", DefaultValueFactory = _ => 0 };
    private readonly Option<int?> maxCalls = new("--max-calls") { Description = "Hard limit of network calls per image.", HelpName = "n" };

    private readonly Option<string[]> metrics = new("--metrics") { HelpName = "name", AllowMultipleArgumentsPerToken = true };

    /// <summary>Creates the options.</summary>
    /// <param name="shell">Console, working directory, environment and clock.</param>
    /// <param name="count">Default number of samples.</param>
    /// <param name="usual">Which metrics are measured where none are named, as far as the model allows.</param>
    public SkipOptions(Shell shell, int count, Func<Metric, bool> usual)
    {
        (this.shell, defaultCount, this.usual) = (shell, count, usual);
        var names = Measurable.Where(usual).Select(m => m.Key).ToList();
        metrics.Description = $"What to measure, against the unaccelerated images wherever something is compared but for fid-held-out and fid-second: {string.Join(", ", Measurable.Select(m => m.Key))}. Default: {(names.Count == 0 ? "none" : string.Join(", ", names))}.";
        metrics.AcceptOnlyFromAmong([.. Measurable.Select(m => m.Key)]);
        this.count.Description = $"Number of samples. Default: {count}.";
        CommonOptions.AtLeast(this.count, 1);
        CommonOptions.AtLeast(batch, 1);
        criterion.AcceptOnlyFromAmong([.. SkipPolicy.CriterionNames]);
    }

    /// <summary>Adds the options to a command.</summary>
    /// <param name="rule">Whether it takes a rule, and not several.</param>
    public void AddTo(Command command, bool rule)
    {
        Option[] all = [model, solver, steps, spacing, count, batch, metrics, conditions.Seed, conditions.Label, conditions.Guidance, device, maxConsecutive, warmup, guard, .. rule ? new Option[] { criterion, order, maxCalls } : []];
        foreach (var option in all)
        {
            command.Add(option);
        }
    }

    // Samples have no prompts here. Metrics of pairs come first, as they are what skipping is judged by.
    private static IEnumerable<Metric> Measurable => MetricCatalog.All.Where(m => !m.Needs.HasFlag(MetricNeeds.Prompts)).OrderBy(m => !m.IsPaired);

    /// <summary>An option that names several rules.</summary>
    public static Option<string[]> Criteria()
    {
        var option = new Option<string[]>("--criteria") { Description = "Rules to compare. Default: all.", HelpName = "name", DefaultValueFactory = _ => [.. SkipPolicy.CriterionNames], AllowMultipleArgumentsPerToken = true };
        option.AcceptOnlyFromAmong([.. SkipPolicy.CriterionNames]);
        return option;
    }

    /// <summary>The rule without its threshold.</summary>
    public SkipPolicy Policy(ParseResult parsed) =>
        Policy(parsed, SkipPolicy.ParseCriterion(parsed.GetRequiredValue(criterion)), parsed.GetValue(order), parsed.GetValue(maxCalls));

    /// <summary>A rule by criterion and order, with the limits asked for.</summary>
    public SkipPolicy Policy(ParseResult parsed, SkipCriterion criterion, int order, int? maxCalls = null) =>
        Input.Read("The skip policy", () => new SkipPolicy(0, parsed.GetValue(maxConsecutive), parsed.GetValue(warmup), order, parsed.GetValue(guard), criterion, maxCalls));

    /// <summary>The unaccelerated sampler.</summary>
    public Candidate Full(ParseResult parsed, NoiseSchedule schedule) =>
        CandidateText.FromSteps(parsed.GetRequiredValue(solver), parsed.GetRequiredValue(steps), parsed.GetValue(spacing), null, schedule);

    public OpenedModel Open(ParseResult parsed)
    {
        var package = ModelPackage.Open(shell.PathOf(parsed.GetRequiredValue(model)));
        return OpenedModel.Open(package, CommonOptions.Workers(parsed.GetRequiredValue(device), 1).Device);
    }

    /// <summary>What to measure.</summary>
    /// <param name="target">Measured besides, or null.</param>
    /// <exception cref="ProblemException">The model does not allow a metric that is named.</exception>
    public IReadOnlyList<Metric> Metrics(ParseResult parsed, OpenedModel opened, Metric? target = null)
    {
        var manifest = opened.Sampling.Manifest;
        string? Reason(Metric metric) => MeasuredMetrics.ReasonAgainst(ReferenceSet.Without(metric), manifest);
        var named = parsed.GetValue(metrics) is { Length: > 0 } keys ? keys : null;
        var wanted = Measurable.Where(m => m == target || (named?.Contains(m.Key) ?? (usual(m) && Reason(m) is null))).ToList();
        return wanted.Find(m => Reason(m) is not null) is { } refused
            ? throw new ProblemException($"{refused.Label} cannot be measured: the model '{manifest.Name}' {Reason(refused)}.")
            : wanted;
    }

    /// <summary>The samples, with their unaccelerated images.</summary>
    public SkipBench Bench(ParseResult parsed, OpenedModel opened, IReadOnlyList<Metric> metrics, CancellationToken cancellation, long first = 0, int? number = null)
    {
        var manifest = opened.Sampling.Manifest;
        var samples = new SkipSamples(conditions.SeedOf(parsed), conditions.Read(parsed, manifest), number ?? parsed.GetValue(count) ?? defaultCount, first, parsed.GetValue(batch) ?? 64);
        return new SkipBench(opened, Full(parsed, manifest.Schedule), samples, metrics, shell.Time, cancellation);
    }
}
