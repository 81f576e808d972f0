using BatchEval.Onnx.Graph.Proto;

namespace BatchEval.Onnx.Graph;

/// <summary>Counts multiply-adds of convolutions and matrix products from concrete shapes; everything else counts nothing.</summary>
internal static class MultiplyAdds
{
    /// <param name="shapeOf">Shapes of the node's inputs and outputs.</param>
    public static double Of(NodeProto node, Func<string, long[]> shapeOf)
    {
        long[] Input(int i) => shapeOf(node.Input[i]);
        double Output() => Product(shapeOf(node.Output[0]));
        return node.OpType switch
        {
            "Conv" or "FusedConv" or "ConvInteger" => Output() * Product(Input(1).AsSpan(1)),
            "QLinearConv" => Output() * Product(Input(3).AsSpan(1)),
            "ConvTranspose" => Product(Input(0)) * Product(Input(1).AsSpan(1)),
            "Gemm" or "FusedGemm" => Output() * Input(0)[node.Integer("transA", 0) == 0 ? 1 : 0],
            "MatMul" or "MatMulInteger" or "QLinearMatMul" => Output() * Input(0)[^1],
            "FusedMatMul" => Output() * Input(0)[node.Integer("transA", 0) == 0 ? ^1 : ^2],
            "MatMulNBits" => Output() * node.Integer("K", 0),
            "Einsum" => Output() * Contracted(node.Text("equation"), [.. node.Input.Select(shapeOf)]),
            "MultiHeadAttention" when node.Input.Count > 2 && Input(1).Length == 3 => (Product(Input(0)) + (Product(Input(0).AsSpan(0, 2)) * Input(2)[^1])) * Input(1)[1],
            "Attention" => (Product(Input(0)) * Input(1)[^1]) + (2 * Output() * Input(0)[1]),
            _ => 0,
        };
    }

    // The product of the dimensions that the result of an Einsum does not have.
    private static double Contracted(string equation, long[][] shapes)
    {
        var sides = equation.Replace(" ", string.Empty, StringComparison.Ordinal).Split("->");
        var terms = sides[0].Split(',');
        var sizes = new Dictionary<char, long>();
        for (var t = 0; t < terms.Length; t++)
        {
            var (before, after) = terms[t].Split("...") is [var left, var right] ? (left, right) : (terms[t], string.Empty);
            for (var i = 0; i < before.Length; i++)
            {
                sizes[before[i]] = shapes[t][i];
            }

            for (var i = 0; i < after.Length; i++)
            {
                sizes[after[i]] = shapes[t][shapes[t].Length - after.Length + i];
            }
        }

        // Without an arrow the result has the labels that occur once.
        bool InResult(char label) => sides.Length > 1 ? sides[1].Contains(label) : sides[0].Count(c => c == label) == 1;
        return sizes.Where(s => !InResult(s.Key)).Aggregate(1.0, (product, s) => product * s.Value);
    }

    private static double Product(ReadOnlySpan<long> dims)
    {
        var product = 1.0;
        foreach (var d in dims)
        {
            product *= d;
        }

        return product;
    }
}
