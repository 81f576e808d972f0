using System.Numerics.Tensors;
using BatchEval.Core.Randomness;
using BatchEval.Core.Sampling;
using BatchEval.Core.Search.Schedules;
using BatchEval.Onnx.Networks;

namespace BatchEval.Onnx.Sampling;

/// <summary>
/// A model's network as a denoiser in variance-exploding coordinates: the state is scaled by alpha, the output turned into the data prediction
/// and clamped where the model's sampler clamps, so that schedules are computed for what sampling really does.
/// </summary>
/// <param name="model">The opened model.</param>
/// <param name="noise">The run's noise, which labels are drawn from.</param>
/// <param name="conditions">What samples are conditioned on.</param>
/// <param name="batchSize">Most samples in one network call.</param>
/// <param name="parallel">Network calls side by side.</param>
public sealed class NetworkDenoiser(SamplingModel model, NoiseBank noise, Conditions conditions, int batchSize = 64, int parallel = 1) : IDenoiser
{
    private readonly NoiseSchedule schedule = model.Manifest.Schedule;

    /// <inheritdoc/>
    public int Size => model.Manifest.Sample.Size;

    /// <inheritdoc/>
    public void Denoise(float[] states, double[] sigmas, long[] samples, float[] output)
    {
        ArgumentNullException.ThrowIfNull(sigmas);
        var network = model.Networks.Without([]);
        var levels = Array.ConvertAll(sigmas, s => schedule.At(schedule.TimeOfRatio(s)));
        var copies = conditions.IsGuided ? 2 : 1;
        var limit = Math.Max(1, (network.FixedBatch ?? batchSize) / copies);
        // Only a network with a time per sample can mix noise levels in one call.
        var groups = network.TimePerSample
            ? [Enumerable.Range(0, sigmas.Length).ToArray()]
            : Enumerable.Range(0, sigmas.Length).GroupBy(n => levels[n].Time).Select(g => g.ToArray()).ToArray();
        Parallel.ForEach(
            groups.SelectMany(g => g.Chunk(limit)).ToList(),
            new ParallelOptions { MaxDegreeOfParallelism = parallel },
            members => Call(network, members, copies, states, levels, samples, output));
    }

    private void Call(DenoiserNetwork network, int[] members, int copies, float[] states, NoiseLevel[] levels, long[] samples, float[] output)
    {
        var count = network.FixedBatch ?? members.Length * copies;
        var (inputs, times, labels, indices) = (new float[count * Size], new float[count], new float[count], new long[count]);
        for (var i = 0; i < count; i++)
        {
            var n = members[i < members.Length * copies ? i % members.Length : 0];
            TensorPrimitives.Multiply(states.AsSpan(n * Size, Size), (float)levels[n].Alpha, inputs.AsSpan(i * Size, Size));
            times[i] = (float)levels[n].Time;
            indices[i] = samples[n];
            labels[i] = conditions.IsGuided && i >= members.Length
                ? model.Manifest.Labels!.Null!.Value
                : conditions.LabelOf(samples[n], model.Manifest.Labels, noise);
        }

        var result = new float[count * Size];
        network.Run(inputs, times, labels, model.Contexts?.For(indices), result);
        for (var i = 0; i < members.Length; i++)
        {
            var net = result.AsSpan(i * Size, Size);
            if (conditions.IsGuided)
            {
                var free = result.AsSpan((i + members.Length) * Size, Size);
                TensorPrimitives.Subtract(net, free, net);
                TensorPrimitives.MultiplyAdd(net, (float)conditions.GuidanceScale, free, net);
            }

            Predict(inputs.AsSpan(i * Size, Size), net, levels[members[i]], output.AsSpan(members[i] * Size, Size));
        }
    }

    // D = p x + q net, clamped
    private void Predict(ReadOnlySpan<float> state, ReadOnlySpan<float> net, NoiseLevel level, Span<float> data)
    {
        var (p, q) = DataPrediction.For(model.Manifest.Denoiser.Prediction, level);
        TensorPrimitives.Multiply(state, (float)p, data);
        TensorPrimitives.MultiplyAdd(net, (float)q, data, data);
        if (model.Manifest.Sample.ClampDenoised)
        {
            TensorPrimitives.Max(data, (float)model.Manifest.Sample.Low, data);
            TensorPrimitives.Min(data, (float)model.Manifest.Sample.High, data);
        }
    }
}
