using BatchEval.Onnx.Networks;
using BatchEval.Onnx.Sampling;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace BatchEval.Onnx.Benchmarks;

/// <summary>
/// A whole sampling loop whose state never leaves the device: network and solver step run on the same device, everything is bound once, and
/// only the first state goes in and the last one comes out. For deterministic one-step solvers; all samples of a batch take the same steps.
/// </summary>
public sealed class DeviceLoop : IDisposable
{
    private readonly DenoiserNetwork network;
    private readonly InferenceSession stepper;
    private readonly List<BoundCall> calls = [];
    private readonly List<BoundCall> steps = [];
    private readonly DeviceBuffers buffers;
    private readonly float[] image;
    private readonly int batch;

    /// <summary>Binds the loop.</summary>
    /// <param name="network">The network; must outlive the loop.</param>
    /// <param name="device">Where the network runs.</param>
    /// <param name="feeds">What the network is fed beside state and time.</param>
    /// <exception cref="ProblemException">The solver adds noise or remembers earlier steps, or skips calls.</exception>
    public DeviceLoop(DenoiserNetwork network, SamplingPlan plan, ModelManifest manifest, DeviceOptions device, int batch, IReadOnlyList<Feed> feeds)
    {
        (this.network, this.batch) = (network, batch);
        Refuse(plan);
        var (types, shape) = (network.ElementTypes, network.Shape(batch));
        using (var options = device.CreateSessionOptions())
        {
            stepper = new InferenceSession(StepModel.Build((int)types.State, (int)types.Output, manifest.Sample), options);
        }

        buffers = network.Buffers(device);
        image = new float[batch * manifest.Sample.Size];
        try
        {
            var (input, output) = (buffers.Add(types.State, shape), buffers.Add(types.Output, shape));
            OrtValue[] states = [buffers.Add(TensorElementType.Float, shape), buffers.Add(TensorElementType.Float, shape)];
            var last = buffers.Add(OrtValue.CreateTensorValueFromMemory(image, shape));
            for (var row = 0; row < plan.Table.Rows.Count; row++)
            {
                Bind(plan, row, feeds, input, output, states[row % 2], row == plan.Table.Rows.Count - 1 ? last : states[(row + 1) % 2]);
            }
        }
        catch
        {
            // Where memory was short, what was taken must be given back.
            Dispose();
            throw;
        }
    }

    /// <summary>Runs the loop.</summary>
    /// <param name="start">First states [B, C, H, W].</param>
    /// <returns>Last states; the array is the loop's own and is overwritten by the next run.</returns>
    public float[] Run(float[] start)
    {
        using var state = network.State(start, batch);
        using var single = OrtValue.CreateTensorValueFromMemory(start, network.Shape(batch));
        network.BindState(calls[0], state);
        steps[0].Input(StepModel.State, single);
        for (var row = 0; row < calls.Count; row++)
        {
            calls[row].Run();
            steps[row].Run();
        }

        return image;
    }

    public void Dispose()
    {
        calls.ForEach(c => c.Dispose());
        steps.ForEach(s => s.Dispose());
        buffers.Dispose();
        stepper.Dispose();
    }

    private void Bind(
        SamplingPlan plan, int row, IReadOnlyList<Feed> feeds, OrtValue input, OrtValue output, OrtValue state, OrtValue next)
    {
        var combination = plan.Table.Rows[row].Next;
        var call = network.Bind([.. Enumerable.Repeat((float)plan.Table.Rows[row].NetworkTime, batch)], feeds);
        calls.Add(call);
        network.BindOutput(call, output);
        var step = new BoundCall(stepper);
        steps.Add(step);
        if (row > 0)
        {
            network.BindState(call, input);
            step.Input(StepModel.State, state);
        }

        var data = plan.Data[row];
        double[] numbers = [data.FromState, data.FromNetwork, combination.State, combination.Raw, combination.Data.ElementAtOrDefault(0)];
        step.Input(StepModel.Network, output);
        step.Input(StepModel.Coefficients, OrtValue.CreateTensorValueFromMemory(Array.ConvertAll(numbers, n => (float)n), [numbers.Length]), owned: true);
        step.Output(StepModel.Next, next);
        step.Output(StepModel.Input, input);
    }

    private static void Refuse(SamplingPlan plan)
    {
        var simple = plan.Candidate.Skip is null && !plan.Table.IsStochastic && plan.Table.StartScale == 1
            && plan.Table.Rows.All(r => r.NextAnchor is null && r.Remembered is null && r.Next.Anchor == 0 && r.Next.Data.Skip(1).All(d => d == 0))
            && plan.Candidate.Steps.All(s => s is { Drop.Count: 0, Reuse: false });
        if (!simple)
        {
            throw new ProblemException($"{plan.Candidate} cannot be sampled on the device alone; that needs a solver without noise and memory, such as ddim or euler, and nothing left out.");
        }
    }
}
