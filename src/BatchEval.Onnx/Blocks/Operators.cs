using BatchEval.Onnx.Graph;
using BatchEval.Onnx.Graph.Proto;

namespace BatchEval.Onnx.Blocks;

/// <summary>Groups of operators that tell a branch from a shortcut.</summary>
internal static class Operators
{
    public static bool IsNormalisation(NodeProto node) => node.OpType is
        "InstanceNormalization" or "GroupNormalization" or "GroupNorm" or "LayerNormalization" or "BatchNormalization" or "RMSNormalization"
        or "SimplifiedLayerNormalization" or "MeanVarianceNormalization" or "LpNormalization";

    public static bool IsMixing(NodeProto node) => node.OpType is
        "Conv" or "ConvTranspose" or "MatMul" or "Gemm" or "Einsum" or "FusedConv" or "FusedMatMul" or "FusedGemm"
        or "QLinearConv" or "ConvInteger" or "MatMulInteger" or "QLinearMatMul" or "MatMulNBits" || IsAttention(node);

    public static bool IsAttention(NodeProto node) => node.OpType is "Attention" or "MultiHeadAttention" or "GroupQueryAttention";

    /// <summary>Changes the number of pixels.</summary>
    public static bool IsResampling(NodeProto node) => node.OpType switch
    {
        "Resize" or "Upsample" or "DepthToSpace" or "SpaceToDepth" => true,
        "Conv" or "ConvTranspose" or "AveragePool" or "MaxPool" or "LpPool" or "FusedConv" => node.Integers("strides").Any(s => s > 1),
        _ => false,
    };

    /// <summary>Passes its first input on in another form, element by element.</summary>
    public static bool IsForm(NodeProto node) => node.OpType is
        "Identity" or "Dropout" or "Cast" or "Reshape" or "Flatten" or "Squeeze" or "Unsqueeze" or "Transpose";

    /// <summary>May stand on a shortcut: keeps, reshapes, pads, pools or resizes.</summary>
    public static bool IsShortcut(NodeProto node) => IsForm(node) || node.OpType is
        "Pad" or "AveragePool" or "MaxPool" or "LpPool" or "Resize" or "Upsample" or "DepthToSpace" or "SpaceToDepth";

    /// <summary>A convolution that looks at one pixel at a time, with constant weights.</summary>
    public static bool IsPointwise(NodeProto node, GraphIndex index)
    {
        if (node.OpType != "Conv" || !index.IsConstant(node.Input[1]))
        {
            return false;
        }

        IReadOnlyList<long> kernel = node.Integers("kernel_shape");
        kernel = kernel.Count > 0 ? kernel : [.. index.ConstantTensor(node.Input[1])?.Dims.Skip(2) ?? [0]];
        return kernel.All(k => k == 1);
    }
}
