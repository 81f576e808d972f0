using BatchEval.Core.Randomness;
using BatchEval.Core.Sampling;
using BatchEval.Onnx.Networks;

namespace BatchEval.Onnx.Sampling;

/// <summary>
/// Runs candidates on samples. Samples of different candidates ride in one batch, evaluations that candidates share are made once,
/// and every image is a pure function of (model, candidate, seed, sample index), whatever the batch.
/// </summary>
/// <param name="model">The opened model.</param>
/// <param name="noise">The run's noise.</param>
/// <param name="conditions">What samples are conditioned on.</param>
/// <param name="batchSize">Most samples in one network call.</param>
public sealed class SamplingEngine(SamplingModel model, NoiseBank noise, Conditions conditions, int batchSize = 64)
{
    private const int WaveFactor = 16;

    /// <summary>Network evaluations really made, after sharing; guidance counts twice.</summary>
    public long Evaluations { get; private set; }

    /// <summary>Samples some candidates at some sample indices.</summary>
    /// <param name="work">Pairs of candidate and sample index.</param>
    /// <param name="starts">Start states by sample index instead of the noise bank's, or null.</param>
    /// <param name="cancellation">Checked before every network call.</param>
    /// <returns>One result per pair, in order.</returns>
    public SampleResult[] Run(
        IReadOnlyList<(Candidate Candidate, long Sample)> work, Func<long, float[]>? starts = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(work);
        var plans = work.Select(w => w.Candidate).Distinct().ToDictionary(c => c, c => new SamplingPlan(c, model.Manifest.Schedule, model.Manifest.Denoiser.Prediction));
        // Waves bound memory; samples stay together so that candidates can share evaluations.
        var order = Enumerable.Range(0, work.Count).OrderBy(i => work[i].Sample).ToArray();
        var results = new SampleResult[work.Count];
        foreach (var wave in order.Chunk(batchSize * WaveFactor))
        {
            var lanes = Array.ConvertAll(wave, i => CreateLane(plans[work[i].Candidate], work[i].Sample, starts));
            RunWave(lanes, cancellation);
            for (var i = 0; i < wave.Length; i++)
            {
                results[wave[i]] = new SampleResult(lanes[i].Sample, lanes[i].Label, lanes[i].State, lanes[i].Executed, lanes[i].Failure);
            }
        }

        return results;
    }

    private Lane CreateLane(SamplingPlan plan, long sample, Func<long, float[]>? starts)
    {
        var shape = model.Manifest.Sample;
        var start = new float[shape.Size];
        if (starts is null)
        {
            noise.Fill(sample, NoiseBank.StartDraw, start);
            for (var i = 0; i < start.Length; i++)
            {
                start[i] *= plan.NoiseScale;
            }
        }
        else
        {
            starts(sample).CopyTo(start, 0);
        }

        (double, double)? clamp = shape.ClampDenoised ? (shape.Low, shape.High) : null;
        return new Lane(plan, sample, conditions.LabelOf(sample, model.Manifest.Labels, noise), start, clamp);
    }

    private void RunWave(Lane[] lanes, CancellationToken cancellation)
    {
        var rows = lanes.Max(l => l.Plan.Table.Rows.Count);
        for (var row = 0; row < rows; row++)
        {
            var active = lanes.Where(l => l.IsActive(row)).ToList();
            var calling = active.Where(l => l.NeedsCall(row)).ToList();
            Evaluate(calling, row, cancellation);
            active.ForEach(lane => lane.Advance(row, noise));
        }
    }

    private void Evaluate(List<Lane> lanes, int row, CancellationToken cancellation)
    {
        var shared = lanes.GroupBy(l => (l.Plan.Keys[row], l.Path, l.Sample)).ToList();
        foreach (var network in shared.GroupBy(g => DropKey(g.First(), row)))
        {
            var source = model.Networks.Without(network.First().First().Plan.StepOf(row).Drop);
            var groups = source.TimePerSample ? [network.ToList()] : network.GroupBy(g => Time(g.First(), row)).Select(g => g.ToList());
            var limit = source.FixedBatch ?? batchSize;
            foreach (var batch in groups.SelectMany(g => g.Chunk(conditions.IsGuided ? Math.Max(1, limit / 2) : limit)))
            {
                cancellation.ThrowIfCancellationRequested();
                Call(source, batch, row);
            }
        }
    }

    private void Call(DenoiserNetwork network, IGrouping<(UInt128, UInt128, long), Lane>[] batch, int row)
    {
        var size = model.Manifest.Sample.Size;
        var copies = conditions.IsGuided ? 2 : 1;
        var count = network.FixedBatch ?? batch.Length * copies;
        var (states, times, labels, samples) = (new float[count * size], new float[count], new float[count], new long[count]);
        for (var i = 0; i < count; i++)
        {
            var lane = batch[i < batch.Length * copies ? i % batch.Length : 0].First();
            lane.State.CopyTo(states, i * size);
            times[i] = Time(lane, row);
            labels[i] = i >= batch.Length && conditions.IsGuided ? model.Manifest.Labels!.Null!.Value : lane.Label;
            samples[i] = lane.Sample;
        }

        var output = new float[count * size];
        network.Run(states, times, labels, model.Contexts?.For(samples), output);
        Evaluations += batch.Length * copies;
        for (var i = 0; i < batch.Length; i++)
        {
            var result = output.AsSpan(i * size, size).ToArray();
            if (conditions.IsGuided)
            {
                Guide(result, output.AsSpan((i + batch.Length) * size, size));
            }

            foreach (var lane in batch[i])
            {
                lane.Take(row, result);
            }
        }
    }

    // net = null + scale * (conditional - null)
    private void Guide(Span<float> conditional, ReadOnlySpan<float> unconditional)
    {
        var scale = (float)conditions.GuidanceScale;
        for (var i = 0; i < conditional.Length; i++)
        {
            conditional[i] = unconditional[i] + (scale * (conditional[i] - unconditional[i]));
        }
    }

    private static float Time(Lane lane, int row) => (float)lane.Plan.Table.Rows[row].NetworkTime;

    private static string DropKey(Lane lane, int row) => string.Join(',', lane.Plan.StepOf(row).Drop);
}
