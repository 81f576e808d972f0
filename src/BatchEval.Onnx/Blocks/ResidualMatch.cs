using BatchEval.Onnx.Graph;
using BatchEval.Onnx.Graph.Proto;
using BatchEval.Onnx.Networks;

namespace BatchEval.Onnx.Blocks;

/// <summary>An addition that joins a shortcut and a branch.</summary>
/// <param name="Addition">Position of the Add node.</param>
/// <param name="Replacement">The shortcut's value at the addition.</param>
/// <param name="Path">Nodes through which the data flows from the fork to the addition, as marks by position.</param>
internal sealed record ResidualMatch(int Addition, string Replacement, ShortcutKind Shortcut, IReadOnlySet<int> Path)
{
    /// <summary>Tests an addition both ways round.</summary>
    /// <param name="addition">Position of an Add node.</param>
    /// <param name="earlier">Additions that matched before this one.</param>
    public static ResidualMatch? Find(GraphIndex index, int addition, IReadOnlySet<int> earlier)
    {
        var input = index.Nodes[addition].Input;
        return input.Count != 2 || input[0] == input[1] || input.Any(index.IsConstant) ? null
            : Find(index, addition, input[0], input[1], earlier) ?? Find(index, addition, input[1], input[0], earlier);
    }

    private static ResidualMatch? Find(GraphIndex index, int addition, string shortcut, string branch, IReadOnlySet<int> earlier)
    {
        var (value, resamples, pointwise) = (shortcut, false, false);
        while (true)
        {
            if (PathBetween(index, value, branch) is { } path)
            {
                var kind = (resamples, pointwise) switch
                {
                    (true, true) => ShortcutKind.ResampleConv1x1,
                    (true, false) => ShortcutKind.Resample,
                    (false, true) => ShortcutKind.Conv1x1,
                    _ => ShortcutKind.Identity,
                };
                return IsBranch(index, path, resamples) && !EndsInBlock(index, branch, earlier) ? new ResidualMatch(addition, shortcut, kind, path) : null;
            }

            // Not forked here: look behind the shortcut's own operators.
            if (index.Producer(value) is not (>= 0 and var producer))
            {
                return null;
            }

            var node = index.Nodes[producer];
            var isPointwise = !pointwise && Operators.IsPointwise(node, index);
            if (!isPointwise && !Operators.IsShortcut(node))
            {
                return null;
            }

            (value, resamples, pointwise) = (node.Input[0], resamples || Operators.IsResampling(node), pointwise || isPointwise);
        }
    }

    // Nodes that depend on the fork and that the branch depends on; what only reads a shape does not count. Null if there are none.
    private static HashSet<int>? PathBetween(GraphIndex index, string fork, string branch)
    {
        var (first, last) = (index.Producer(fork), index.Producer(branch));
        if (last <= first)
        {
            return null;
        }

        var readers = index.Readers(fork).ToHashSet();
        var reached = new HashSet<int>();
        for (var node = first + 1; node <= last; node++)
        {
            if (index.Nodes[node].OpType is not ("Shape" or "Size") && (readers.Contains(node) || index.Sources(node).Any(reached.Contains)))
            {
                reached.Add(node);
            }
        }

        return reached.Contains(last) ? Ancestors(index, last, reached) : null;
    }

    private static HashSet<int> Ancestors(GraphIndex index, int node, HashSet<int> within)
    {
        var found = new HashSet<int> { node };
        var open = new Stack<int>(found);
        while (open.TryPop(out var next))
        {
            foreach (var producer in index.Sources(next))
            {
                if (within.Contains(producer) && found.Add(producer))
                {
                    open.Push(producer);
                }
            }
        }

        return found;
    }

    // A branch normalises and mixes. One that changes resolution and back while its shortcut does not is a whole network beneath a long skip.
    private static bool IsBranch(GraphIndex index, HashSet<int> path, bool shortcutResamples)
    {
        var nodes = path.Select(n => index.Nodes[n]).ToList();
        bool Has(Func<NodeProto, bool> test) => nodes.Any(test);
        var normalises = Has(Operators.IsNormalisation) || (Has(n => n.OpType == "ReduceMean") && Has(n => n.OpType is "Sqrt" or "Reciprocal" or "Pow"));
        return normalises && Has(Operators.IsMixing) && (shortcutResamples || !Has(Operators.IsResampling));
    }

    // A long skip joins something that another block has finished; a block's own branch ends in work of its own.
    private static bool EndsInBlock(GraphIndex index, string branch, IReadOnlySet<int> earlier)
    {
        for (var producer = index.Producer(branch); producer >= 0; producer = index.Producer(index.Nodes[producer].Input[0]))
        {
            var node = index.Nodes[producer];
            if (earlier.Contains(producer))
            {
                return true;
            }

            if (!Operators.IsForm(node) && !(node.OpType is "Div" or "Mul" && index.IsConstant(node.Input[1])))
            {
                return false;
            }
        }

        return false;
    }
}
