using BatchEval.Core.Randomness;
using BatchEval.Onnx.Guidance;
using BatchEval.Onnx.Networks;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace BatchEval.Onnx.Sampling;

/// <summary>
/// The rows of one candidate for batches of samples, with states that never leave the device: network and solver step (<see cref="StepModel"/>) run there, the
/// start, the noise and what the network is fed go in, and the last state comes out. Not safe to use from several threads.
/// </summary>
internal sealed class DeviceLoop : IDisposable
{
    private readonly GuidedDenoiser denoiser;
    private readonly SamplingPlan plan;
    private readonly INetworkSource networks;
    private readonly DenoiserNetwork whole;
    private readonly StepModel model;
    private readonly BoundCall step;
    private readonly DeviceBuffers buffers;
    private readonly List<Row> rows = [];
    private readonly OrtValue nothing, input, last, noise;
    private readonly OrtValue[] states, anchors, remembered;
    private readonly float[] image, noises;
    private readonly long[] shape;

    /// <summary>Makes room for batches of a size.</summary>
    /// <param name="model">The model; must outlive the loop.</param>
    /// <param name="samples">Samples in a batch; a network of fixed size is called with its own.</param>
    public DeviceLoop(SamplingModel model, GuidedDenoiser denoiser, SamplingPlan plan, int samples)
    {
        (this.denoiser, this.plan, networks, whole) = (denoiser, plan, model.Networks, model.Networks.Without([]));
        var (sample, layout, images) = (model.Manifest.Sample, whole.Layout, whole.Images(denoiser.Feeds(new ConditionRow[1])));
        shape = [whole.FixedBatch ?? samples, sample.Channels, sample.Height, sample.Width];
        buffers = whole.Buffers(model.Steps.Device);
        try
        {
            var type = new StepModel(layout, plan.Table.History, plan.Table.Rows.Any(r => r.NextAnchor is not null), plan.Table.IsStochastic) { Learned = plan.Table.LearnsNoise, Joined = images is not null };
            (image, noises) = (new float[shape[0] * sample.Size], new float[type.Noisy ? shape[0] * sample.Size : 0]);
            nothing = buffers.Add(OrtValue.CreateTensorValueFromMemory(new float[image.Length], shape));
            last = buffers.Add(OrtValue.CreateTensorValueFromMemory(image, shape));
            noise = type.Noisy ? buffers.Add(OrtValue.CreateTensorValueFromMemory(noises, shape)) : nothing;
            input = buffers.Add(layout.State, layout.InputShape((int)shape[0], (int)(images?.Shape[1] ?? 0)));
            (states, anchors, remembered) = (Room(2), Room(type.Anchored ? 2 : 0), Room(type.History > 1 ? type.History : 0));
            var (single, positive, negative) = (Output(), (OrtValue?)null, (OrtValue?)null);
            foreach (var row in plan.Table.Rows)
            {
                var own = plan.StepOf(rows.Count);
                var evaluation = new DenoiserRow(default, row.Level, row.NetworkTime, 0, 0, own.Guidance, negative is null ? null : []);
                var doubles = !own.Reuse && denoiser.Guidance.Doubles(evaluation);
                if (doubles)
                {
                    (positive, negative) = (positive ?? Output(), negative ?? Output());
                }

                // An output that later rows take the difference from is not overwritten by those that make one evaluation.
                var outputs = own.Reuse ? rows[^1].Outputs : doubles ? (positive!, positive!, negative!) : denoiser.Guidance.Carries(evaluation) ? (single, positive!, negative!) : (single, single, single);
                var numbers = type.Numbers(row, plan.Data[rows.Count]);
                rows.Add(new Row(
                    own.Reuse ? 0 : doubles ? 2 : 1, outputs, buffers.Add(whole.Times([.. Enumerable.Repeat((float)row.NetworkTime, (int)shape[0])])),
                    buffers.Add(OrtValue.CreateTensorValueFromMemory(numbers, [numbers.Length]))));
            }

            this.model = negative is null ? type : type with { Guidance = (denoiser.Guidance.Scale, denoiser.Guidance.Rescale) };
            step = new BoundCall(model.Steps.Of(this.model));
        }
        catch
        {
            // Where memory was short, what was taken must be given back.
            buffers.Dispose();
            throw;
        }

        OrtValue[] Room(int count) => [.. Enumerable.Range(0, count).Select(_ => buffers.Add(TensorElementType.Float, shape))];

        OrtValue Output() => buffers.Add(layout.Output, layout.OutputShape((int)shape[0]));
    }

