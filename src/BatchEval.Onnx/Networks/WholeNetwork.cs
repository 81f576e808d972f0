using BatchEval.Core.Json;

namespace BatchEval.Onnx.Networks;

/// <summary>A network none of whose blocks can be dropped.</summary>
/// <param name="network">The network; owned from here on.</param>
/// <param name="reason">Why not, as a sentence; null when it was not asked for.</param>
public sealed class WholeNetwork(DenoiserNetwork network, string? reason = null) : INetworkSource
{
    /// <inheritdoc/>
    public int Blocks => 0;

    /// <inheritdoc/>
    /// <exception cref="ProblemException">Some block was to be dropped.</exception>
    public DenoiserNetwork Without(IReadOnlyList<int> drop)
    {
        ArgumentNullException.ThrowIfNull(drop);
        return drop.Count == 0 ? network : throw new ProblemException($"Block {drop[0]} cannot be dropped: {reason ?? "this model was opened without its blocks."}");
    }

    /// <inheritdoc/>
    public void Dispose() => network.Dispose();
}
