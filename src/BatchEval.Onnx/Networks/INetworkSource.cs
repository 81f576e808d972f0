namespace BatchEval.Onnx.Networks;

/// <summary>Gives the network in which a set of blocks does not exist.</summary>
public interface INetworkSource : IDisposable
{
    /// <summary>Number of droppable blocks.</summary>
    int Blocks { get; }

    /// <summary>The network without the given blocks.</summary>
    /// <param name="drop">Block ids, ascending and distinct; empty for the whole network.</param>
    DenoiserNetwork Without(IReadOnlyList<int> drop);
}
