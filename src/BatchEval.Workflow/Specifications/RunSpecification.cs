using System.ComponentModel;
using System.Text.Json.Serialization;
using BatchEval.Core.Metrics.Catalog;
using BatchEval.Core.Sampling.Placement;
using BatchEval.Onnx.Networks;
using BatchEval.Onnx.Sampling;
using BatchEval.Onnx.Text;

namespace BatchEval.Workflow.Specifications;

/// <summary>
/// What a user asks for. Names, defaults, constraints and descriptions of all fields are stated here and nowhere else: reader, canonical JSON,
/// schema, <c>--set</c> and the table in <c>docs/run-specification.md</c> follow. The order is that of the canonical JSON.
/// </summary>
public sealed record RunSpecification : ICheckedData
{
    [Description("Version of the format."), Bounds(1, 1)]
    public int FormatVersion { get; init; } = 1;

    [Description("Name of the run; part of its id."), Pattern("^[a-z](-?[a-z0-9]){0,39}$", "1 to 40 lower-case letters, digits and single hyphens, beginning with a letter")]
    public required string Name { get; init; }

    [Description("Folder of the model package, relative to the specification or to the working directory.")]
    public required string Model { get; init; }

    [Description("Seed of noise, labels and breeding.")]
    public ulong Seed { get; init; }

    [Description("Solver of searched candidates and baselines, for example `ddim(eta=1)`, `dpmpp-2m` or `unipc(order=3)`."), SolverName]
    public string Solver { get; init; } = "ddim";

    public Conditions Conditions { get; init; } = Conditions.None;

