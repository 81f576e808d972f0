using BatchEval.Onnx.Graph;

namespace BatchEval.Onnx.Blocks;

/// <summary>Finds readable names for blocks: the module path that exporters leave in node names, or else in the names of weights.</summary>
internal static class BlockNames
{
    /// <summary>A name for an addition and the weights of its branch, or an empty text.</summary>
    public static string Of(GraphIndex index, int addition, IReadOnlyList<string> weights)
    {
        var scope = Scope(index.Nodes[addition].Name);
        return scope.Length > 0 ? scope : CommonModule(weights.Where(w => !w.Contains("::", StringComparison.Ordinal)));
    }

    /// <summary>Makes names distinct.</summary>
    public static string[] Distinct(IReadOnlyList<(string Name, string Kind)> blocks)
    {
        var names = blocks.Select((b, i) => b.Name.Length > 0 ? b.Name : $"block{i}").ToArray();
        names = [.. names.Select((n, i) => names.Count(o => o == n) > 1 ? $"{n}.{blocks[i].Kind}" : n)];
        return [.. names.Select((n, i) => names.Take(i).Count(o => o == n) is > 0 and var before ? $"{n}.{before}" : n)];
    }

    // "/input_blocks.1/input_blocks.1.0/Add_3" is module "input_blocks.1.0"; "/mid_block/resnets.0/Add" is "mid_block.resnets.0".
    private static string Scope(string node)
    {
        var path = new List<string>();
        foreach (var part in node.Split('/', StringSplitOptions.RemoveEmptyEntries).SkipLast(1))
        {
            if (path.Count > 0 && part.StartsWith(path[^1] + ".", StringComparison.Ordinal))
            {
                path[^1] = part;
            }
            else
            {
                path.Add(part);
            }
        }

        return string.Join('.', path);
    }

    private static string CommonModule(IEnumerable<string> weights)
    {
        string[]? common = null;
        foreach (var path in weights.Select(w => w.Split('.')))
        {
            common = common is null ? path[..^1] : [.. common.Zip(path).TakeWhile(p => p.First == p.Second).Select(p => p.First)];
        }

        return string.Join('.', common ?? []);
    }
}
