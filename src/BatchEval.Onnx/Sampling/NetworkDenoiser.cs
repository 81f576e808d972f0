using System.Numerics.Tensors;
using BatchEval.Core.Randomness;
using BatchEval.Core.Sampling;
using BatchEval.Core.Search.Schedules;
using BatchEval.Onnx.Guidance;
using BatchEval.Onnx.Networks;

namespace BatchEval.Onnx.Sampling;

/// <summary>
/// A model's network as a denoiser in variance-exploding coordinates: the state is scaled by alpha, the output turned into the data prediction
/// and clamped where the model's sampler clamps, so that schedules are computed for what sampling really does.
/// </summary>
/// <param name="noise">The run's noise, which labels are drawn from.</param>
/// <param name="batchSize">Most samples in one network call.</param>
/// <param name="parallel">Network calls side by side.</param>
public sealed class NetworkDenoiser(SamplingModel model, NoiseBank noise, Conditions conditions, int batchSize = 64, int parallel = 1) : IDenoiser
{
    private readonly NoiseSchedule schedule = model.Manifest.Schedule;
    private readonly GuidedDenoiser denoiser = new(model.Manifest, model.Required(), conditions, batchSize, model.Classifier);

    public int Size => model.Manifest.Sample.Size;

    public void Denoise(float[] states, double[] sigmas, long[] samples, float[] output)
    {
        var network = model.Networks.Without([]);
        var levels = Array.ConvertAll(sigmas, s => schedule.At(schedule.TimeOfRatio(s)));
        var rows = Enumerable.Range(0, sigmas.Length).Select(n => RowOf(states, n, levels[n], samples[n])).ToList();
        Parallel.ForEach(
            denoiser.Batches(network, rows).ToList(),
            new ParallelOptions { MaxDegreeOfParallelism = parallel },
            members => NetworkCall.InBatches(members.Length, members.Length, (start, count) =>
            {
                var part = members[start..(start + count)];
                var nets = denoiser.Evaluate(network, rows, part);
                for (var i = 0; i < count; i++)
                {
                    var data = output.AsSpan(part[i] * Size, Size);
                    DataPrediction.For(model.Manifest.Denoiser.Prediction, levels[part[i]]).Apply<float>(rows[part[i]].State.Span, nets[i].Output, data);
                    denoiser.LimitAfter?.Apply(data);
                }
            }));
    }

    private DenoiserRow RowOf(float[] states, int index, NoiseLevel level, long sample)
    {
        var state = new float[Size];
        TensorPrimitives.Multiply(states.AsSpan(index * Size, Size), (float)level.Alpha, state);
        return new DenoiserRow(state, level, level.Time, sample, conditions.LabelOf(sample, model.Manifest.Labels, noise));
    }
}
