using BatchEval.Onnx.Graph.Proto;
using BatchEval.Tests.Shared;
using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;

namespace BatchEval.Onnx.Tests.Graph;

public class ProtoTests
{
    private static readonly string Unet = Path.Combine(RepoPaths.Samples, "digits", "unet.onnx");

    [Fact]
    public void Sample_network_is_parsed_with_its_nodes_weights_and_operator_set()
    {
        ModelProto model = ModelProto.Parser.ParseFrom(File.ReadAllBytes(Unet));

        model.IrVersion.ShouldBe(8);
        model.OpsetImport.ShouldHaveSingleItem().Version.ShouldBe(17);
        model.Graph.Node.Count.ShouldBeGreaterThan(100);
        model.Graph.Node.ShouldContain(node => node.OpType == "Conv");
        model.Graph.Initializer.ShouldAllBe(tensor => tensor.HasDataType && tensor.Name.Length > 0);
    }

    [Fact]
    public void Serialised_again_the_bytes_are_the_same() =>
        ModelProto.Parser.ParseFrom(File.ReadAllBytes(Unet)).ToByteArray().AsSpan()
            .SequenceEqual(File.ReadAllBytes(Unet)).ShouldBeTrue();

    [Fact]
    public void Serialised_again_it_loads_and_computes_the_same()
    {
        byte[] original = File.ReadAllBytes(Unet);
        byte[] rewritten = ModelProto.Parser.ParseFrom(original).ToByteArray();

        ModelProto.Parser.ParseFrom(rewritten).Graph.Node.Count
            .ShouldBe(ModelProto.Parser.ParseFrom(original).Graph.Node.Count);
        using var before = new InferenceSession(original);
        using var after = new InferenceSession(rewritten);
        after.InputMetadata.Keys.ShouldBe(before.InputMetadata.Keys);
        Run(after).ShouldBe(Run(before));
    }

    [Fact]
    public void Zero_and_absent_attributes_stay_different()
    {
        var set = new AttributeProto { Name = "axis", I = 0, Type = AttributeProto.Types.AttributeType.Int };
        AttributeProto read = AttributeProto.Parser.ParseFrom(set.ToByteArray());

        read.HasI.ShouldBeTrue();
        read.HasF.ShouldBeFalse();
    }

    [Fact]
    public void Fields_of_newer_format_versions_survive()
    {
        // A NodeProto whose field 10 (multi-device configuration) the schema does not name: tag 0x52, length 2, "hi".
        byte[] bytes = [.. new NodeProto { OpType = "Add" }.ToByteArray(), 0x52, 2, (byte)'h', (byte)'i'];

        NodeProto.Parser.ParseFrom(bytes).ToByteArray().ShouldBe(bytes);
    }

    [Fact]
    public void External_data_is_read_as_key_value_pairs()
    {
        var tensor = new TensorProto { DataLocation = TensorProto.Types.DataLocation.External };
        tensor.ExternalData.Add(new StringStringEntryProto { Key = "location", Value = "weights.bin" });

        TensorProto read = TensorProto.Parser.ParseFrom(tensor.ToByteArray());

        read.DataLocation.ShouldBe(TensorProto.Types.DataLocation.External);
        read.ExternalData.ShouldHaveSingleItem().Value.ShouldBe("weights.bin");
    }

    private static float[] Run(InferenceSession session)
    {
        List<OrtValue> inputs = [.. session.InputMetadata.Values.Select(Input)];
        try
        {
            using var options = new RunOptions();
            using IDisposableReadOnlyCollection<OrtValue> outputs =
                session.Run(options, [.. session.InputMetadata.Keys], inputs, [.. session.OutputMetadata.Keys]);
            return outputs[0].GetTensorDataAsSpan<float>().ToArray();
        }
        finally
        {
            inputs.ForEach(value => value.Dispose());
        }
    }

    // Free dimensions become 1; values rise evenly from 0.
    private static OrtValue Input(NodeMetadata metadata)
    {
        long[] shape = [.. metadata.Dimensions.Select(size => (long)Math.Max(size, 1))];
        int count = (int)shape.Aggregate(1L, (a, b) => a * b);
        return metadata.ElementType == typeof(float)
            ? OrtValue.CreateTensorValueFromMemory([.. Enumerable.Range(0, count).Select(i => i / (float)count)], shape)
            : OrtValue.CreateTensorValueFromMemory(new long[count], shape);
    }
}
