using BatchEval.Core.Randomness;
using BatchEval.Core.Sampling;
using BatchEval.Onnx.Guidance;
using BatchEval.Onnx.Networks;

namespace BatchEval.Onnx.Sampling;

/// <summary>
/// Runs candidates on samples. Samples of different candidates share batches, evaluations that candidates share are made once, both in the loop on the host alone,
/// and every image is a pure function of (model, candidate, seed, sample index, loop), whatever the batch.
/// </summary>
/// <param name="noise">The run's noise.</param>
/// <param name="batchSize">Most samples in one network call.</param>
public sealed class SamplingEngine(SamplingModel model, NoiseBank noise, Conditions conditions, int batchSize = 64)
{
    private const int WaveFactor = 16;
    private readonly GuidedDenoiser denoiser = new(model.Manifest, model.Required(), conditions, batchSize, model.Classifier)
    {
        KeepsVariances = model.Networks.Without([]).OutputSize > model.Manifest.Sample.Size,
    };

    /// <summary>Network evaluations really made, after sharing; guidance counts twice.</summary>
    public long Evaluations => denoiser.Evaluations;

    public SamplingLoop Loop { get; init; }

    /// <summary>Told after each row how many of the rows of how many samples are done.</summary>
    public Action<int, int>? Progress { get; init; }

    /// <summary>The loop that a candidate takes: with a skip policy, which decides after each step and sample by sample what comes next, always the host's.</summary>
    public static SamplingLoop LoopOf(Candidate candidate, SamplingLoop asked) => candidate.Skip is null ? asked : SamplingLoop.Host;

    /// <summary>Checks a loop against a model and conditions.</summary>
    /// <exception cref="ProblemException">The loop is the device's, and the model thresholds or its classifier guides.</exception>
    public static void Check(SamplingLoop loop, ModelManifest manifest, Conditions conditions)
    {
        var obstacle = loop == SamplingLoop.Host ? null : manifest.Sample.Limit is { Quantile: not null } ? "its data predictions are thresholded (sample.thresholding)"
            : conditions.ClassifierScale != 0 ? "its classifier guides (classifierScale)" : null;
        if (obstacle is not null)
        {
            throw new ProblemException($"The model '{manifest.Name}' cannot be sampled by the loop 'device': {obstacle}, which is done on the processor. Use the loop 'host'.");
        }
    }

    /// <summary>Samples some candidates at some sample indices.</summary>
    /// <param name="work">Pairs of candidate and sample index.</param>
    /// <param name="starts">Start states by sample index instead of the noise bank's, or null.</param>
    /// <param name="cancellation">Checked before every network call.</param>
    /// <returns>One result per pair, in order.</returns>
    public SampleResult[] Run(
        IReadOnlyList<(Candidate Candidate, long Sample)> work, Func<long, float[]>? starts = null, CancellationToken cancellation = default)
    {
        var plans = work.Select(w => w.Candidate).Distinct().ToDictionary(c => c, c => new SamplingPlan(c, model.Manifest.Schedule, model.Manifest.Denoiser.Prediction));
        if (!denoiser.KeepsVariances && plans.Values.FirstOrDefault(p => p.Table.LearnsNoise) is { } learned)
        {
            throw new ProblemException($"{learned.Candidate.Solver} takes its noise from variances in the second half of the network's output; this network gives {model.Manifest.Sample.Channels} channels, and {2 * model.Manifest.Sample.Channels} are needed.");
        }

        foreach (var plan in plans.Values)
        {
            conditions.Check(plan.Candidate.Solver, plan.Table);
        }

        Check(Loop, model.Manifest, conditions);
        // Samples stay together so that candidates can share evaluations.
        var order = Enumerable.Range(0, work.Count).OrderBy(i => work[i].Sample).ToLookup(i => LoopOf(work[i].Candidate, Loop));
        var results = new SampleResult[work.Count];
        foreach (var own in order[SamplingLoop.Device].GroupBy(i => work[i].Candidate))
        {
            RunOnDevice(plans[own.Key], [.. own.Select(i => (i, work[i].Sample))], starts, results, cancellation);
        }

        // Waves bound memory.
        foreach (var wave in order[SamplingLoop.Host].Chunk(batchSize * WaveFactor))
        {
            var trajectories = Array.ConvertAll(wave, i => CreateTrajectory(plans[work[i].Candidate], work[i].Sample, starts));
            RunWave(trajectories, cancellation);
            for (var i = 0; i < wave.Length; i++)
            {
                results[wave[i]] = new SampleResult(trajectories[i].Sample, trajectories[i].Label, trajectories[i].State, trajectories[i].Executed, trajectories[i].Failure);
            }
        }

        return results;
    }