    [Description("Where states lie between network calls: `host`, on the processor, where candidates share evaluations, or `device`, where the network runs. On `device` each candidate is sampled by itself, those with a skip policy as on `host`; models that threshold, and guidance by a classifier, are refused. Images differ in the last bits, so stored results of the two never mix. Left out: `host`."), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public SamplingLoop SamplingLoop { get; init; }

    [Description("Prompts of text-to-image models; sample i takes prompt i modulo their number. A file is looked for beside the specification and in the working directory, and its prompts become part of the run. Left out: those that the model package names."), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public PromptSet? Prompts { get; init; }

    [Description("Takes only the first so many prompts, of COCO's captions one of each image before a second of any. Left out: all."), Bounds(1, PromptSet.Most), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? PromptCount { get; init; }

    [Description("Negative prompt of those that have none of their own."), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? NegativePrompt { get; init; }

    public required BudgetSpecification Budget { get; init; }

    public SearchSpecification Search { get; init; } = new();

    public ObjectiveSpecification Objective { get; init; } = new();

    public ValidationSpecification Validation { get; init; } = new();

    public FinalSpecification Final { get; init; } = new();

    public ReferenceSpecification Reference { get; init; } = new();

    [Description("What the winner is compared with: step spacings; `trimmed-uniform`, a uniform grid from the best of eight lower starts, chosen on the validation samples like the winner; `random-search` with the search's own budget; with blocks also `times-only`, `blocks-only` and `same-blocks`, the best of a search of that part of the space with the joint search's budget; `own`, solver, grid and ending of a diffusers folder's scheduler, which is added where a specification for such a folder names none."), NamedIn(typeof(BaselineNames), nameof(BaselineNames.All))]
    public IReadOnlyList<string> Baselines { get; init; } = BaselineNames.Default;

    [Description("Candidates to score as they are, and to seed the search with. A search over `sampler`, and every one by `cma-es` or `pattern`, begins at the best of those that are inside the budget, and then compares no heuristics.")]
    public IReadOnlyList<Candidate> Candidates { get; init; } = [];

    public ExecutionSpecification Execution { get; init; } = new();

    public IEnumerable<Problem> Violations() => Search.Method == SearchMethod.None && Candidates.Count == 0 && Baselines.Count == 0
        ? [new Problem("search", "is 'none', and there are no candidates and no baselines: there is nothing to evaluate.")]
        : [];

    /// <summary>The same with every default that depends on other fields filled in, and solvers under their full names.</summary>
    internal RunSpecification Resolved()
    {
        var solver = Core.Sampling.Solvers.Solver.Parse(Solver).Name;
        return this with
        {
            Solver = solver,
            Search = Search.Resolved(),
            Reference = Reference.Candidate is { } candidate
                ? Reference with { Solver = candidate.Solver, Steps = candidate.Steps.Count }
                : Reference with { Solver = Reference.Solver is { } own ? Core.Sampling.Solvers.Solver.Parse(own).Name : solver },
            Baselines = [.. Baselines.Distinct()],
        };
    }
}

public sealed record ObjectiveSpecification
{
    [Description("What decides, see [metrics](metrics.md): distances and scores of sets of images against the package's reference; `psnr`, `ssim`, `ms-ssim` and `lpips` image by image against the unaccelerated sampler on the same noise: right where many steps are to give the same images, while with few calls they do not order candidates as FID does."), NamedIn(typeof(MetricCatalog), nameof(MetricCatalog.Keys))]
    public string Metric { get; init; } = "fid";

    /// <summary>True when the metric compares each image with the unaccelerated sampler's image from the same noise.</summary>
    public bool IsPaired => MetricCatalog.Find(Metric).IsPaired;
}

/// <summary>How the winner is chosen among the elites.</summary>
public sealed record ValidationSpecification
{
    [Description("Samples, none of which the search saw, on which the elites are compared."), Bounds(2, 10_000_000)]
    public int Samples { get; init; } = 1000;

    [Description("Elites among which the winner is chosen."), Bounds(1, 1000)]
    public int Elites { get; init; } = 4;
}

/// <summary>How winner and baselines are scored.</summary>
public sealed record FinalSpecification
{
    [Description("Samples, seen neither by the search nor by the validation, on which winner and baselines are scored."), Bounds(2, 10_000_000)]
    public int Samples { get; init; } = 2000;

    [Description("Images per candidate that are stored one by one as PNG."), Bounds(0, 100_000)]
    public int Images { get; init; } = 64;

    [Description("Metrics that the final scores have besides the objective and, as far as the model allows, `fid`, `fid-held-out`, `fid-second`, `psnr`, `ssim` and `lpips`."), NamedIn(typeof(MetricCatalog), nameof(MetricCatalog.Keys))]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Metrics { get; init; }
}

/// <summary>The unaccelerated sampler.</summary>
public sealed record ReferenceSpecification
{
    [Description("Solver of the unaccelerated sampler; left out: the run's, and on a diffusers folder whose specification names no spacing either, solver, grid and ending of its own scheduler, with the steps of its pipeline where `reference.steps` is left out."), SolverName]
    public string? Solver { get; init; }

    [Description("Its number of steps."), Bounds(1, 10_000)]
    public int Steps { get; init; } = 50;

    [Description("Its step spacing."), NamedIn(typeof(PlacementRules), nameof(PlacementRules.Names))]
    public string Spacing { get; init; } = "trailing";

    [Description("The unaccelerated sampler itself, in place of its solver, steps and spacing: for example what the model's own pipeline does."), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Candidate? Candidate { get; init; }

    [Description("How many final images are compared with it, pair by pair."), Bounds(0, 1_000_000)]
    public int Samples { get; init; } = 256;
}

/// <summary>How the work is cut into units; changes no result.</summary>
public sealed record ExecutionSpecification
{
    [Description("Network calls per unit of work; raise it on a GPU so that a unit takes 2 to 5 minutes."), Bounds(1)]
    public int UnitEvaluations { get; init; } = 4096;

    [Description("Most samples per stored result."), Bounds(1, 100_000)]
    public int CellSamples { get; init; } = 512;

    [Description("Most samples per network call."), Bounds(1, 65_536)]
    public int BatchSize { get; init; } = 64;
}
