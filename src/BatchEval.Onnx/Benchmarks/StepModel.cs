using BatchEval.Core.Sampling;
using BatchEval.Core.Sampling.Solvers;
using BatchEval.Onnx.Graph;
using BatchEval.Onnx.Graph.Proto;
using Google.Protobuf;
using Type = BatchEval.Onnx.Graph.Proto.TensorProto.Types.DataType;

namespace BatchEval.Onnx.Benchmarks;

/// <summary>
/// A solver's row as a model of its own, so that it runs where the network runs, in <see cref="RowExecutor{T}"/>'s order of operations: raw = p x + q net,
/// data = clamped raw or what the row remembers in its place, next = a x + b y + c raw + n z + sum d_j D_j, and the second state y likewise. States are kept in
/// single precision whatever the network computes in.
/// </summary>
/// <param name="History">Data predictions that rows use, this call's included.</param>
/// <param name="Anchored">Whether there is a second state.</param>
/// <param name="Noisy">Whether rows add noise.</param>
internal sealed record StepModel(int History, bool Anchored, bool Noisy)
{
    /// <summary>The state before the row, single precision.</summary>
    public const string State = "state";

    public const string Network = "network";

    /// <summary>The second state before the row.</summary>
    public const string Anchor = "anchor";

    public const string Noise = "noise";

    /// <summary>The numbers of <see cref="Numbers"/>.</summary>
    public const string Coefficients = "coefficients";

    /// <summary>The state after the row, single precision.</summary>
    public const string Next = "next";

    /// <summary>The second state after it.</summary>
    public const string NextAnchor = "nextAnchor";

    /// <summary>This call's data prediction, for later rows.</summary>
    public const string Remembered = "remembered";

    /// <summary>The next state in the network's own element type.</summary>
    public const string Input = "input";

    private const int OperatorSet = 17;

    /// <summary>What rows of a table need.</summary>
    public static StepModel Of(CoefficientTable table) => new(table.History, table.Rows.Any(r => r.NextAnchor is not null), table.IsStochastic);

    /// <summary>A data prediction of <paramref name="back"/> rows before.</summary>
    public static string Earlier(int back) => $"earlier{back}";

    /// <summary>A row's coefficients in the order in which the model splits them.</summary>
    public float[] Numbers(SolverRow row, DataPrediction data)
    {
        var kept = row.Remembered ?? new LinearCombination { Data = [1] };
        double[] all =
        [
            data.FromState, data.FromNetwork, kept.Data[0], kept.State, kept.Raw,
            .. Of(row.Next), .. Anchored ? Of(row.NextAnchor ?? new LinearCombination { Anchor = 1 }) : Array.Empty<double>(),
        ];
        return Array.ConvertAll(all, n => (float)n);

        double[] Of(LinearCombination c) => [c.State, c.Anchor, c.Raw, .. Enumerable.Range(0, History).Select(j => c.Data.ElementAtOrDefault(j)), c.Noise];
    }

    /// <summary>Builds the model.</summary>
    /// <param name="input">Element type that the network takes.</param>
    /// <param name="output">Element type that it returns.</param>
    /// <param name="sample">Whether and where data predictions are clamped.</param>
    public byte[] Build(int input, int output, SampleEntry sample)
    {
        if (sample.Limit is { Quantile: not null })
        {
            throw new ProblemException("Steps on the device cannot threshold data predictions (sample.thresholding); use the engine's loop.");
        }

        var graph = new GraphProto { Name = "step" };
        string[] inputs = [State, Coefficients, .. Anchored ? [Anchor] : Array.Empty<string>(), .. Enumerable.Range(1, History - 1).Select(Earlier), .. Noisy ? [Noise] : Array.Empty<string>()];
        string[] outputs = [Next, .. Anchored ? [NextAnchor] : Array.Empty<string>(), .. History > 1 ? [Remembered] : Array.Empty<string>()];
        graph.Input.AddRange([.. inputs.Select(name => Value(name, (int)Type.Float)), Value(Network, output)]);
        graph.Output.AddRange([.. outputs.Select(name => Value(name, (int)Type.Float)), Value(Input, input)]);
        graph.Initializer.AddRange([Number("low", sample.Limit?.Low ?? 0), Number("high", sample.Limit?.High ?? 0)]);

        var split = new NodeProto { OpType = "Split", Name = "numbers", Input = { Coefficients, "sizes" } };
        graph.Node.AddRange([split, Cast(Network, "net", (int)Type.Float)]);
        Sum("raw", [State, "net"]);
        graph.Node.Add(sample.Limit is not null ? Node("Clip", ["raw", "low", "high"], "data") : Node("Identity", ["raw"], "data"));
        Sum(Remembered, ["data", State, "raw"]);
        string[] known = [State, Anchor, "raw", Remembered, .. Enumerable.Range(1, History - 1).Select(Earlier), Noise];
        Sum(Next, known);
        if (Anchored)
        {
            Sum(NextAnchor, known);
        }

        graph.Node.Add(Cast(Next, Input, input));
        graph.Initializer.Add(Tensors.Integers("sizes", [.. split.Output.Select(_ => 1L)]));
        return new ModelProto { IrVersion = 8, Graph = graph, OpsetImport = { new OperatorSetIdProto { Version = OperatorSet } } }.ToByteArray();

        // Each term has the next coefficient; of terms that no row has, the coefficient alone is there.
        void Sum(string result, string[] terms)
        {
            string? sum = null;
            var present = terms.Where(t => (t != Anchor || Anchored) && (t != Noise || Noisy)).ToList();
            foreach (var term in terms)
            {
                var factor = $"{result}/{term}";
                split.Output.Add(factor);
                if (!present.Contains(term))
                {
                    continue;
                }

                var (product, next) = ($"{factor}/product", term == present[^1] ? result : $"{factor}/sum");
                graph.Node.Add(Node("Mul", [term, factor], sum is null ? next : product));
                if (sum is not null)
                {
                    graph.Node.Add(Node("Add", [product, sum], next));
                }

                sum = next;
            }
        }
    }

    private static NodeProto Node(string operation, string[] inputs, string output)
    {
        var node = new NodeProto { OpType = operation, Name = $"{operation}/{output}", Output = { output } };
        node.Input.AddRange(inputs);
        return node;
    }

    private static NodeProto Cast(string from, string to, int type)
    {
        var node = Node("Cast", [from], to);
        node.Attribute.Add(new AttributeProto { Name = "to", Type = AttributeProto.Types.AttributeType.Int, I = type });
        return node;
    }

    private static TensorProto Number(string name, double value) => new() { Name = name, DataType = (int)Type.Float, FloatData = { (float)value } };

    private static ValueInfoProto Value(string name, int type) =>
        new() { Name = name, Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = type } } };
}
