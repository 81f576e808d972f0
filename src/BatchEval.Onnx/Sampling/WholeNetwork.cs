namespace BatchEval.Onnx.Sampling;

/// <summary>A network none of whose blocks can be dropped.</summary>
/// <param name="network">The network; owned from here on.</param>
public sealed class WholeNetwork(DenoiserNetwork network) : INetworkSource
{
    /// <inheritdoc/>
    public int Blocks => 0;

    /// <inheritdoc/>
    public DenoiserNetwork Without(IReadOnlyList<int> drop)
    {
        ArgumentNullException.ThrowIfNull(drop);
        return drop.Count == 0 ? network : throw new ArgumentException($"Block {drop[0]} cannot be dropped: this model was opened without its blocks.", nameof(drop));
    }

    /// <inheritdoc/>
    public void Dispose() => network.Dispose();
}
