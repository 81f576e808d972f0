using System.Diagnostics;
using System.Runtime.ExceptionServices;
using BatchEval.Core.Metrics.Catalog;
using BatchEval.Core.Randomness;
using BatchEval.Onnx.Networks;
using BatchEval.Onnx.Runtime;
using BatchEval.Onnx.Sampling;
using BatchEval.Onnx.Text;
using BatchEval.Workflow.Telemetry;

namespace BatchEval.Workflow.Evaluation;

/// <summary>How an evaluation samples.</summary>
/// <param name="Device">Device that the model was opened on.</param>
public sealed record EvaluationSetting(ulong Seed, Conditions Conditions, string Device)
{
    /// <summary>Most samples in one network call; changes no result.</summary>
    public int BatchSize { get; init; } = 64;

    public SamplingLoop Loop { get; init; }

    /// <summary>What samples are drawn for, where the model was opened with prompts of an evaluation's own; null otherwise.</summary>
    public PromptSet? Prompts { get; init; }

    /// <summary>The noise. Samples of one prompt with a seed of its own differ from each other, so that ranges of samples stay disjoint.</summary>
    internal NoiseBank Noise => Prompts is { } prompts
        ? new PerSampleNoiseBank(Seed, sample => prompts.Of(sample).Seed, sample => sample / prompts.Prompts.Count)
        : new NoiseBank(Seed);

    /// <summary>Who stored results say that they were computed by.</summary>
    public string ComputedBy { get; init; } = string.Empty;
}

/// <summary>What <see cref="Evaluator.ComputeAsync"/> did.</summary>
/// <param name="Shards">Shards computed now; the others were there.</param>
/// <param name="Evaluations">Network evaluations made now.</param>
public sealed record ComputedShards(int Shards, long Evaluations);

/// <summary>
/// Scores candidates: what lies in the store is taken from there, what is missing is sampled in common batches, measured and stored. Runs, schedule methods
/// and commands all score through it, so that each finds what another has computed.
/// </summary>
public sealed class Evaluator(OpenedModel model, EvaluationSetting setting, IBlobs blobs, TimeProvider time)
{
    private const int CellSamples = 512;
    private const int UnitEvaluations = 4096;
    private const int MostTold = 3;
    private readonly ShardFiles files = new(blobs);

    /// <summary>What all shards of this evaluator have in common.</summary>
    public ShardContext Context { get; } = ShardContext.Of(model.Sampling.Package.Digest, setting.Seed, setting.Conditions, setting.Device, setting.Prompts, setting.Loop);

    /// <summary>Scores candidates on the same samples.</summary>
    /// <param name="metrics">What to measure, of single sets of images.</param>
    /// <param name="keepImages">Whether images are stored, so that later comparisons need no sampling.</param>
    /// <param name="parallel">Units computed side by side.</param>
    /// <returns>One score per entry.</returns>
    /// <exception cref="NetworkFailedException">The machine could not compute some of the candidates.</exception>
    public async Task<IReadOnlyList<CandidateScore>> ScoreAsync(
        IReadOnlyList<Entry> entries, SampleRange samples, MeasuredMetrics metrics, bool keepImages = false, int parallel = 1, CancellationToken cancellation = default)
    {
        var shards = entries.Select(e => samples.Split([], CellSamples).Select(range => Shard.Create(Context, e.Candidate, range, keepImages)).ToList()).ToList();
        var options = new ParallelOptions { MaxDegreeOfParallelism = parallel, CancellationToken = cancellation };
        await Parallel.ForEachAsync(WorkUnit.Pack(shards.SelectMany(c => c), UnitEvaluations), options, async (unit, stop) => await ComputeAsync(unit.Shards, stop));
        var scorer = new CandidateScorer(model, metrics);
        var scores = new List<CandidateScore>();
        foreach (var (entry, own) in entries.Zip(shards))
        {
            scores.Add(scorer.Score(entry, await ReadAsync(own, metrics.All, cancellation), final: true));
        }

        return scores;
    }

