using BatchEval.Core.Sampling;
using BatchEval.Onnx.Blocks;
using BatchEval.Onnx.Decoding;
using BatchEval.Onnx.Guidance;
using BatchEval.Onnx.Networks;
using BatchEval.Onnx.Text;

namespace BatchEval.Onnx.Sampling;

/// <summary>A model package opened for sampling: the network source and what the sampling loop must know about the model.</summary>
public sealed class SamplingModel : IDisposable
{
    private readonly Lazy<PromptEmbeddings?> prompts = new((PromptEmbeddings?)null);
    private readonly Conditioning fixedInputs;

    /// <summary>Puts a model together.</summary>
    public SamplingModel(ModelPackage package, INetworkSource networks, Conditioning? conditioning = null, ClassifierGradient? classifier = null, DeviceOptions? device = null) =>
        (Package, Networks, fixedInputs, Classifier, Decoder) = (package, networks, conditioning ?? Conditioning.None, classifier, new(() => new LatentDecoder(package, device ?? new DeviceOptions())));

    private SamplingModel(SamplingModel of, Lazy<PromptEmbeddings?> prompts) =>
        (Package, Networks, fixedInputs, Classifier, Decoder, this.prompts) = (of.Package, of.Networks, of.fixedInputs, of.Classifier, of.Decoder, prompts);

    public ModelPackage Package { get; }

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
    public SamplingModel For(PromptEmbeddings embeddings) => new(this, new(embeddings));

    public ClassifierGradient? Classifier { get; }

    /// <summary>Opens a package's denoiser with its blocks.</summary>
    /// <param name="execution">How networks without some blocks are executed.</param>
    /// <param name="prompts">Encoded prompts in place of those that the package names, or null.</param>
    /// <exception cref="ProblemException">The package's files do not fit together, or the network's output is plainly another than the manifest says.</exception>
    public static SamplingModel Open(ModelPackage package, DeviceOptions device, BlockExecution execution = BlockExecution.Gated, PromptEmbeddings? prompts = null)
    {
        MemoryPlan.Of(package).Require();
        var manifest = package.Manifest;
        var networks = BlockNetworks.Open(package.PathOf(manifest.Denoiser.File), manifest, device, execution);
        try
        {
            var told = Told(package, networks.Without([]).TimeInput);
            var conditioning = Conditioning.Of(package);
            if (OutputEvidence.Contradiction(told.Manifest, networks.Without([]), conditioning) is { } wrong)
            {
                throw new ProblemException($"The model '{manifest.Name}' is not what its description says: {wrong}");
            }

            var opened = new SamplingModel(
                told, networks, conditioning,
                manifest.Classifier is { } classifier ? new ClassifierGradient(package.PathOf(classifier.File), classifier, manifest.Sample, device) : null, device);
            // The package's own prompts are encoded when they are first asked for: a run brings its own.
            return manifest.TakesPrompts ? new SamplingModel(opened, prompts is not null ? new(prompts) : new(() => PromptsOf(package, device))) : opened;
        }
        catch
        {
            networks.Dispose();
            throw;
        }
    }

    /// <summary>Images of finished samples, in the range of <see cref="ModelManifest.Image"/>: the states themselves, or what the decoder makes of them.</summary>
    public float[][] Images(IReadOnlyList<float[]> states) => Manifest.Decoder is null ? [.. states] : Decoder.Value.Decode(states);

    // What the package says itself: a file of embeddings, or prompts to encode.
    private static PromptEmbeddings? PromptsOf(ModelPackage package, DeviceOptions device) => package.Manifest switch
    {
        { EmbeddingsFile: { } file } => PromptEmbeddings.Read(package.PathOf(file)),
        { PromptFile: { } file, Text: not null } => new PromptEncoder(package, device).Encode(PromptFile.Read(package.PathOf(file))),
        _ => null,
    };

    // The network itself says which times it can be told.
    private static ModelPackage Told(ModelPackage package, TimeInput input) => package.Manifest.Schedule.TimeInput == input
        ? package
        : package with { Manifest = package.Manifest with { Schedule = package.Manifest.Schedule.For(input) } };

    public void Dispose()
    {
        Networks.Dispose();
        Classifier?.Dispose();
        if (Decoder.IsValueCreated)
        {
            Decoder.Value.Dispose();
        }
    }
}
