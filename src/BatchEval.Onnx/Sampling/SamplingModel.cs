using BatchEval.Onnx.Blocks;
using BatchEval.Onnx.Decoding;
using BatchEval.Onnx.Guidance;
using BatchEval.Onnx.Networks;
using BatchEval.Onnx.Text;

namespace BatchEval.Onnx.Sampling;

/// <summary>A model package opened for sampling: the network source and what the sampling loop must know about the model.</summary>
public sealed class SamplingModel : IDisposable
{
    private readonly Lazy<EncodedPrompts?> prompts = new((EncodedPrompts?)null);
    private readonly Conditioning fixedInputs;

    // Of what is free; the rest is for what follows the network.
    private const double Share = 0.8;

    /// <summary>Puts a model together.</summary>
    public SamplingModel(ModelPackage package, INetworkSource networks, Conditioning? conditioning = null, ClassifierGradient? classifier = null, DeviceOptions? device = null) =>
        (Package, Networks, fixedInputs, Classifier, Steps, Decoder) =
            (package, networks, conditioning ?? Conditioning.None, classifier, new(device ?? new DeviceOptions()), new(() => new LatentDecoder(package, device ?? new DeviceOptions())));

    private SamplingModel(SamplingModel of, Lazy<EncodedPrompts?> prompts) =>
        (Package, Networks, fixedInputs, Classifier, Steps, Decoder, RowBytes, this.prompts) = (of.Package, of.Networks, of.fixedInputs, of.Classifier, of.Steps, of.Decoder, of.RowBytes, prompts);

    /// <summary>Memory that a sample in a network call took beside the weights, as the first calls showed; 0 where that was too little to see.</summary>
    public long RowBytes { get; private init; }

    public ModelPackage Package { get; }

    /// <summary>Solver steps on the device, for <see cref="SamplingLoop.Device"/>.</summary>
    internal StepSessions Steps { get; }

    private Lazy<LatentDecoder> Decoder { get; }

    public ModelManifest Manifest => Package.Manifest;

    /// <summary>Gives networks by dropped blocks.</summary>
    public INetworkSource Networks { get; }

    /// <summary>What the network is fed beside state and time; zeros in place of prompts where none are given.</summary>
    public Conditioning Conditioning => fixedInputs.With(prompts.Value?.Sources(Manifest.Denoiser) ?? []);

    /// <summary>What samples are drawn with.</summary>
    /// <exception cref="ProblemException">The model draws images for prompts, and there are none.</exception>
    public Conditioning Required() => !Manifest.TakesPrompts || prompts.Value is not null ? Conditioning
        : throw new ProblemException(Manifest.Text is null
            ? $"The model '{Manifest.Name}' takes encoded prompts ('{Manifest.Denoiser.ContextInput}') and has no text encoder that can be read; give precomputed embeddings (docs/models.md)."
            : $"The model '{Manifest.Name}' draws images for prompts, and none is given: name a file of prompts as \"prompts\" in {ModelPackage.CompanionFile} beside {ModelPackage.IndexFile}, or, where a command takes it, give --prompt.");

    /// <summary>The same model, with its networks, for other prompts; needs no disposal.</summary>
    public SamplingModel For(EncodedPrompts others) => new(this, new(others));

    public ClassifierGradient? Classifier { get; }

    /// <summary>How many samples a network call may hold, so that calls fit into the memory that is free now.</summary>
    /// <param name="asked">What was asked for.</param>
    /// <param name="calls">Calls that may run side by side.</param>
    public int BatchOf(int asked, DeviceOptions device, int calls = 1) => BatchOf(RowBytes, asked, DeviceMemory.FreeBytes(device), calls);

    internal static int BatchOf(long rowBytes, int asked, long? free, int calls) =>
        rowBytes > 0 && free is { } bytes ? (int)Math.Clamp(Share * bytes / rowBytes / calls, 1, asked) : asked;

    /// <summary>Opens a package's denoiser with its blocks.</summary>
    /// <param name="execution">How networks without some blocks are executed.</param>
    /// <param name="prompts">Encoded prompts in place of those that the package names, or null.</param>
    /// <exception cref="ProblemException">The package's files do not fit together, or the network's output is plainly another than the manifest says.</exception>
    public static SamplingModel Open(ModelPackage package, DeviceOptions device, BlockExecution execution = BlockExecution.Gated, EncodedPrompts? prompts = null)
    {
        MemoryPlan.Of(package, device).Require();
        var manifest = package.Manifest;
        using var parts = new OpenParts();
        var networks = parts.Add(BlockNetworks.Open(package.PathOf(manifest.Denoiser.File), manifest, device, execution));
        var (conditioning, before) = (Conditioning.Of(package), DeviceMemory.UsedBytes(device));
        if (OutputEvidence.Contradiction(manifest, networks.Without([]), conditioning) is { } wrong)
        {
            throw new ProblemException($"The model '{manifest.Name}' is not what its description says: {wrong}");
        }

        var classifier = manifest.Classifier is { } entry ? new ClassifierGradient(package.PathOf(entry.File), entry, manifest.Sample, device) : null;
        parts.Keep();
        var opened = new SamplingModel(package, networks, conditioning, classifier, device)
        {
            RowBytes = Math.Max(0, (DeviceMemory.UsedBytes(device) - before) / (networks.Without([]).FixedBatch ?? OutputEvidence.Rows) ?? 0),
        };
        // The package's own prompts are encoded when they are first asked for: a run brings its own.
        return manifest.TakesPrompts ? new SamplingModel(opened, prompts is not null ? new(prompts) : new(() => PromptsOf(package, device))) : opened;
    }

    /// <summary>Images of finished samples, in the range of <see cref="ModelManifest.Image"/>: the states themselves, or what the decoder makes of them.</summary>
    public float[][] Images(IReadOnlyList<float[]> states) => Manifest.Decoder is null ? [.. states] : Decoder.Value.Decode(states);

    // What the package says itself: a file of embeddings, or prompts to encode.
    private static EncodedPrompts? PromptsOf(ModelPackage package, DeviceOptions device) => package.Manifest switch
    {
        { EmbeddingsFile: { } file } => new(PromptEmbeddings.Read(package.PathOf(file))),
        { PromptFile: { } file, Text: not null } => new(new PromptEncoder(package, device).Encode(PromptFile.Read(package.PathOf(file)))),
        _ => null,
    };

    public void Dispose()
    {
        Networks.Dispose();
        Steps.Dispose();
        Classifier?.Dispose();
        if (Decoder.IsValueCreated)
        {
            Decoder.Value.Dispose();
        }
    }
}
