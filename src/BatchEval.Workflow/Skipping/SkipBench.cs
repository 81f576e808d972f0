using System.Diagnostics;
using BatchEval.Core.Metrics.Catalog;
using BatchEval.Core.Randomness;
using BatchEval.Core.Sampling.Skipping;
using BatchEval.Onnx.Networks;
using BatchEval.Onnx.Sampling;
using BatchEval.Workflow.Evaluation;

namespace BatchEval.Workflow.Skipping;

/// <summary>The samples that skipping is judged on.</summary>
/// <param name="First">Index of the first one.</param>
/// <param name="BatchSize">Most samples in one network call.</param>
public sealed record SkipSamples(ulong Seed, Conditions Conditions, int Count, long First = 0, int BatchSize = 64);

/// <summary>
/// A fixed set of samples and their unaccelerated images; measures what a candidate with fewer network calls does to them: calls, time, and metrics of
/// pairs on the same noise and of sets, both against the unaccelerated images (which count as fixed in standard errors).
/// </summary>
public sealed class SkipBench
{
    private readonly OpenedModel model;
    private readonly SkipSamples samples;
    private readonly TimeProvider time;
    private readonly ShardComputer computer;
    private readonly IReadOnlyList<Metric> metrics;
    private readonly ImageBatch reference;
    private readonly Lazy<ReferenceSet?> referenceSet;

    /// <summary>Draws the unaccelerated images.</summary>
    /// <param name="full">The unaccelerated sampler.</param>
    /// <param name="metrics">What to measure.</param>
    /// <param name="cancellation">Checked before every network call.</param>
    /// <exception cref="ProblemException">The unaccelerated sampler does not fit the model, or fails.</exception>
    public SkipBench(OpenedModel model, Candidate full, SkipSamples samples, IReadOnlyList<Metric> metrics, TimeProvider time, CancellationToken cancellation = default)
    {
        (this.model, this.samples, this.metrics, this.time, Full, computer) = (model, samples, metrics, time, full, new ShardComputer(model, new NoiseBank(samples.Seed), samples.Conditions));
        if (full.Violations(model.Sampling.Manifest.Schedule, model.Sampling.Networks.Blocks) is { Count: > 0 } violations)
        {
            throw new ProblemException("The unaccelerated sampler", violations.Select(v => new Problem(string.Empty, v)));
        }

        var results = Sample(full, cancellation);
        if (results.FirstOrDefault(r => r.Failure is not null)?.Failure is { } failure)
        {
            throw new ProblemException($"The unaccelerated sampler fails: {failure}");
        }

        FullStates = [.. results.Select(r => r.Image)];
        reference = ImageBatch.Quantise(model.Sampling.Images(FullStates), model.Sampling.Manifest.Image);
        referenceSet = new(() => samples.Count > 1 && computer.Measure(ShardOf(Full), results) is { Features: not null } found ? new ReferenceSet(CandidateScorer.Join([found], r => r.Features)!) : null);
    }

    /// <summary>The unaccelerated sampler.</summary>
    public Candidate Full { get; }

    /// <summary>Its final states, one per sample.</summary>
    public IReadOnlyList<float[]> FullStates { get; }

    /// <summary>Number of samples.</summary>
    public int Count => samples.Count;

    /// <summary>The unaccelerated sampler's steps under another policy, or with some steps reusing an output.</summary>
    /// <param name="policy">Run-time policy, or null.</param>
    /// <param name="reuse">Indices of steps that reuse, or null.</param>
    public Candidate Variant(SkipPolicy? policy, IEnumerable<int>? reuse = null)
    {
        var reused = (reuse ?? []).ToHashSet();
        return Full.With(Full.Steps.Select((s, k) => reused.Contains(k) ? new CandidateStep(s.Time, reuse: true, numbers: s.Numbers) : s), policy);
    }

    /// <summary>Measures one candidate. No evaluation is shared with another candidate, so the time is its own.</summary>
    /// <param name="cancellation">Checked before every network call.</param>
    public SkipMeasurement Measure(Candidate candidate, CancellationToken cancellation = default)
    {
        using var process = Process.GetCurrentProcess();
        var (processor, began) = (process.TotalProcessorTime, time.GetTimestamp());
        var results = Sample(candidate, cancellation);
        var wall = time.GetElapsedTime(began);
        process.Refresh();
        var busy = process.TotalProcessorTime - processor;
        var (found, failure) = Score(results);
        return new SkipMeasurement(
            candidate, [.. results.Select(r => r.NetworkCalls)], [.. results.Select(r => StepMask.Write(r.Executed))], found,
            wall.TotalMilliseconds / samples.Count, busy.TotalMilliseconds / samples.Count, failure);
    }

    /// <summary>Measures sampled images against the unaccelerated ones.</summary>
    /// <param name="results">One result per sample of the bench, in order.</param>
    /// <returns>What was measured, by the metric's key, or why nothing could be.</returns>
    public (IReadOnlyDictionary<string, MetricValue> Metrics, string? Failure) Score(IReadOnlyList<SampleResult> results)
    {
        var shard = ShardOf(Full);
        var found = computer.Measure(shard, results);
        if (found is not { Failure: null, Images: { } images })
        {
            return (new Dictionary<string, MetricValue>(), found.Failure);
        }

        found = found with
        {
            Pairs = metrics.Any(m => m.IsPaired) ? computer.Compare(images, reference, shard.Key) : null,
            Judged = ShardComputer.Judge(model, images, [.. metrics.Where(m => m.IsJudge)]),
        };
        return (CandidateScorer.Measure(metrics, [found], CandidateScorer.SetsOf(model, [found], metrics, withErrors: true, reference: referenceSet.Value), perImage: true), null);
    }

    /// <summary>Runs candidates on single samples; what they have in common is computed once.</summary>
    /// <param name="work">Pairs of candidate and index of the sample in this bench.</param>
    /// <param name="cancellation">Checked before every network call.</param>
    /// <returns>One result per pair, and the network evaluations really made.</returns>
    public (SampleResult[] Results, long Evaluations) Run(IReadOnlyList<(Candidate Candidate, int Sample)> work, CancellationToken cancellation = default)
    {
        var before = computer.Evaluations;
        var results = computer.Sample(samples.BatchSize, [.. work.Select(w => (w.Candidate, samples.First + w.Sample))], cancellation);
        return (results, computer.Evaluations - before);
    }

    /// <summary>Mean absolute difference of a candidate's final states to the unaccelerated ones, per sample.</summary>
    public IReadOnlyList<double> Errors(Candidate candidate, CancellationToken cancellation = default) =>
        [.. Sample(candidate, cancellation).Select((r, i) => SkipPathFinder.Error(r.Image, FullStates[i], r.Failure))];

    private SampleResult[] Sample(Candidate candidate, CancellationToken cancellation) =>
        Run([.. Enumerable.Range(0, samples.Count).Select(i => (candidate, i))], cancellation).Results;

    private Shard ShardOf(Candidate candidate) =>
        Shard.Create(ShardContext.Of(model.Sampling.Package.Digest, samples.Seed, samples.Conditions, "bench"), candidate, new SampleRange(samples.First, samples.Count));
}
