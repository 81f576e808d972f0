using BatchEval.Onnx.Graph.Proto;
using BatchEval.Onnx.Runtime;
using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;

namespace BatchEval.Onnx.Images;

/// <summary>A session around one codec operator of ONNX Runtime Extensions; a one-node model, built in memory. Thread-safe.</summary>
internal sealed class CodecSession
{
    private const string Domain = "com.microsoft.extensions";
    private const string Input = "input";
    private const string Output = "output";

    private readonly InferenceSession session;

    private CodecSession(InferenceSession session) => this.session = session;

    /// <summary>Opens a session.</summary>
    /// <param name="operation"><c>DecodeImage</c> or <c>EncodeImage</c>.</param>
    /// <param name="inputRank">1 for a file, 3 for pixels.</param>
    /// <param name="outputRank">Likewise.</param>
    /// <param name="attributes">The operator's settings.</param>
    public static CodecSession Open(string operation, int inputRank, int outputRank, params (string Name, string Value)[] attributes)
    {
        using var options = new SessionOptions
        {
            // One image is too little work for several threads; failures reach the caller as exceptions, not as log lines.
            IntraOpNumThreads = 1,
            InterOpNumThreads = 1,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL,
        };
        options.RegisterCustomOpLibrary(OrtExtensionsLibrary.Path);
        return new CodecSession(new InferenceSession(Model(operation, inputRank, outputRank, attributes).ToByteArray(), options));
    }

    /// <summary>Runs the operator.</summary>
    /// <exception cref="OnnxRuntimeException">The operator refused its input.</exception>
    public (long[] Shape, byte[] Data) Run(byte[] data, params long[] shape)
    {
        using OrtValue input = OrtValue.CreateTensorValueFromMemory(data, shape);
        using var options = new RunOptions { LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL };
        using IDisposableReadOnlyCollection<OrtValue> outputs = session.Run(options, [Input], [input], [Output]);
        return (outputs[0].GetTensorTypeAndShape().Shape, outputs[0].GetTensorDataAsSpan<byte>().ToArray());
    }

    private static ModelProto Model(string operation, int inputRank, int outputRank, (string Name, string Value)[] attributes)
    {
        var node = new NodeProto { OpType = operation, Domain = Domain, Input = { Input }, Output = { Output } };
        foreach ((string name, string value) in attributes)
        {
            node.Attribute.Add(new AttributeProto { Name = name, Type = AttributeProto.Types.AttributeType.String, S = ByteString.CopyFromUtf8(value) });
        }

        return new ModelProto
        {
            IrVersion = 8,
            OpsetImport = { new OperatorSetIdProto { Domain = string.Empty, Version = 17 }, new OperatorSetIdProto { Domain = Domain, Version = 1 } },
            Graph = new GraphProto { Name = operation, Node = { node }, Input = { Bytes(Input, inputRank) }, Output = { Bytes(Output, outputRank) } },
        };
    }

    // A tensor of bytes with free dimensions.
    private static ValueInfoProto Bytes(string name, int rank)
    {
        var shape = new TensorShapeProto();
        for (int i = 0; i < rank; i++)
        {
            shape.Dim.Add(new TensorShapeProto.Types.Dimension());
        }

        var tensor = new TypeProto.Types.Tensor { ElemType = (int)TensorProto.Types.DataType.Uint8, Shape = shape };
        return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = tensor } };
    }
}
