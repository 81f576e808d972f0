using BatchEval.Core.Search.Costs;
using BatchEval.Onnx.Blocks;
using BatchEval.Onnx.Graph;
using BatchEval.Onnx.Networks;
using BatchEval.Onnx.Runtime;

namespace BatchEval.Cli.Models;

/// <summary>A model package whose denoiser's graph is taken apart.</summary>
/// <param name="Conditioning">What the network is fed beside state and time.</param>
internal sealed record InspectedModel(ModelManifest Manifest, BlockGraph Graph, NetworkProfile Profile, Conditioning Conditioning)
{
    /// <summary>Opens a package.</summary>
    /// <exception cref="ProblemException">The package is wrong, or its network's operator set is not supported.</exception>
    public static InspectedModel Open(string directory)
    {
        var package = ModelPackage.Open(directory);
        var graph = BlockDiscovery.Find(OnnxModel.Open(package.PathOf(package.Manifest.Denoiser.File)));
        var conditioning = Conditioning.Of(package);
        return new InspectedModel(package.Manifest, graph, NetworkProfile.Of(graph, package.Manifest, conditioning), conditioning);
    }

    /// <summary>Measures milliseconds.</summary>
    public CostModel Measure(DeviceOptions device, int batch) => CostMeasurement.Measure(Graph, Profile, Manifest, Conditioning, device, new CostMeasurementOptions(batch));

    /// <summary>Times ways of dropping blocks.</summary>
    /// <exception cref="ProblemException">There are no blocks.</exception>
    public IReadOnlyList<ExecutionTiming> Compare(DeviceOptions device, int batch, int rounds) => Graph.Blocks.Count > 0
        ? ExecutionComparison.Run(Graph, Profile, Manifest, Conditioning, device, batch, rounds)
        : throw new ProblemException($"No droppable blocks were found in {Graph.Model.FileName}; there is nothing to compare.");
}
