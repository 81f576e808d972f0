using BatchEval.Core.Sampling;
using BatchEval.Core.Search;
using BatchEval.Core.Search.Schedules;
using BatchEval.Onnx.Networks;

namespace BatchEval.Workflow.Specifications;

/// <summary>What a user asks for, validated and with every default filled in; <c>docs/run-specification.md</c> documents every field.</summary>
/// <param name="Name">Name of the run; part of its id.</param>
/// <param name="Model">Folder of the model package.</param>
/// <param name="Seed">Seed of noise, labels and breeding.</param>
/// <param name="Solver">Solver of searched candidates and baselines.</param>
/// <param name="Conditions">Labels and guidance.</param>
/// <param name="Budget">What a candidate may cost.</param>
/// <param name="Search">How candidates are found.</param>
/// <param name="Objective">What is minimised.</param>
/// <param name="Validation">How the winner is chosen among the elites, on fresh samples.</param>
/// <param name="Final">How winner and baselines are scored, on samples fresh once more.</param>
/// <param name="Reference">The unaccelerated sampler that paired metrics compare with.</param>
/// <param name="Baselines">Names of baselines, see <see cref="BaselineNames"/>.</param>
/// <param name="Candidates">Candidates given by the user: scored as they are, and seeds of a search.</param>
/// <param name="Execution">How the work is cut; does not change any result.</param>
public sealed record RunSpecification(
    string Name,
    string Model,
    ulong Seed,
    string Solver,
    Conditions Conditions,
    BudgetSpecification Budget,
    SearchSpecification Search,
    ObjectiveSpecification Objective,
    ValidationSpecification Validation,
    FinalSpecification Final,
    ReferenceSpecification Reference,
    IReadOnlyList<string> Baselines,
    IReadOnlyList<Candidate> Candidates,
    ExecutionSpecification Execution)
{
    /// <summary>Version of the specification format that this code reads.</summary>
    public const int FormatVersion = 1;
}

/// <summary>How candidates are found.</summary>
/// <param name="Method">One of <see cref="SearchMethods"/>.</param>
/// <param name="Evolution">Parameters of evolutionary and random search.</param>
/// <param name="MutationProbability">Chance of each time to change in a mutation.</param>
/// <param name="LocalShare">Share of changes that stay between a time's neighbours.</param>
public sealed record SearchSpecification(string Method, EvolutionOptions Evolution, double MutationProbability, double LocalShare)
{
    /// <summary>What the search varies, from <see cref="KnownGenes"/>.</summary>
    public IReadOnlyList<string> Genes { get; init; } = [TimesGene];

    /// <summary>Where the steps lie.</summary>
    public const string TimesGene = "times";

    /// <summary>Which steps reuse an earlier output, by plan.</summary>
    public const string ReuseGene = "reuse";

    /// <summary>A run-time skip policy.</summary>
    public const string SkipGene = "skip";

    /// <summary>Genes that a specification can name; the times are always among them.</summary>
    public static IReadOnlyList<string> KnownGenes { get; } = [TimesGene, ReuseGene, SkipGene];

    /// <summary>Methods that a specification can name.</summary>
    public static IReadOnlyList<string> SearchMethods { get; } = ["evolution", "random", "none", .. ScheduleMethods.Searchable];

    /// <summary>What the method <c>gits</c> measures of a step from the teacher's trajectory.</summary>
    public TeacherDistance Distance { get; init; }

    /// <summary>True to take clean samples from the model's own long sampling instead of the package's data, for the methods that need them.</summary>
    public bool DataFree { get; init; }

    /// <summary>Spaces that a specification can name.</summary>
    public static IReadOnlyList<string> Spaces { get; } = ["times", "blocks", "joint"];

    /// <summary>What varies: sampling times, dropped blocks on uniform grids, or both.</summary>
    public string Space { get; init; } = "times";

    /// <summary>True for the published course: times first, then a growing share of dropped blocks, published operators only.</summary>
    public bool TwoStages { get; init; }

    /// <summary>Smallest share of the blocks that a freshly drawn mask drops.</summary>
    public double MinPrune { get; init; }

    /// <summary>Largest share of the blocks that a freshly drawn mask drops.</summary>
    public double MaxPrune { get; init; } = 0.5;
}

/// <summary>What is minimised.</summary>
/// <param name="Metric">One of <see cref="Metrics"/>.</param>
public sealed record ObjectiveSpecification(string Metric)
{
    /// <summary>Metrics that a specification can name; PSNR and SSIM are negated.</summary>
    public static IReadOnlyList<string> Metrics { get; } = ["fid", "lpips", "psnr", "ssim"];

    /// <summary>True when the metric compares each image with the unaccelerated sampler's image from the same noise.</summary>
    public bool IsPaired => Metric is "lpips" or "psnr" or "ssim";
}

/// <summary>How the winner is chosen.</summary>
/// <param name="Samples">Fresh samples per elite.</param>
/// <param name="Elites">Number of elites that compete.</param>
public sealed record ValidationSpecification(int Samples, int Elites);

/// <summary>The final scoring.</summary>
/// <param name="Samples">Samples that neither search nor validation saw.</param>
/// <param name="Images">Images per candidate stored one by one as PNG.</param>
public sealed record FinalSpecification(int Samples, int Images);

/// <summary>The unaccelerated sampler.</summary>
/// <param name="Solver">Its solver.</param>
/// <param name="Steps">Its number of steps.</param>
/// <param name="Spacing">Its step spacing.</param>
/// <param name="Samples">How many final samples are compared with it image by image.</param>
public sealed record ReferenceSpecification(string Solver, int Steps, string Spacing, int Samples);

/// <summary>How the work is cut into units.</summary>
/// <param name="UnitEvaluations">Network evaluations per unit.</param>
/// <param name="CellSamples">Most samples in one stored result.</param>
/// <param name="BatchSize">Most samples in one network call.</param>
public sealed record ExecutionSpecification(int UnitEvaluations, int CellSamples, int BatchSize);
