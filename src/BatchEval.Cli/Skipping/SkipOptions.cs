using BatchEval.Cli.Sampling;
using BatchEval.Core.Sampling;
using BatchEval.Core.Sampling.Solvers;
using BatchEval.Workflow.Models;
using BatchEval.Workflow.Skipping;

namespace BatchEval.Cli.Skipping;

/// <summary>Options that the commands under <c>skip</c> share: the unaccelerated sampler, the samples, and the rule.</summary>
internal sealed class SkipOptions
{
    private readonly Shell shell;
    private readonly int defaultCount;
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

    /// <summary>Creates the options.</summary>
    /// <param name="shell">Console, working directory, environment and clock.</param>
    /// <param name="count">Default number of samples.</param>
    public SkipOptions(Shell shell, int count)
    {
        (this.shell, defaultCount) = (shell, count);
        this.count.Description = $"Number of samples. Default: {count}.";
        CommonOptions.AtLeast(this.count, 1);
        CommonOptions.AtLeast(batch, 1);
        criterion.AcceptOnlyFromAmong([.. SkipPolicy.CriterionNames]);
    }

    /// <summary>Adds the options to a command.</summary>
    /// <param name="rule">Whether it takes a rule, and not several.</param>
    public void AddTo(Command command, bool rule)
    {
        Option[] all = [model, solver, steps, spacing, count, batch, conditions.Seed, conditions.Label, conditions.Guidance, device, maxConsecutive, warmup, guard, .. rule ? new Option[] { criterion, order, maxCalls } : []];
        foreach (var option in all)
        {
            command.Add(option);
        }
    }

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

    /// <summary>The samples, with their unaccelerated images.</summary>
    public SkipBench Bench(ParseResult parsed, OpenedModel opened, CancellationToken cancellation, long first = 0, int? number = null)
    {
        var manifest = opened.Sampling.Manifest;
        var samples = new SkipSamples(conditions.SeedOf(parsed), conditions.Read(parsed, manifest), number ?? parsed.GetValue(count) ?? defaultCount, first, parsed.GetValue(batch) ?? 64);
        return new SkipBench(opened, Full(parsed, manifest.Schedule), samples, shell.Time, cancellation);
    }
}
