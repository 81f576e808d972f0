namespace BatchEval.Onnx.Networks;

public enum BlockKind
{
    Residual,

    Attention,

    /// <summary>Several residual parts inside one.</summary>
    Transformer,

    /// <summary>Matrix products without attention.</summary>
    FeedForward,
}

/// <summary>What stays when a block is dropped.</summary>
public enum ShortcutKind
{
    /// <summary>The block's input as it is, at most reshaped.</summary>
    Identity,

    /// <summary>A 1x1 convolution.</summary>
    Conv1x1,

    /// <summary>A change of resolution.</summary>
    Resample,

    /// <summary>A change of resolution and a 1x1 convolution.</summary>
    ResampleConv1x1,
}

/// <summary>A part of a network that can be left out: <c>y = shortcut(x) + branch(x)</c> becomes <c>y = shortcut(x)</c>.</summary>
/// <param name="Id">Number in order of execution, from 0.</param>
/// <param name="Name">Module path, from the graph's names.</param>
/// <param name="Output">The value that the block makes.</param>
/// <param name="Replacement">The value that is read in its place when the block is dropped.</param>
/// <param name="Nodes">Positions of the nodes that nothing needs once the block is dropped, ascending.</param>
/// <param name="Weights">Names of the weights that only those nodes read.</param>
/// <param name="Parameters">Floating-point numbers in those weights.</param>
public sealed record Block(
    int Id, string Name, BlockKind Kind, ShortcutKind Shortcut, string Output, string Replacement,
    IReadOnlyList<int> Nodes, IReadOnlyList<string> Weights, long Parameters)
{
    /// <summary>
    /// Ids of blocks that nothing needs without this one, as those of a stream that ends in it; their nodes and weights are their own and no part of this block's.
    /// </summary>
    public IReadOnlyList<int> Within { get; init; } = [];

    /// <summary>The kind in the words of reports.</summary>
    public string KindName => Kind switch
    {
        BlockKind.Attention => "attention",
        BlockKind.Transformer => "transformer",
        BlockKind.FeedForward => "feed-forward",
        _ => "residual",
    };

    /// <summary>The shortcut in the words of reports.</summary>
    public string ShortcutName => Shortcut switch
    {
        ShortcutKind.Conv1x1 => "conv1x1",
        ShortcutKind.Resample => "resample",
        ShortcutKind.ResampleConv1x1 => "resample+conv1x1",
        _ => "identity",
    };
}
