using BatchEval.Core.Json;
using BatchEval.Onnx.Blocks;
using BatchEval.Onnx.Networks;
using BatchEval.Onnx.Packages;
using BatchEval.Onnx.Runtime;

namespace BatchEval.Onnx.Sampling;

/// <summary>A model package opened for sampling: the network source and what the sampling loop must know about the model.</summary>
public sealed class SamplingModel : IDisposable
{
    /// <summary>Puts a model together.</summary>
    public SamplingModel(ModelPackage package, INetworkSource networks, ContextBank? contexts = null) =>
        (Package, Networks, Contexts) = (package, networks, contexts);

    /// <summary>The package.</summary>
    public ModelPackage Package { get; }

    /// <summary>The manifest.</summary>
    public ModelManifest Manifest => Package.Manifest;

    /// <summary>Gives networks by dropped blocks.</summary>
    public INetworkSource Networks { get; }

    /// <summary>Contexts for cross-attention, or null.</summary>
    public ContextBank? Contexts { get; }

    /// <summary>Opens a package's denoiser with its blocks.</summary>
    /// <param name="package">The package.</param>
    /// <param name="device">Where networks run.</param>
    /// <param name="execution">How networks without some blocks are executed.</param>
    /// <exception cref="ProblemException">The package's files do not fit together.</exception>
    public static SamplingModel Open(ModelPackage package, DeviceOptions device, BlockExecution execution = BlockExecution.Gated)
    {
        ArgumentNullException.ThrowIfNull(package);
        var entry = package.Manifest.Denoiser;
        return new SamplingModel(package, BlockNetworks.Open(package.PathOf(entry.File), package.Manifest, device, execution), ContextBank.Of(package));
    }

    /// <inheritdoc/>
    public void Dispose() => Networks.Dispose();
}
