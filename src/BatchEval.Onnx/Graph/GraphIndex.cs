using BatchEval.Onnx.Graph.Proto;

namespace BatchEval.Onnx.Graph;

/// <summary>Who makes and who reads each value of a graph. Nodes are known by their position, which is a topological order.</summary>
public sealed class GraphIndex
{
    private readonly Dictionary<string, int> producers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, TensorProto> initializers;
    private readonly Dictionary<string, List<int>> readers = new(StringComparer.Ordinal);
    private readonly string[][] inputs;
    private readonly int[][] sources;
    private readonly bool[] constant;

    public GraphIndex(GraphProto graph)
    {
        Graph = graph;
        initializers = graph.Initializer.ToDictionary(t => t.Name, StringComparer.Ordinal);
        inputs = [.. graph.Node.Select(n => Reads(n).Distinct(StringComparer.Ordinal).ToArray())];
        sources = new int[inputs.Length][];
        constant = new bool[inputs.Length];
        var overridable = graph.Input.Select(i => i.Name).ToHashSet(StringComparer.Ordinal);
        for (var i = 0; i < graph.Node.Count; i++)
        {
            foreach (var output in graph.Node[i].Output.Where(o => o.Length > 0))
            {
                producers[output] = i;
            }

            Connect(i);
            constant[i] = graph.Node[i].OpType == "Constant"
                || (inputs[i].Length > 0 && !graph.Node[i].OpType.StartsWith("Random", StringComparison.Ordinal)
                    && inputs[i].All(v => !overridable.Contains(v) && IsConstant(v)));
        }
    }

    public GraphProto Graph { get; }

    public IReadOnlyList<NodeProto> Nodes => Graph.Node;

    /// <summary>The node that makes a value, or -1 for inputs and weights.</summary>
    public int Producer(string value) => producers.GetValueOrDefault(value, -1);

    /// <summary>Values that a node reads, those that its subgraphs take from outside included.</summary>
    public IReadOnlyList<string> Inputs(int node) => inputs[node];

    public TensorProto? Initializer(string value) => initializers.GetValueOrDefault(value);

    /// <summary>True for a value that no input can change.</summary>
    public bool IsConstant(string value) => Producer(value) is >= 0 and var node ? constant[node] : initializers.ContainsKey(value);

    /// <summary>The tensor behind a constant value: a weight or Constant node, looked up through casts and the like; or null.</summary>
    public TensorProto? ConstantTensor(string value)
    {
        while (true)
        {
            var node = Producer(value);
            if (node < 0)
            {
                return Initializer(value);
            }

            if (Nodes[node].OpType == "Constant")
            {
                return Nodes[node].Attribute.FirstOrDefault(a => a.Name == "value")?.T;
            }

            if (Nodes[node].OpType is not ("Cast" or "Identity" or "DequantizeLinear"))
            {
                return null;
            }

            value = Nodes[node].Input[0];
        }
    }

    /// <summary>The nodes that make a node's inputs.</summary>
    public IReadOnlyList<int> Sources(int node) => sources[node];

    /// <summary>The nodes that read a value, ascending.</summary>
    public IReadOnlyList<int> Readers(string value) => readers.GetValueOrDefault(value) ?? [];

    /// <summary>Which nodes the outputs need.</summary>
    /// <param name="replaced">Values read in place of others, each of those its node's only output; null for none.</param>
    public bool[] Live(IReadOnlyDictionary<string, string>? replaced = null)
    {
        var redirected = replaced?.ToDictionary(r => Producer(r.Key), r => Producer(Resolve(r.Value, replaced))) ?? [];
        var live = new bool[Nodes.Count];
        var open = new Stack<int>();
        Need(Graph.Output.Select(o => Producer(o.Name)));
        while (open.TryPop(out var node))
        {
            Need(sources[node]);
        }

        return live;

        void Need(IEnumerable<int> nodes)
        {
            foreach (var wanted in nodes)
            {
                var node = redirected.GetValueOrDefault(wanted, wanted);
                if (node >= 0 && !live[node])
                {
                    live[node] = true;
                    open.Push(node);
                }
            }
        }
    }

    /// <summary>Follows replacements to their end.</summary>
    public static string Resolve(string value, IReadOnlyDictionary<string, string>? replaced)
    {
        while (replaced is not null && replaced.TryGetValue(value, out var other))
        {
            value = other;
        }

        return value;
    }

    private void Connect(int node)
    {
        sources[node] = [.. inputs[node].Select(Producer).Where(p => p >= 0).Distinct()];
        foreach (var input in inputs[node])
        {
            if (!readers.TryGetValue(input, out var list))
            {
                readers[input] = list = [];
            }

            list.Add(node);
        }
    }

    private static IEnumerable<string> Reads(NodeProto node) =>
        node.Input.Where(i => i.Length > 0).Concat(node.Attribute.SelectMany(a => a.G is null ? a.Graphs : a.Graphs.Append(a.G)).SelectMany(Captures));

    private static IEnumerable<string> Captures(GraphProto graph)
    {
        var own = graph.Input.Select(i => i.Name).Concat(graph.Initializer.Select(t => t.Name)).Concat(graph.Node.SelectMany(n => n.Output)).ToHashSet(StringComparer.Ordinal);
        return graph.Node.SelectMany(Reads).Concat(graph.Output.Select(o => o.Name)).Where(v => !own.Contains(v));
    }
}