    /// <summary>Computes and stores what shards lack.</summary>
    /// <exception cref="NetworkFailedException">The machine could not compute some of the shards; those that it could are stored.</exception>
    public async Task<ComputedShards> ComputeAsync(IReadOnlyList<Shard> shards, CancellationToken cancellation = default)
    {
        var (gaps, computer) = (await files.GapsAsync(shards, cancellation), new ShardComputer(model, setting.Noise, setting.Conditions, setting.Prompts, setting.Loop));
        foreach (var shard in gaps.Where(g => g.Gap == ShardGap.Pairs).Select(g => g.Shard))
        {
            await files.WritePairsAsync(shard, await CompareAsync(computer, shard, await files.ReadImagesAsync(shard.Key, cancellation), cancellation), cancellation);
        }

        if (gaps.Where(g => g.Gap == ShardGap.Samples).Select(g => g.Shard).ToList() is { Count: > 0 } missing)
        {
            await SampleAsync(computer, missing, cancellation);
        }

        return new ComputedShards(gaps.Count, computer.Evaluations);
    }

    /// <summary>Reads stored results.</summary>
    /// <param name="metrics">The metrics that they are read for; without any, no arrays are read.</param>
    public async Task<IReadOnlyList<ShardResult>> ReadAsync(IReadOnlyList<Shard> shards, IReadOnlyList<Metric> metrics, CancellationToken cancellation = default)
    {
        var logits = metrics.Any(m => m.Needs.HasFlag(MetricNeeds.Logits));
        var judges = metrics.Where(m => m.IsJudge).ToList();
        var results = new List<ShardResult>();
        foreach (var shard in shards)
        {
            var result = await files.ReadAsync(shard, model.Features is not null && metrics.Count > 0, logits, cancellation);
            results.Add(judges.Count > 0 && shard.KeepImages && result.Failure is null
                ? result with { Judged = ShardComputer.Judge(model, await files.ReadImagesAsync(shard.Key, cancellation), judges) }
                : result);
        }

        return results;
    }

    private async Task<PairedValues> CompareAsync(ShardComputer computer, Shard shard, ImageBatch images, CancellationToken cancellation) =>
        computer.Compare(images, await files.ReadImagesAsync(shard.ComparedWith!, cancellation), shard.ComparedWith!);

    private async Task SampleAsync(ShardComputer computer, List<Shard> shards, CancellationToken cancellation)
    {
        var sampler = new UnitSampler(model.Sampling.BatchOf(setting.BatchSize, new DeviceOptions(setting.Device), DeviceOptions.KindOf(setting.Device) == "cpu" ? Environment.ProcessorCount : 1), (batch, work) => computer.Sample(batch, work, cancellation));
        var began = time.GetTimestamp();
        var samples = sampler.Run(shards, cancellation);
        var busy = time.GetElapsedTime(began);
        WorkflowTelemetry.DeviceTime.Add(busy.TotalSeconds);
        WorkflowTelemetry.Images.Add(samples.Keys.Sum(c => (long)c.Range.Count));
        var perCall = busy.TotalMilliseconds / Math.Max(1, samples.Keys.Sum(c => c.NetworkCalls));
        List<Exception> failures = [.. sampler.Failures];
        foreach (var (shard, finished) in samples)
        {
            try
            {
                await MeasureAsync(computer, shard, finished, perCall, cancellation);
            }
            catch (Exception error) when (error is not OperationCanceledException)
            {
                // Decoder, metrics and comparisons fail for one shard; the others are stored.
                failures.Add(error is NetworkFailedException ? new NetworkFailedException($"Candidate {shard.Candidate.ShortId} could not be measured: {ErrorText.Of(error)}", error) : error);
            }
        }

        Throw(failures);
    }

    // What another try would not mend goes first, as it is; failures of the machine are told together.
    private static void Throw(List<Exception> failures)
    {
        if (failures.Find(f => f is not NetworkFailedException) is { } lasting)
        {
            ExceptionDispatchInfo.Throw(lasting);
        }

        if (failures.Count > 0)
        {
            var more = failures.Count > MostTold ? $" And {failures.Count - MostTold} more." : string.Empty;
            throw new NetworkFailedException(string.Join(' ', failures.Take(MostTold).Select(f => f.Message)) + more, failures[0]);
        }
    }

    private async Task MeasureAsync(ShardComputer computer, Shard shard, SampleResult[] samples, double perCall, CancellationToken cancellation)
    {
        using var process = Process.GetCurrentProcess();
        var result = computer.Measure(shard, samples) with { ComputedBy = setting.ComputedBy, Milliseconds = Math.Round(perCall * shard.NetworkCalls, 3), PeakBytes = process.PeakWorkingSet64 };
        if (result is { Failure: null, Images: { } images } && shard.ComparedWith is not null)
        {
            result = result with { Pairs = await CompareAsync(computer, shard, images, cancellation) };
        }

        await files.WriteAsync(shard, result, cancellation);
    }
}
