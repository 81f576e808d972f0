using BatchEval.Core.Json;
using BatchEval.Core.Sampling;
using BatchEval.Onnx.Blocks;
using BatchEval.Onnx.Decoding;
using BatchEval.Onnx.Guidance;
using BatchEval.Onnx.Networks;
using BatchEval.Onnx.Packages;
using BatchEval.Onnx.Runtime;
using BatchEval.Onnx.Text;

namespace BatchEval.Onnx.Sampling;

/// <summary>A model package opened for sampling: the network source and what the sampling loop must know about the model.</summary>
public sealed class SamplingModel : IDisposable
{
    /// <summary>Puts a model together.</summary>
    public SamplingModel(ModelPackage package, INetworkSource networks, Conditioning? conditioning = null, ClassifierGradient? classifier = null, DeviceOptions? device = null) =>
        (Package, Networks, Conditioning, Classifier, Decoder) = (package, networks, conditioning ?? Conditioning.None, classifier, new(() => new LatentDecoder(package, device ?? new DeviceOptions())));

    /// <summary>The package.</summary>
    public ModelPackage Package { get; }

    private Lazy<LatentDecoder> Decoder { get; }

    /// <summary>The manifest.</summary>
    public ModelManifest Manifest => Package.Manifest;

    /// <summary>Gives networks by dropped blocks.</summary>
    public INetworkSource Networks { get; }

    /// <summary>What the network is fed beside state and time.</summary>
    public Conditioning Conditioning { get; }

    /// <summary>Gradient of a classifier, or null.</summary>
    public ClassifierGradient? Classifier { get; }

    /// <summary>Opens a package's denoiser with its blocks.</summary>
    /// <param name="package">The package.</param>
    /// <param name="device">Where networks run.</param>
    /// <param name="execution">How networks without some blocks are executed.</param>
    /// <param name="prompts">Encoded prompts in place of those that the package names, or null.</param>
    /// <exception cref="ProblemException">The package's files do not fit together.</exception>
    public static SamplingModel Open(ModelPackage package, DeviceOptions device, BlockExecution execution = BlockExecution.Gated, PromptEmbeddings? prompts = null)
    {
        ArgumentNullException.ThrowIfNull(package);
        MemoryPlan.Of(package).Require();
        var manifest = package.Manifest;
        // Text encoders are closed again before the denoiser is opened.
        var embeddings = manifest.TakesPrompts ? prompts ?? PromptsOf(package, device) : null;
        var networks = BlockNetworks.Open(package.PathOf(manifest.Denoiser.File), manifest, device, execution);
        return new SamplingModel(
            Told(package, networks.Without([]).TimeInput), networks, Conditioning.Of(package).With(embeddings?.Sources(manifest.Denoiser) ?? []),
            manifest.Classifier is { } classifier ? new ClassifierGradient(package.PathOf(classifier.File), classifier, manifest.Sample, device) : null, device);
    }

    /// <summary>Images of finished samples, in the range of <see cref="ModelManifest.Image"/>: the states themselves, or what the decoder makes of them.</summary>
    public float[][] Images(IReadOnlyList<float[]> states)
    {
        ArgumentNullException.ThrowIfNull(states);
        return Manifest.Decoder is null ? [.. states] : Decoder.Value.Decode(states);
    }

    // What the package says itself: a file of embeddings, or prompts to encode.
    private static PromptEmbeddings PromptsOf(ModelPackage package, DeviceOptions device)
    {
        var manifest = package.Manifest;
        return manifest.EmbeddingsFile is { } file ? PromptEmbeddings.Read(package.PathOf(file))
            : manifest.Text is null ? throw new ProblemException($"The model '{manifest.Name}' takes encoded prompts ('{manifest.Denoiser.ContextInput}') and has no text encoder that can be read; give precomputed embeddings (docs/models.md).")
            : manifest.PromptFile is { } prompts ? new PromptEncoder(package, device).Encode(PromptFile.Read(package.PathOf(prompts)))
            : throw new ProblemException($"The model '{manifest.Name}' draws images for prompts, and none is given: name a file of prompts as \"prompts\" in {ModelPackage.CompanionFile} beside {ModelPackage.IndexFile}, or, where a command takes it, give --prompt.");
    }

    // The network itself says which times it can be told.
    private static ModelPackage Told(ModelPackage package, TimeInput input) => package.Manifest.Schedule.TimeInput == input
        ? package
        : package with { Manifest = package.Manifest with { Schedule = package.Manifest.Schedule.For(input) } };

    /// <inheritdoc/>
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
