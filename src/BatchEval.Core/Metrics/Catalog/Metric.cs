namespace BatchEval.Core.Metrics.Catalog;

[Flags]
public enum MetricNeeds
{
    None = 0,

    /// <summary>Features of the generated images.</summary>
    Features = 1,

    /// <summary>Class scores of the generated images.</summary>
    Logits = 2,

    /// <summary>Mean and covariance of the reference features.</summary>
    ReferenceStatistics = 4,

    /// <summary>Mean and covariance of the features of images that were never trained on.</summary>
    HeldOutStatistics = 8,

    ReferenceFeatures = 16,

    /// <summary>A second image for every image.</summary>
    Pairs = 32,

    /// <summary>A network that measures the distance of two images.</summary>
    PerceptualNetwork = 64,

    /// <summary>A prompt for every image, and a network that compares the two.</summary>
    Prompts = 128,

    /// <summary>The generated images themselves.</summary>
    Images = 256,

    /// <summary>Features of the generated images and of the reference by another network than the one that everything else is measured with.</summary>
    SecondFeatures = 512,
}

/// <summary>A metric: what it is called, what it needs, how it is computed and how it is shown. All of them stand in <see cref="MetricCatalog"/>.</summary>
/// <param name="Key">Name in specifications, results and on the command line.</param>
/// <param name="Label">Name for people.</param>
/// <param name="HigherIsBetter">Which way is good.</param>
/// <param name="Decimals">Digits after the point in tables.</param>
public sealed record Metric(string Key, string Label, bool HigherIsBetter, MetricNeeds Needs, int Decimals)
{
    /// <summary>Unit, or empty.</summary>
    public string Unit { get; init; } = string.Empty;

    /// <summary>Name in reports of <c>batcheval metrics</c>, which tell apart what runs need not.</summary>
    public string ReportKey { get => field ?? Key; init; }

    /// <summary>Name of members in JSON and of columns.</summary>
    public string Member { get; } = string.Concat(Key.Split('-').Select((word, i) => i == 0 ? word : char.ToUpperInvariant(word[0]) + word[1..]));

    /// <summary>Whether a run computes it for its final scores unless it is told otherwise, where its model allows.</summary>
    public bool IsStandard { get; init; }

    /// <summary>Whether a package brings a network for it alone.</summary>
    public bool HasOwnNetwork => (Needs & (MetricNeeds.PerceptualNetwork | MetricNeeds.Prompts | MetricNeeds.SecondFeatures)) != 0;

    /// <summary>Computes it from two sets; null for metrics of pairs.</summary>
    public Func<SampleSets, MetricOutcome>? OfSets { get; init; }

    /// <summary>Value of one pair of images; null for metrics of sets, and where networks compute it.</summary>
    public Func<ImagePair, double>? OfPair { get; init; }

    /// <summary>Value of one image; null for all other metrics.</summary>
    public Func<ReadOnlyMemory<byte>, double>? OfImage { get; init; }

    /// <summary>Whether it judges what was found, and is therefore measured on final scores alone and no objective.</summary>
    public bool IsJudge => (Needs & (MetricNeeds.Images | MetricNeeds.SecondFeatures)) != 0;

    /// <summary>Fewest generated samples that it can be computed from, given the dimensions of the features.</summary>
    public Func<int, int> MinimumSamples { get; init; } = _ => 2;

    /// <summary>Whether narrow tables leave it out where it is not the objective.</summary>
    public bool IsDetail { get; init; }

    /// <summary>Whether few samples can be corrected by a control variate of the moments (<see cref="SampleSets.Control"/>).</summary>
    public bool HasControl { get; init; }

    /// <summary>Smallest side of images that it can be computed for.</summary>
    public int MinimumSide { get; init; } = 1;

    /// <summary>Whether images of a size are large enough.</summary>
    public bool Allows(int height, int width) => Math.Min(height, width) >= MinimumSide;

    /// <summary>Value per image above which it counts as this.</summary>
    public double Cap { get; init; } = double.PositiveInfinity;

    /// <summary>Key of the metric whose values per image are put together; null for its own.</summary>
    public string? PerImageOf { get; init; }

    /// <summary>Puts values per image together, given also the number of values of each image; null for metrics of sets.</summary>
    public Func<IReadOnlyList<double>, IReadOnlyList<int>, ScoreWithError>? Reduce { get; init; }

    /// <summary>Whether it compares images one by one.</summary>
    public bool IsPaired => Needs.HasFlag(MetricNeeds.Pairs);

    /// <summary>Whether values of it are stored per image.</summary>
    public bool IsPerImage => Reduce is not null && PerImageOf is null;

    /// <summary>Says which way is good; of what single images are like neither is.</summary>
    public string Direction => OfImage is not null ? "neither way is better" : HigherIsBetter ? "higher is better" : "lower is better";

    /// <summary>The value as something to minimise.</summary>
    public double ToObjective(double value) => HigherIsBetter ? -value : value;
}

/// <summary>A score, or why there is none.</summary>
/// <param name="Reason">Why there is none, or null.</param>
public sealed record MetricOutcome(ScoreWithError? Score, string? Reason = null)
{
    public static implicit operator MetricOutcome(ScoreWithError score) => new(score);

    /// <summary>No score.</summary>
    public static MetricOutcome Without(string reason) => new(null, reason);
}

/// <summary>Two images of one shape and the width of their value range.</summary>
/// <param name="Image">Values [C, H, W].</param>
/// <param name="Shape">C, H, W.</param>
/// <param name="Peak">Largest value less the smallest that a value may have.</param>
public readonly record struct ImagePair(ReadOnlyMemory<float> Image, ReadOnlyMemory<float> Reference, ImageShape Shape, double Peak);
