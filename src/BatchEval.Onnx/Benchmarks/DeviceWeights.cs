using BatchEval.Onnx.Graph;
using Microsoft.ML.OnnxRuntime;

namespace BatchEval.Onnx.Benchmarks;

/// <summary>One copy of a model's larger weights in the device's memory; a model of nothing but identities takes them there.</summary>
internal sealed class DeviceWeights : IDisposable
{
    private readonly InferenceSession session;
    private readonly DeviceBuffers buffers;
    private readonly Dictionary<string, OrtValue> values = new(StringComparer.Ordinal);

    /// <summary>Copies weights to a device.</summary>
    /// <param name="weights">Weights on the processor, by name.</param>
    public DeviceWeights(IReadOnlyDictionary<string, OrtValue> weights, DeviceOptions device)
    {
        string[] names = [.. weights.Keys];
        using (var options = device.CreateSessionOptions())
        {
            session = new InferenceSession(Identities([.. names.Select(n => (int)weights[n].GetTensorTypeAndShape().ElementDataType)]), options);
        }

        buffers = new DeviceBuffers(session, device);
        using var call = new BoundCall(session);
        for (var i = 0; i < names.Length; i++)
        {
            var tensor = weights[names[i]].GetTensorTypeAndShape();
            values[names[i]] = buffers.Add(tensor.ElementDataType, tensor.Shape);
            call.Input(Input(i), weights[names[i]]);
            call.Output(Output(i), values[names[i]]);
        }

        call.Run();
    }

    public void AddTo(SessionOptions options)
    {
        foreach (var (name, value) in values)
        {
            options.AddInitializer(name, value);
        }
    }

    public void Dispose()
    {
        buffers.Dispose();
        session.Dispose();
    }

    private static byte[] Identities(int[] types)
    {
        var graph = new GraphWriter("weights");
        for (var i = 0; i < types.Length; i++)
        {
            graph.Inputs(types[i], Input(i));
            graph.Outputs(types[i], Output(i));
            graph.Node("Identity", [Input(i)], Output(i));
        }

        return graph.ToModel();
    }

    private static string Input(int index) => $"in{index}";

    private static string Output(int index) => $"out{index}";
}
