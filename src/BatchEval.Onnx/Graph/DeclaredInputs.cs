using BatchEval.Onnx.Graph.Proto;
using Google.Protobuf;

namespace BatchEval.Onnx.Graph;

/// <summary>What a file declares as inputs, read without its weights.</summary>
internal static class DeclaredInputs
{
    private static readonly uint GraphOfModel = WireFormat.MakeTag(ModelProto.GraphFieldNumber, WireFormat.WireType.LengthDelimited);
    private static readonly uint InputOfGraph = WireFormat.MakeTag(GraphProto.InputFieldNumber, WireFormat.WireType.LengthDelimited);

    /// <summary>The inputs; none where the file is no ONNX model, which whoever opens it says.</summary>
    public static IReadOnlyList<TensorInput> Of(string path)
    {
        var found = new List<TensorInput>();
        try
        {
            using var stream = File.OpenRead(path);
            using var reader = new CodedInputStream(stream);
            for (var tag = reader.ReadTag(); tag != 0; tag = reader.ReadTag())
            {
                if (tag == GraphOfModel)
                {
                    var length = reader.ReadLength();
                    ReadGraph(reader, reader.Position + length, found);
                }
                else
                {
                    reader.SkipLastField();
                }
            }
        }
        catch (InvalidProtocolBufferException)
        {
            return [];
        }

        return found;
    }

    private static void ReadGraph(CodedInputStream reader, long end, List<TensorInput> found)
    {
        while (reader.Position < end)
        {
            // A file that was cut off between two fields.
            if (reader.ReadTag() is var tag && tag == 0)
            {
                return;
            }

            if (tag == InputOfGraph)
            {
                found.Add(OnnxModel.Declared(ValueInfoProto.Parser.ParseFrom(reader.ReadBytes())));
            }
            else
            {
                reader.SkipLastField();
            }
        }
    }
}