    /// <summary>Samples one batch.</summary>
    /// <param name="samples">Indices, labels and starts [C, H, W], at most as many as there is room for.</param>
    /// <param name="bank">Noise of rows that add some.</param>
    /// <param name="progress">Told after each row how many of them are done.</param>
    /// <param name="cancellation">Checked before every row.</param>
    public SampleResult[] Run(IReadOnlyList<(long Sample, int Label, float[] Start)> samples, NoiseBank bank, Action<int, int>? progress, CancellationToken cancellation)
    {
        // A batch of fixed size is filled up with its first sample.
        (long Sample, int Label, float[] Start)[] filled = [.. samples, .. Enumerable.Repeat(samples[0], (int)shape[0] - samples.Count)];
        float[] start = [.. filled.SelectMany(s => s.Start)];
        if (plan.Table.StartScale != 1)
        {
            start = Array.ConvertAll(start, v => v * (float)plan.Table.StartScale);
        }

        var calls = new Dictionary<(string Drop, bool Negative), (DenoiserNetwork Network, BoundCall Bound)>();
        try
        {
            var feeds = Feeds(negative: false);
            if (whole.Images(feeds) is { } images)
            {
                step.Input(StepModel.Images, OrtValue.CreateTensorValueFromMemory(images.Data, images.Shape), owned: true);
            }

            using var entering = whole.State(start, filled.Length, feeds);
            using var first = OrtValue.CreateTensorValueFromMemory(start, shape);
            for (var index = 0; index < rows.Count; index++)
            {
                cancellation.ThrowIfCancellationRequested();
                for (var half = 0; half < rows[index].Calls; half++)
                {
                    Call(index, index == 0 ? entering : input, negative: half == 1);
                }

                Step(index, first, samples, bank);
                progress?.Invoke(index + 1, rows.Count);
            }
        }
        finally
        {
            calls.Values.ToList().ForEach(c => c.Bound.Dispose());
        }

        bool[] executed = [.. rows.Select(r => r.Calls > 0)];
        return [.. samples.Select((s, i) => Result(s.Sample, s.Label, image.AsSpan(i * s.Start.Length, s.Start.Length).ToArray(), executed))];

        IReadOnlyList<Feed> Feeds(bool negative) => denoiser.Feeds([.. filled.Select(s => new ConditionRow(s.Sample, s.Label, negative))]);

        // What rows of a network are fed alike is copied to the device once.
        void Call(int index, OrtValue state, bool negative)
        {
            var key = (string.Join(',', plan.StepOf(index).Drop), negative);
            if (!calls.TryGetValue(key, out var call))
            {
                var network = networks.Without(plan.StepOf(index).Drop);
                calls[key] = call = (network, network.Bind());
                network.BindConditions(call.Bound, Feeds(negative));
            }

            call.Network.BindState(call.Bound, state);
            call.Network.BindTimes(call.Bound, rows[index].Time);
            call.Network.BindOutput(call.Bound, negative ? rows[index].Outputs.Negative : rows[index].Outputs.Network);
            call.Bound.Run();
            denoiser.Count(samples.Count);
        }
    }

    public void Dispose()
    {
        step.Dispose();
        buffers.Dispose();
    }

    private static SampleResult Result(long sample, int label, float[] image, bool[] executed) => new(
        sample, label, image, executed, Array.TrueForAll(image, float.IsFinite) ? null : $"The network output is not finite at some step, sample {sample}; the loop 'host' says at which.");

    private void Step(int index, OrtValue first, IReadOnlyList<(long Sample, int Label, float[] Start)> samples, NoiseBank bank)
    {
        step.Input(StepModel.State, index == 0 ? first : states[index % 2]);
        step.Input(StepModel.Network, rows[index].Outputs.Network);
        step.Input(StepModel.Coefficients, rows[index].Numbers);
        step.Output(StepModel.Next, index == rows.Count - 1 ? last : states[(index + 1) % 2]);
        step.Output(StepModel.Input, input);
        if (model.Guidance is not null)
        {
            step.Input(StepModel.Positive, rows[index].Outputs.Positive);
            step.Input(StepModel.Negative, rows[index].Outputs.Negative);
        }

        if (model.Noisy)
        {
            var adds = plan.Table.Rows[index] is { Next.Noise: not 0 } or { NextAnchor.Noise: not 0 };
            for (var i = 0; adds && i < samples.Count; i++)
            {
                bank.Fill(samples[i].Sample, index + 1, noises.AsSpan(i * samples[i].Start.Length, samples[i].Start.Length));
            }

            step.Input(StepModel.Noise, adds ? noise : nothing);
        }

        for (var back = 1; back < model.History; back++)
        {
            step.Input(StepModel.Earlier(back), back > index ? nothing : remembered[(index - back) % model.History]);
        }

        if (model.History > 1)
        {
            step.Output(StepModel.Remembered, remembered[index % model.History]);
        }

        if (model.Anchored)
        {
            step.Input(StepModel.Anchor, index == 0 ? first : anchors[index % 2]);
            step.Output(StepModel.NextAnchor, anchors[(index + 1) % 2]);
        }

        step.Run();
    }

    /// <param name="Calls">Evaluations of the network: none where outputs are taken again, two with and without condition.</param>
    /// <param name="Outputs">Where <see cref="StepModel.Network"/>, <see cref="StepModel.Positive"/> and <see cref="StepModel.Negative"/> of the row lie.</param>
    /// <param name="Time">What the network is told.</param>
    /// <param name="Numbers">What the step takes.</param>
    private sealed record Row(int Calls, (OrtValue Network, OrtValue Positive, OrtValue Negative) Outputs, OrtValue Time, OrtValue Numbers);
}
