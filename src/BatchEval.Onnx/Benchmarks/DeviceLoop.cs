using BatchEval.Core.Sampling;
using BatchEval.Core.Sampling.Solvers;
using BatchEval.Onnx.Networks;
using BatchEval.Onnx.Sampling;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace BatchEval.Onnx.Benchmarks;

/// <summary>
/// A whole sampling loop whose state never leaves the device: network and solver step run on the same device, everything is bound once, and
/// only the first state and the noise go in and the last state comes out. For every solver; all samples of a batch take the same steps, and none is left out.
/// </summary>
internal sealed class DeviceLoop : IDisposable
{
    private readonly DenoiserNetwork network;
    private readonly InferenceSession stepper;
    private readonly List<BoundCall> calls = [];
    private readonly List<BoundCall> steps = [];
    private readonly DeviceBuffers buffers;
    private readonly CoefficientTable table;
    private readonly StepModel model;
    private readonly float[] image;
    private readonly float[] noise;
    private readonly OrtValue noiseValue;
    private readonly int batch;

    /// <summary>Binds the loop.</summary>
    /// <param name="network">The network; must outlive the loop.</param>
    /// <param name="device">Where the network runs.</param>
    /// <param name="feeds">What the network is fed beside state and time.</param>
    /// <exception cref="ProblemException">The candidate leaves blocks or calls out, or its noise depends on the network.</exception>
    public DeviceLoop(DenoiserNetwork network, SamplingPlan plan, ModelManifest manifest, DeviceOptions device, int batch, IReadOnlyList<Feed> feeds)
    {
        (this.network, this.batch, table, model) = (network, batch, plan.Table, StepModel.Of(plan.Table));
        Refuse(plan);
        var (types, shape) = (network.ElementTypes, network.Shape(batch));
        using (var options = device.CreateSessionOptions())
        {
            stepper = new InferenceSession(model.Build((int)types.State, (int)types.Output, manifest.Sample), options);
        }

        buffers = network.Buffers(device);
        (image, noise) = (new float[batch * manifest.Sample.Size], new float[batch * manifest.Sample.Size]);
        try
        {
            noiseValue = buffers.Add(OrtValue.CreateTensorValueFromMemory(noise, shape));
            var nothing = buffers.Add(OrtValue.CreateTensorValueFromMemory(new float[image.Length], shape));
            var last = buffers.Add(OrtValue.CreateTensorValueFromMemory(image, shape));
            var (input, output) = (buffers.Add(types.State, shape), buffers.Add(types.Output, shape));
            var (states, anchors, remembered) = (Room(2), Room(2), Room(model.History));
            for (var row = 0; row < table.Rows.Count; row++)
            {
                var call = network.Bind([.. Enumerable.Repeat((float)table.Rows[row].NetworkTime, batch)], feeds);
                calls.Add(call);
                network.BindOutput(call, output);
                var step = new BoundCall(stepper);
                steps.Add(step);
                if (row > 0)
                {
                    network.BindState(call, input);
                    step.Input(StepModel.State, states[row % 2]);
                }

                var numbers = model.Numbers(table.Rows[row], plan.Data[row]);
                step.Input(StepModel.Network, output);
                step.Input(StepModel.Coefficients, OrtValue.CreateTensorValueFromMemory(numbers, [numbers.Length]), owned: true);
                step.Output(StepModel.Next, row == table.Rows.Count - 1 ? last : states[(row + 1) % 2]);
                step.Output(StepModel.Input, input);
                if (model.Noisy)
                {
                    step.Input(StepModel.Noise, nothing);
                }

                for (var back = 1; back < model.History; back++)
                {
                    step.Input(StepModel.Earlier(back), back > row ? nothing : remembered[(row - back) % model.History]);
                }

                if (model.History > 1)
                {
                    step.Output(StepModel.Remembered, remembered[row % model.History]);
                }

                if (model.Anchored)
                {
                    step.Input(StepModel.Anchor, anchors[row % 2]);
                    step.Output(StepModel.NextAnchor, anchors[(row + 1) % 2]);
                }
            }

            OrtValue[] Room(int count) => [.. Enumerable.Range(0, count).Select(_ => buffers.Add(TensorElementType.Float, shape))];
        }
        catch
        {
            // Where memory was short, what was taken must be given back.
            Dispose();
            throw;
        }
    }

    /// <summary>Runs the loop.</summary>
    /// <param name="start">First states [B, C, H, W], before <see cref="CoefficientTable.StartScale"/>.</param>
    /// <param name="fill">Gives the noise of a row for all samples [B, C, H, W]; needed by stochastic tables.</param>
    /// <returns>Last states; the array is the loop's own and is overwritten by the next run.</returns>
    public float[] Run(float[] start, RowNoise<float>? fill = null)
    {
        float[] scaled = table.StartScale == 1 ? start : Array.ConvertAll(start, v => v * (float)table.StartScale);
        using var state = network.State(scaled, batch);
        using var single = OrtValue.CreateTensorValueFromMemory(scaled, network.Shape(batch));
        network.BindState(calls[0], state);
        steps[0].Input(StepModel.State, single);
        if (model.Anchored)
        {
            steps[0].Input(StepModel.Anchor, single);
        }

        for (var row = 0; row < calls.Count; row++)
        {
            if (table.Rows[row].Next.Noise != 0)
            {
                ArgumentNullException.ThrowIfNull(fill);
                fill(row, noise);
                steps[row].Input(StepModel.Noise, noiseValue);
            }

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

    private static void Refuse(SamplingPlan plan)
    {
        if (plan.Candidate.Skip is not null || plan.Table.LearnsNoise || plan.Candidate.HasGuidance || plan.Candidate.Steps.Any(s => s.Drop.Count > 0 || s.Reuse))
        {
            throw new ProblemException($"{plan.Candidate} cannot be sampled on the device alone; that needs every step with the whole network, and noise that does not depend on it.");
        }
    }
}
