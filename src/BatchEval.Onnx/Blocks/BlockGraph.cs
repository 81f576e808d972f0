using BatchEval.Onnx.Graph;
using BatchEval.Onnx.Networks;

namespace BatchEval.Onnx.Blocks;

/// <summary>A network's graph and the blocks in it.</summary>
/// <param name="Blocks">Blocks in order of execution; may be empty.</param>
public sealed record BlockGraph(OnnxModel Model, GraphIndex Index, IReadOnlyList<Block> Blocks)
{
    /// <summary>Checks a set of blocks to drop and puts it in order.</summary>
    /// <exception cref="ProblemException">An id that does not exist.</exception>
    public IReadOnlyList<Block> Select(IEnumerable<int> drop)
    {
        int[] ids = [.. new SortedSet<int>(drop)];
        var unknown = Array.FindAll(ids, id => id < 0 || id >= Blocks.Count);
        return unknown.Length == 0 ? [.. ids.Select(id => Blocks[id])]
            : Blocks.Count == 0 ? throw new ProblemException($"Block {unknown[0]} cannot be dropped: no droppable blocks were found in {Model.FileName}.")
            : throw new ProblemException($"{Model.FileName} has no block {string.Join(", ", unknown)}; it has blocks 0 to {Blocks.Count - 1}.");
    }
}
