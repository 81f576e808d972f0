using BatchEval.Onnx.Blocks;
using BatchEval.Onnx.Graph;
using BatchEval.Onnx.Networks;
using Microsoft.ML.OnnxRuntime;

namespace BatchEval.Onnx.Benchmarks;

/// <summary>A package's network, plain or behind gates that are all open, together with its session.</summary>
internal sealed class OpenedNetwork : IDisposable
{
    private readonly DenoiserNetwork owner;

    private OpenedNetwork(InferenceSession session, DenoiserNetwork owner, DenoiserNetwork network) => (Session, this.owner, Network) = (session, owner, network);

    public InferenceSession Session { get; }

    public DenoiserNetwork Network { get; }

    /// <exception cref="ProblemException">The network cannot be loaded, or gates were asked for and it has no blocks.</exception>
    public static OpenedNetwork Open(ModelPackage package, DeviceOptions device, bool gated, Action<SessionOptions>? configure = null)
    {
        var manifest = package.Manifest;
        var path = package.PathOf(manifest.Denoiser.File);
        if (!gated)
        {
            var plain = SessionLoader.Open(path, device, configure);
            var network = new DenoiserNetwork(plain, manifest, manifest.Denoiser.File);
            return new OpenedNetwork(plain, network, network);
        }

        var graph = BlockDiscovery.Find(OnnxModel.Open(path));
        if (graph.Blocks.Count == 0)
        {
            throw new ProblemException($"No droppable blocks were found in {manifest.Denoiser.File}, so there is nothing to put behind gates.");
        }

        var (model, input) = GatedGraph.Build(graph);
        var session = GraphSession.Open(model, graph.Model, device, configure: configure);
        var owner = new DenoiserNetwork(session, manifest, manifest.Denoiser.File, input);
        return new OpenedNetwork(session, owner, owner.Gated([.. graph.Blocks.Select(_ => true)]));
    }

    public void Dispose() => owner.Dispose();
}
