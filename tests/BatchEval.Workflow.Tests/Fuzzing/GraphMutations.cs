using BatchEval.Onnx.Graph.Proto;
using Google.Protobuf;

namespace BatchEval.Workflow.Tests.Fuzzing;

/// <summary>Damages an ONNX graph as a graph: names, edges, shapes, attributes, where weights lie.</summary>
internal static class GraphMutations
{
    public static byte[] Damage(byte[] seed, Random random)
    {
        var model = ModelProto.Parser.ParseFrom(seed);
        for (var n = random.Next(1, 4); n > 0 && model.Graph.Node.Count > 1; n--)
        {
            Damage(model, random);
        }

        return model.ToByteArray();
    }

    private static void Damage(ModelProto model, Random random)
    {
        var graph = model.Graph;
        var node = graph.Node[random.Next(graph.Node.Count)];
        var other = graph.Node[random.Next(graph.Node.Count)];
        var tensor = graph.Initializer.Count > 0 ? graph.Initializer[random.Next(graph.Initializer.Count)] : null;
        switch (random.Next(14))
        {
            case 0: graph.Node.Remove(node); break;
            case 1: graph.Node.Add(node.Clone()); break;
            case 2: if (node.Input.Count > 0 && other.Output.Count > 0) node.Input[random.Next(node.Input.Count)] = other.Output[0]; break;
            case 3: if (node.Input.Count > 0 && node.Output.Count > 0) node.Input[0] = node.Output[0]; break;
            case 4: node.OpType = random.Next(2) == 0 ? other.OpType : "NoSuchOperator"; break;
            case 5: node.Input.Clear(); break;
            case 6: node.Attribute.Clear(); break;
            case 7: foreach (var attribute in node.Attribute) attribute.I = random.NextInt64(); break;
            case 8: foreach (var attribute in node.Attribute) for (var i = 0; i < attribute.Ints.Count; i++) attribute.Ints[i] = random.Next(-3, 1 << 20); break;
            case 9: if (tensor is not null) tensor.Dims.Add(random.Next(-2, 1 << 30)); break;
            case 10: if (tensor is not null) tensor.RawData = ByteString.CopyFrom(tensor.RawData.ToByteArray().AsSpan(0, tensor.RawData.Length / 2)); break;
            case 11:
                if (tensor is not null)
                {
                    tensor.DataLocation = TensorProto.Types.DataLocation.External;
                    string[] locations = ["../../../etc/passwd", "/dev/zero", "missing.bin", "", "\0"];
                    tensor.ExternalData.Add(new StringStringEntryProto { Key = "location", Value = locations[random.Next(locations.Length)] });
                    tensor.ExternalData.Add(new StringStringEntryProto { Key = "length", Value = random.Next(3) == 0 ? "x" : $"{random.NextInt64()}" });
                }

                break;
            case 12: model.OpsetImport[0].Version = random.Next(-1, 40); break;
            default: graph.Output[0].Name = other.Output.Count > 0 ? other.Output[0] : "nothing"; break;
        }
    }
}
