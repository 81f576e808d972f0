using BatchEval.Onnx.Graph;
using BatchEval.Onnx.Graph.Proto;
using Google.Protobuf;

namespace BatchEval.Onnx.Tests.Graph;

public class DeclaredInputsTests
{
    [Fact]
    public void A_file_that_is_cut_off_between_two_fields_of_its_graph_declares_what_is_left()
    {
        var graph = new GraphProto { Name = "g", Input = { new ValueInfoProto { Name = "x" } } };
        using var stream = new MemoryStream();
        var writer = new CodedOutputStream(stream);
        writer.WriteTag(ModelProto.GraphFieldNumber, WireFormat.WireType.LengthDelimited);
        // More is announced than there is, as at the end of a download that broke off.
        writer.WriteLength(graph.CalculateSize() + 1000);
        graph.WriteTo(writer);
        writer.Flush();
        var path = Path.GetTempFileName();
        File.WriteAllBytes(path, stream.ToArray());

        DeclaredInputs.Of(path).Select(i => i.Name).ShouldBe(["x"]);

        File.Delete(path);
    }
}