    private void RunOnDevice(SamplingPlan plan, (int Result, long Sample)[] work, Func<long, float[]>? starts, SampleResult[] results, CancellationToken cancellation)
    {
        // All batches but the last have one size.
        foreach (var batches in work.Chunk(model.Networks.Without([]).FixedBatch ?? batchSize).GroupBy(b => b.Length))
        {
            using var loop = new DeviceLoop(model, denoiser, plan, batches.Key);
            foreach (var batch in batches)
            {
                var finished = loop.Run([.. batch.Select(w => (w.Sample, LabelOf(w.Sample), StartOf(plan, w.Sample, starts)))], noise, Progress, cancellation);
                for (var i = 0; i < batch.Length; i++)
                {
                    results[batch[i].Result] = finished[i];
                }
            }
        }
    }

    private Trajectory CreateTrajectory(SamplingPlan plan, long sample, Func<long, float[]>? starts) =>
        new(plan, sample, LabelOf(sample), StartOf(plan, sample, starts), denoiser.LimitAfter);

    private int LabelOf(long sample) => conditions.LabelOf(sample, model.Manifest.Labels, noise);

    private float[] StartOf(SamplingPlan plan, long sample, Func<long, float[]>? starts)
    {
        var start = new float[model.Manifest.Sample.Size];
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

        return start;
    }

    private void RunWave(Trajectory[] trajectories, CancellationToken cancellation)
    {
        var rows = trajectories.Max(l => l.Plan.Table.Rows.Count);
        for (var row = 0; row < rows; row++)
        {
            var active = trajectories.Where(l => l.IsActive(row)).ToList();
            var calling = active.Where(l => l.NeedsCall(row)).ToList();
            Evaluate(calling, row, cancellation);
            active.ForEach(trajectory => trajectory.Advance(row, noise));
            Progress?.Invoke(row + 1, rows);
        }
    }

    private void Evaluate(List<Trajectory> trajectories, int row, CancellationToken cancellation)
    {
        var shared = trajectories.GroupBy(l => (l.Plan.Keys[row], l.Path, l.Sample)).ToList();
        foreach (var group in shared.GroupBy(g => DropKey(g.First(), row)))
        {
            var network = model.Networks.Without(group.First().First().Plan.StepOf(row).Drop);
            var members = group.ToList();
            var evaluations = members.ConvertAll(g => RowOf(g.First(), row));
            foreach (var batch in denoiser.Batches(network, evaluations))
            {
                cancellation.ThrowIfCancellationRequested();
                var outputs = denoiser.Evaluate(network, evaluations, batch);
                for (var i = 0; i < batch.Length; i++)
                {
                    var result = outputs[i];
                    foreach (var trajectory in members[batch[i]])
                    {
                        trajectory.Take(row, trajectory.Plan.Table.LearnsNoise || result.Output.Length == trajectory.State.Length ? result : result with { Output = result.Output[..trajectory.State.Length] });
                    }
                }
            }
        }
    }

    private static DenoiserRow RowOf(Trajectory trajectory, int row) => new(
        trajectory.State, trajectory.Plan.Table.Rows[row].Level, trajectory.Plan.Table.Rows[row].NetworkTime, trajectory.Sample, trajectory.Label,
        trajectory.Plan.StepOf(row).Guidance, trajectory.Difference);

    private static string DropKey(Trajectory trajectory, int row) => string.Join(',', trajectory.Plan.StepOf(row).Drop);
}
