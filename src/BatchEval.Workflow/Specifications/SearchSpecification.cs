using System.ComponentModel;
using System.Text.Json.Serialization;
using BatchEval.Core.Search;
using BatchEval.Core.Search.Schedules;

namespace BatchEval.Workflow.Specifications;

/// <summary>How candidates are found.</summary>
public sealed record SearchSpecification : ICheckedData
{
    private static readonly EvolutionOptions TimesOptions = new(32, 6, 8, 14, 10, [128, 512]);
    private static readonly EvolutionOptions VectorOptions = new(12, 40, 8, 6, 4, [128, 256]);
    private static readonly EvolutionOptions BlocksOptions = new(32, 6, 10, 14, 10, [64, 256, 1000]);

    [Description("How candidates are found: by `cma-es`, by `evolution`, by a local `pattern` search, at `random`, by one of the other schedule methods, or `none` to score only baselines and given candidates. `auto` is `cma-es` for the space `sampler` and `evolution` for the others.")]
    public SearchMethod Method { get; init; }

    [Description("What is varied: `times` always; `reuse` (up to twice as many steps as calls, some of which reuse an earlier output) and `skip` (run-time policies with `maxCalls` at the budget), or `guidance` (steps with both evaluations, with the positive one alone, or with that and an earlier difference; the budget then counts a call without the negative evaluation as a half). A search over `sampler` takes `guidance` alone of these.")]
    public IReadOnlyList<SearchGene> Genes { get; init; } = [SearchGene.Times];

    [Description("What `gits` measures of a step: the distance to the teacher's state (`l2`) or to the `chord` of its trajectory.")]
    public TeacherDistance Distance { get; init; }

    [Description("`klub-dp`, `klub` and `score-optimal` take clean samples from the model's own long sampling instead of the package's `data`.")]
    public bool DataFree { get; init; }

    [Description("`times`: sampling times of the whole network; `sampler`: times and the numbers of the solver's table, around the best of the given candidates that are inside the budget, or of the heuristics where there is none; `joint`: times and, at each step, the blocks that it leaves out; `blocks`: left-out blocks on uniform grids.")]
    public SearchSpace Space { get; init; }

