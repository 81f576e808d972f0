using BatchEval.Core.Json;
using BatchEval.Onnx.Blocks;
using BatchEval.Onnx.Guidance;
using BatchEval.Onnx.Networks;
using BatchEval.Onnx.Packages;
using BatchEval.Onnx.Runtime;

namespace BatchEval.Onnx.Sampling;

/// <summary>A model package opened for sampling: the network source and what the sampling loop must know about the model.</summary>
public sealed class SamplingModel : IDisposable
{
    /// <summary>Puts a model together.</summary>
    public SamplingModel(ModelPackage package, INetworkSource networks, Conditioning? conditioning = null, ClassifierGradient? classifier = null) =>
        (Package, Networks, Conditioning, Classifier) = (package, networks, conditioning ?? Conditioning.None, classifier);

    /// <summary>The package.</summary>
    public ModelPackage Package { get; }

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
    /// <exception cref="ProblemException">The package's files do not fit together.</exception>
    public static SamplingModel Open(ModelPackage package, DeviceOptions device, BlockExecution execution = BlockExecution.Gated)
    {
        ArgumentNullException.ThrowIfNull(package);
        var manifest = package.Manifest;
        var networks = BlockNetworks.Open(package.PathOf(manifest.Denoiser.File), manifest, device, execution);
        return new SamplingModel(
            package, networks, Conditioning.Of(package),
            manifest.Classifier is { } classifier ? new ClassifierGradient(package.PathOf(classifier.File), classifier, manifest.Sample, device) : null);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Networks.Dispose();
        Classifier?.Dispose();
    }
}
