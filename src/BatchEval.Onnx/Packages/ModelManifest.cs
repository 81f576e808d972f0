using BatchEval.Core.Sampling;
using BatchEval.Core.Sampling.Configurations;
using BatchEval.Core.Sampling.Placement;
using BatchEval.Onnx.Images;

namespace BatchEval.Onnx.Packages;

/// <summary>What a model package's <c>model.json</c> says; <c>docs/model-packages.md</c> documents every field.</summary>
/// <param name="Name">Short name, used in run ids and reports.</param>
/// <param name="Description">One sentence for people.</param>
/// <param name="Denoiser">The network that is searched.</param>
/// <param name="Sample">Shape and range of one sample.</param>
/// <param name="Labels">Class labels, or null for a model that takes none.</param>
/// <param name="Features">Network whose features FID and its relatives are computed on, or null.</param>
/// <param name="Perceptual">Network that gives a perceptual distance of two images, or null.</param>
/// <param name="Reference">Statistics of real images' features, or null.</param>
/// <param name="Provenance">Where weights and data come from.</param>
/// <param name="Digests">SHA-256 of the package's files, by file name.</param>
/// <param name="Data">Clean samples that the model was trained on, or null.</param>
public sealed record ModelManifest(
    string Name,
    string Description,
    DenoiserEntry Denoiser,
    NoiseSchedule Schedule,
    SampleEntry Sample,
    LabelsEntry? Labels,
    FeaturesEntry? Features,
    PerceptualEntry? Perceptual,
    ReferenceEntry? Reference,
    string Provenance,
    IReadOnlyDictionary<string, string> Digests,
    DataEntry? Data = null)
{
    /// <summary>Version of the manifest format that this code reads.</summary>
    public const int FormatVersion = 1;

    /// <summary>Gradient of a classifier for guidance, or null.</summary>
    public ClassifierEntry? Classifier { get; init; }

    /// <summary>Decoder of a model that samples latents, or null.</summary>
    public DecoderEntry? Decoder { get; init; }

    public TextEntry? Text { get; init; }

    /// <summary>File of prompts that samples are drawn for, or null.</summary>
    public string? PromptFile { get; init; }

    /// <summary>File of precomputed embeddings (NumPy archive), or null.</summary>
    public string? EmbeddingsFile { get; init; }

    /// <summary>Folder of a feature package with both halves of CLIP, relative to the package, or null.</summary>
    public string? ClipFolder { get; init; }

    /// <summary>Folder of a feature package whose network judges what was found on the features of the package's own, relative to the package, or null.</summary>
    public string? SecondFolder { get; init; }

    /// <summary>What the model's authors sample with, as far as its files say so.</summary>
    public SamplingDefaults Defaults { get; init; } = new();

    /// <summary>What was noticed while reading that people should know.</summary>
    public IReadOnlyList<string> Remarks { get; init; } = [];

    /// <summary>Files that are read beside those named by the entries above, such as tokenizers and configurations.</summary>
    public IReadOnlyList<string> OtherFiles { get; init; } = [];

    /// <summary>Shape and range of the images: those of the samples, or of what the decoder makes of them.</summary>
    public SampleEntry Image => Decoder?.Image ?? Sample;

    /// <summary>The grid of the model's own scheduler, and the factor on the start noise that goes with its own solver; null where the model's files name no scheduler.</summary>
    /// <exception cref="ArgumentException">More steps than the scheduler allows.</exception>
    public (SamplingSchedule Grid, double StartScale)? OwnGrid(int steps) =>
        Defaults.Scheduler is { } own && own.Schedule(steps, Sample.Height * Sample.Width / 4, Defaults.EvenLevels) is var grid ? (grid, own.StartScale(grid)) : null;

    /// <summary>What the model's own pipeline samples with in a number of steps; null where its files do not say, or where it does not fit the network.</summary>
    public Candidate? OwnSampler(int steps)
    {
        try
        {
            return OwnGrid(steps) is var (grid, scale) && new Candidate(Defaults.Scheduler!.Solver, grid.Times.Select(t => new CandidateStep(t)), end: grid.End, startScale: scale) is var own
                && own.Violations(Schedule, 0).Count == 0 ? own : null;
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    /// <summary>The scale that guidance with a given one has: pipelines of diffusers guide only above 1, and draw for the positive prompt alone otherwise.</summary>
    public double GuidanceOf(double scale) => Defaults.Scheduler is not null && !EmbedsGuidance ? Math.Max(1, scale) : scale;

    /// <summary>Whether samples are drawn for prompts.</summary>
    public bool TakesPrompts => Text is not null || EmbeddingsFile is not null || (Denoiser is { ContextInput: not null, ContextFile: null } && Labels?.Table is null);

    /// <summary>Whether the network takes the guidance scale as an input and is called once per step.</summary>
    public bool EmbedsGuidance => Denoiser.Conditions.Keys.Any(c => c is ConditionRole.Guidance or ConditionRole.GuidanceEmbedding);
}

/// <summary>Settings that a model's own pipeline uses unless told otherwise.</summary>
/// <param name="Steps">Number of steps, or null where unknown.</param>
/// <param name="Guidance">Guidance scale, or null where unknown.</param>
/// <param name="Scheduler">The model's own scheduler, or null where unknown.</param>
/// <param name="EvenLevels">Whether the pipeline of a flow model gives the levels 1, 1 - 1/n, ... itself, as Flux does.</param>
public sealed record SamplingDefaults(int? Steps = null, double? Guidance = null, SchedulerConfiguration? Scheduler = null, bool EvenLevels = false);

/// <summary>A network that returns the gradient of log p(y | x_t) with respect to x_t.</summary>
/// <param name="SampleInput">Name of the state input [B, C, H, W].</param>
/// <param name="TimeInput">Name of the time input [B].</param>
/// <param name="LabelInput">Name of the label input [B].</param>
/// <param name="Output">Name of the gradient [B, C, H, W].</param>
public sealed record ClassifierEntry(string File, string SampleInput, string TimeInput, string LabelInput, string Output);

/// <summary>The denoising network and the names of its inputs and output.</summary>
/// <param name="File">ONNX file, relative to the package.</param>
/// <param name="Prediction">What the output means.</param>
/// <param name="SampleInput">Name of the state input [B, C, H, W].</param>
/// <param name="TimeInput">Name of the time input, [B] or scalar.</param>
/// <param name="LabelInput">Name of the label input [B], or null.</param>
/// <param name="ContextInput">Name of the cross-attention input [B, S, D], or null.</param>
/// <param name="ContextFile">NumPy file [P, S, D] of contexts; sample i takes row i modulo P.</param>
/// <param name="Output">Name of the output [B, C, H, W].</param>
public sealed record DenoiserEntry(
    string File, PredictionType Prediction, string SampleInput, string TimeInput, string? LabelInput, string? ContextInput, string? ContextFile, string Output)
{
    /// <summary>Inputs beside state, time, labels and context, by what they are fed.</summary>
    public IReadOnlyDictionary<ConditionRole, string> Conditions { get; init; } = new Dictionary<ConditionRole, string>();

    /// <summary>What times are multiplied by before they enter the network; Flux takes T u / 1000.</summary>
    public double TimeFactor { get; init; } = 1;

    /// <summary>Whether the network takes latents as tokens of 2 x 2 squares, as Flux does.</summary>
    public bool Packed { get; init; }

    /// <summary>Tokens and width of the context input, for measurements without prompts; null where a file supplies it.</summary>
    public (int Tokens, int Width)? ContextShape { get; init; }

    /// <summary>
    /// NumPy file [P, C', h, w] of images whose channels follow the state's in <see cref="SampleInput"/> (super-resolution); sample i takes row i modulo P. Null for none.
    /// </summary>
    public string? ImagesFile { get; init; }

    public int PooledWidth { get; init; }

    public int GuidanceWidth { get; init; } = 256;

    /// <summary>Every input beside state and time.</summary>
    public IEnumerable<string> ConditionInputs => new[] { LabelInput, ContextInput }.OfType<string>().Concat(Conditions.Values);
}

/// <summary>What an input beside state, time, labels and context is fed.</summary>
public enum ConditionRole
{
    /// <summary>Pooled prompt embedding [B, D].</summary>
    Pooled,

    /// <summary>Original size, crop and target size [B, 6] (SDXL's time_ids).</summary>
    SizeIds,

    /// <summary>The guidance scale as a number [B] (Flux dev).</summary>
    Guidance,

    /// <summary>The guidance scale as a sinusoid of 1000 (w - 1) [B, D] (LCM's timestep_cond).</summary>
    GuidanceEmbedding,

    /// <summary>Positions of text tokens [S, 3], all 0 (Flux).</summary>
    TextIds,

    /// <summary>Positions of image tokens [H W / 4, 3] (Flux).</summary>
    ImageIds,
}

/// <summary>Shape and range of one sample.</summary>
/// <param name="Channels">C.</param>
/// <param name="Height">H, in elements.</param>
/// <param name="Width">W, in elements.</param>
/// <param name="Low">Value shown as black.</param>
/// <param name="High">Value shown as white.</param>
/// <param name="Limit">What data predictions are clamped to while sampling, or null.</param>
public sealed record SampleEntry(int Channels, int Height, int Width, double Low, double High, DataLimit? Limit = null)
{
    /// <summary>How values become bytes.</summary>
    public PixelRounding Rounding { get; init; }

    /// <summary>Elements per sample.</summary>
    public int Size => Channels * Height * Width;
}

/// <summary>Class labels.</summary>
/// <param name="Count">Number of classes.</param>
/// <param name="Null">The label that means "no class", or null.</param>
/// <param name="Names">Display names, one per class; may be empty.</param>
public sealed record LabelsEntry(int Count, int? Null, IReadOnlyList<string> Names)
{
    /// <summary>NumPy file [classes, ...] whose rows the context input is fed by label, or null.</summary>
    public string? Table { get; init; }
}

/// <summary>The feature network.</summary>
/// <param name="Input">Name of the image input [B, C, H, W] in the sample's range.</param>
/// <param name="Output">Name of the feature output [B, D].</param>
/// <param name="Logits">Name of the class score output [B, K], or null.</param>
/// <param name="Dimensions">D.</param>
/// <param name="Preprocessing">Tag that two comparable scores must share.</param>
public sealed record FeaturesEntry(string File, string Input, string Output, string? Logits, int Dimensions, string Preprocessing);

/// <summary>The perceptual network: two images in, one distance per pair out.</summary>
/// <param name="First">Name of the first image input.</param>
/// <param name="Second">Name of the second image input.</param>
/// <param name="Output">Name of the distance output [B].</param>
public sealed record PerceptualEntry(string File, string First, string Second, string Output);

/// <summary>Clean samples.</summary>
/// <param name="File">NumPy array [N, C, H, W], bytes or floating point.</param>
public sealed record DataEntry(string File);

/// <summary>Reference statistics.</summary>
/// <param name="File">NumPy archive.</param>
/// <param name="HeldOut">Statistics of images never trained on, or null.</param>
public sealed record ReferenceEntry(string File, StatisticsEntry Training, StatisticsEntry? HeldOut);

/// <summary>One set of statistics in an archive.</summary>
/// <param name="Mean">Key of the mean [D].</param>
/// <param name="Covariance">Key of the covariance [D, D].</param>
/// <param name="Count">Number of images behind it.</param>
public sealed record StatisticsEntry(string Mean, string Covariance, int Count);