    [Description("Numbers that a search over `sampler` varies. With `times` and `differences` alone a perfect denoiser of a single image gives that image back whatever the numbers; the others may break that. Left out: all.")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<SamplerGroup>? Groups { get; init; }

    [Description("Generations between two validations during the search; the best there are its elites. Left out: 4 for `cma-es` and `pattern`, only at the end of others."), Bounds(1, 10_000)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? Interval { get; init; }

    [Description("The search ends after this many validations in a row that found nothing better. Left out: 4."), Bounds(1, 10_000)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? Patience { get; init; }

    [Description("First step size of `cma-es` and `pattern`, in units of 30 of 1000 positions of a step, 0.12 of a weight and so on. Left out: 1."), Bounds(0, 10, Above = true)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? StepSize { get; init; }

    [Description("Other defaults. `autodiffusion` has the published parameters: population 50, 10 generations, 25 mutants, 15 crossovers, 10 elites, one rung of 1000; with blocks 15 generations, 10 crossovers, `twoStages`, `maxPrune` 0.1; `localShare` 0.")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public SearchPreset? Preset { get; init; }

    [Description("Candidates per generation; what is left of it after mutants and crossovers is drawn at random. Left out for `sampler`, `cma-es` or `pattern`: 12."), Bounds(2, 10_000)]
    public int? Population { get; init; }

    [Description("Generations, at most. Left out for `sampler`, `cma-es` or `pattern`: 40."), Bounds(1, 10_000)]
    public int? Generations { get; init; }

    [Description("Size of the archive that parents come from, or of that of validation; at most the population. Left out for `sampler`, `cma-es` or `pattern`: 8."), Bounds(1, 10_000)]
    public int? Elites { get; init; }

    [Description("Mutants per generation of an evolution; in proportion to the population."), Bounds(0, 10_000)]
    public int? Mutants { get; init; }

    [Description("Crossovers per generation of an evolution; in proportion to the population."), Bounds(0, 10_000)]
    public int? Crossovers { get; init; }

    [Description("Ascending numbers of samples on which a generation is compared; losers leave at each; `cma-es` and `pattern` go on to the next one when validation stalls. Left out: [128, 256] for `sampler`, `cma-es` or `pattern`, [64, 256, 1000] with blocks."), Bounds(2, 1_000_000)]
    public IReadOnlyList<int>? Rungs { get; init; }

    [Description("Share of a generation that goes on to the next rung (of `klub-dp` what its choice keeps); not used by `cma-es` and `pattern`."), Bounds(0, 1, Above = true)]
    public double? Survivors { get; init; }

    [Description("Chance of a number to change in a mutation."), Bounds(0, 1)]
    public double MutationProbability { get; init; } = 0.25;

    [Description("Share of changes that stay between a time's neighbours, in searches over times and blocks."), Bounds(0, 1)]
    public double? LocalShare { get; init; }

    [Description("The published course: times first, then a share of dropped blocks that grows to `maxPrune`; otherwise single-block sensitivities come first.")]
    public bool? TwoStages { get; init; }

    [Description("Smallest share of the blocks that a freshly drawn mask drops; mutations may go beyond."), Bounds(0, 1)]
    public double MinPrune { get; init; }

    [Description("Largest share of the blocks that a freshly drawn mask drops."), Bounds(0, 1)]
    public double? MaxPrune { get; init; }

    /// <summary>Parameters of evolutionary and random search.</summary>
    [JsonIgnore]
    public EvolutionOptions Evolution
    {
        get
        {
            var standard = Standard;
            var population = Population ?? standard.Population;
            return new EvolutionOptions(
                population,
                Generations ?? standard.Generations,
                Elites ?? Math.Min(standard.Elites, population),
                Mutants ?? population * standard.Mutants / standard.Population,
                Crossovers ?? population * standard.Crossovers / standard.Population,
                Rungs ?? standard.Rungs,
                Survivors ?? standard.Survivors);
        }
    }

    private bool Published => Preset == SearchPreset.Autodiffusion;

    private SearchMethod Chosen => Method != SearchMethod.Auto ? Method : Space == SearchSpace.Sampler ? SearchMethod.CmaEs : SearchMethod.Evolution;

    private EvolutionOptions Standard => (Space.HasBlocks(), Published) switch
    {
        _ when Space == SearchSpace.Sampler || Chosen.IsVector() => VectorOptions,
        (true, true) => EvolutionOptions.AutoDiffusionBlocks(1000),
        (false, true) => EvolutionOptions.AutoDiffusion(1000),
        (true, false) => BlocksOptions,
        _ => TimesOptions,
    };

    public IEnumerable<Problem> Violations()
    {
        var full = Resolved();
        if (full.MinPrune > full.MaxPrune)
        {
            yield return new Problem("minPrune", $"is {full.MinPrune}; allowed: at most maxPrune, {full.MaxPrune}.");
        }

        if (!Genes.Contains(SearchGene.Times))
        {
            yield return new Problem("genes", "must name 'times': a search always varies the times.");
        }
        else if (Space.HasBlocks() && full.Genes.Count > 1)
        {
            yield return new Problem("genes", $"names '{full.Genes[1].Name()}'; a search over {Space.Name()} takes 'times' only.");
        }
        else if (Space == SearchSpace.Sampler && full.Genes.FirstOrDefault(g => g is not (SearchGene.Times or SearchGene.Guidance)) is var other and not SearchGene.Times)
        {
            yield return new Problem("genes", $"names '{other.Name()}'; a search over sampler takes 'times' and 'guidance' only. Steps of a given candidate that reuse outputs or skip stay as they are.");
        }

        if (full.Genes.Contains(SearchGene.Guidance) && full.Genes.Count > 2)
        {
            yield return new Problem("genes", "names 'guidance', which is searched together with 'times' alone.");
        }

        if (full.Method.IsVector() && Space.HasBlocks())
        {
            yield return new Problem("method", $"is '{Method.Name()}', which varies real numbers; a search over {Space.Name()} takes evolution or random.");
        }
        else if (full.Method.IsVector() && Space == SearchSpace.Times && full.Genes.Count > 1)
        {
            yield return new Problem("genes", $"names '{full.Genes[1].Name()}'; {full.Method.Name()} over times takes 'times' only.");
        }
        else if (full.Method == SearchMethod.CmaEs && full.Population < 4)
        {
            yield return new Problem("population", $"is {full.Population}; allowed: at least 4 with cma-es.");
        }

        if (Space == SearchSpace.Sampler && Groups is [])
        {
            yield return new Problem("groups", $"is empty; allowed: at least one of {string.Join(", ", Enum.GetValues<SamplerGroup>().Select(g => g.Name()))}.");
        }

        if (Space != SearchSpace.Sampler && Groups is not null)
        {
            yield return new Problem("groups", $"is given, but a search over {Space.Name()} has no numbers to choose from; leave it out, or set space to sampler.");
        }

        if (Published && (Space == SearchSpace.Sampler || Chosen.IsVector()))
        {
            yield return new Problem("preset", $"is 'autodiffusion', the parameters of an evolution over times or blocks; leave it out, or set {(Space == SearchSpace.Sampler ? "space to times, blocks or joint" : "method to evolution")}.");
        }

        if (TwoStages == true && !Space.HasBlocks())
        {
            yield return new Problem("twoStages", $"is true, but a search over {Space.Name()} drops no blocks; leave it out, or set space to blocks or joint.");
        }

        if (Space == SearchSpace.Sampler && Method.IsSchedule())
        {
            yield return new Problem("space", $"is 'sampler', which {Method.Name()} does not search; use method auto.");
        }

        foreach (var violation in full.Evolution.Violations())
        {
            yield return new Problem(string.Empty, violation);
        }
    }

    /// <summary>The same with the defaults of its preset filled in.</summary>
    internal SearchSpecification Resolved()
    {
        var (evolution, interval) = (Evolution, Interval ?? (Chosen.IsVector() ? 4 : null));
        return this with
        {
            Preset = null,
            Method = Chosen,
            Groups = Space == SearchSpace.Sampler ? [.. Enum.GetValues<SamplerGroup>().Where(g => Groups?.Contains(g) ?? true)] : null,
            Interval = interval,
            Patience = interval is null ? null : Patience ?? 4,
            StepSize = Chosen.IsVector() ? StepSize ?? 1 : null,
            Genes = [.. Enum.GetValues<SearchGene>().Where(Genes.Contains)],
            Population = evolution.Population,
            Generations = evolution.Generations,
            Elites = evolution.Elites,
            Mutants = evolution.Mutants,
            Crossovers = evolution.Crossovers,
            Rungs = evolution.Rungs,
            Survivors = evolution.Survivors,
            LocalShare = LocalShare ?? (Published ? 0 : 0.5),
            TwoStages = TwoStages ?? (Published && Space.HasBlocks()),
            MaxPrune = MaxPrune ?? (Published ? 0.1 : 0.5),
        };
    }
}

/// <summary>How candidates are found.</summary>
public enum SearchMethod
{
    Auto,
    Evolution,
    CmaEs,
    Pattern,
    Random,
    None,
    Klub,
    KlubDp,
    Gits,
    Oss,
    ScoreOptimal,
    Dmn,
}

/// <summary>What a search over the whole network varies.</summary>
public enum SearchGene
{
    /// <summary>Where the steps lie.</summary>
    Times,

    /// <summary>Which steps reuse an earlier output, by plan.</summary>
    Reuse,

    /// <summary>A run-time skip policy.</summary>
    Skip,

    /// <summary>Which steps make the negative evaluation of guidance.</summary>
    Guidance,
}

/// <summary>Groups of a sampler's numbers, by the names of <see cref="Core.Search.Samplers.SamplerGroups"/>.</summary>
public enum SamplerGroup
{
    Times,
    NetworkTimes,
    Differences,
    OutputScales,
    Corrections,
    StartScale,
}

/// <summary>What varies: sampling times, numbers of the solver's table, dropped blocks on uniform grids, or times and blocks.</summary>
public enum SearchSpace
{
    Times,
    Sampler,
    Blocks,
    Joint,
}

/// <summary>A set of defaults.</summary>
public enum SearchPreset
{
    Batcheval,
    Autodiffusion,
}
