namespace BatchEval.Onnx.Networks;

/// <summary>A network none of whose blocks can be dropped.</summary>
/// <param name="network">The network; owned from here on.</param>
/// <param name="reason">Why not, as a sentence; null when it was not asked for.</param>
public sealed class WholeNetwork(DenoiserNetwork network, string? reason = null) : INetworkSource
{
    public int Blocks => 0;

    /// <exception cref="ProblemException">Some block was to be dropped.</exception>
    public DenoiserNetwork Without(IReadOnlyList<int> drop) =>
        drop.Count == 0 ? network : throw new ProblemException($"Block {drop[0]} cannot be dropped: {reason ?? "this model was opened without its blocks."}");

    public void Dispose() => network.Dispose();
}
