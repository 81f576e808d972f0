using BatchEval.Core.Metrics.Catalog;
using BatchEval.Core.Sampling.Placement;
using BatchEval.Core.Search;
using BatchEval.Onnx.Networks;
using BatchEval.Onnx.Sampling;
using BatchEval.Workflow.Evaluation;

namespace BatchEval.Workflow.Schedules;

/// <summary>How schedules are sampled while one is looked for.</summary>
/// <param name="Parallel">Network calls side by side.</param>
/// <param name="Device">Device that the model was opened on.</param>
public sealed record ScheduleSetting(string Solver, Conditions Conditions, ulong Seed = 0, int Parallel = 1, string Device = "cpu")
{
    public SamplingLoop Loop { get; init; }

    /// <summary>Order of what the solver freezes during a step: 2 for multistep solvers, else 1.</summary>
    public int Order => Core.Sampling.Solvers.Solver.Parse(Solver) is { CallsPerStep: 1, Order: > 1 } ? 2 : 1;
}

/// <summary>A schedule with its FID.</summary>
/// <param name="Fid">FID against the training images; infinite where sampling failed.</param>
public sealed record ScheduleScore(SamplingSchedule Schedule, ScoredCandidate Fid);

/// <summary>Scores schedules by FID on the same noise, through the stored results that runs share.</summary>
/// <param name="model">The opened model, with feature network and reference statistics.</param>
public sealed class ScheduleScorer(OpenedModel model, ScheduleSetting setting, IBlobs blobs)
{
    private static readonly MeasuredMetrics Fid = new(MetricCatalog.Find("fid"), [MetricCatalog.Find("fid")]);
    private readonly Evaluator evaluator = new(model, new EvaluationSetting(setting.Seed, setting.Conditions, setting.Device) { ComputedBy = "schedule", Loop = setting.Loop }, blobs, TimeProvider.System);

    /// <summary>Network calls of everything scored so far, before any are shared or found.</summary>
    public long Calls { get; private set; }

    /// <summary>Refuses models that cannot be scored.</summary>
    /// <exception cref="ProblemException">The package has no feature network or no reference statistics.</exception>
    public static void Require(OpenedModel model)
    {
        if (model.Features is null || model.Training is null)
        {
            throw new ProblemException($"The model package '{model.Sampling.Package.Directory}' has no feature network and reference statistics, so schedules cannot be compared by FID. klub-dp and klub give the bound's own optimum with --bound.");
        }
    }

    public string Solver => setting.Solver;

    /// <summary>The model's noise schedule.</summary>
    public NoiseSchedule Schedule => model.Sampling.Manifest.Schedule;

    public async Task<IReadOnlyList<ScheduleScore>> ScoreAsync(IReadOnlyList<SamplingSchedule> schedules, SampleRange range, CancellationToken cancellation = default)
    {
        var scores = await ScoreAsync([.. schedules.Select(s => Candidate.At(setting.Solver, s.Times, s.End))], range, cancellation);
        return [.. schedules.Zip(scores, (schedule, score) => new ScheduleScore(schedule, score))];
    }

    public async Task<IReadOnlyList<ScoredCandidate>> ScoreAsync(IReadOnlyList<Candidate> candidates, SampleRange range, CancellationToken cancellation = default)
    {
        Require(model);
        Calls += candidates.DistinctBy(c => c.Id).Sum(c => (long)c.NetworkCalls * range.Count);
        // A run keeps the images of its final samples, and compares them with those of the unaccelerated sampler.
        var keepImages = range.Start >= SampleRange.FinalStart;
        var scores = await evaluator.ScoreAsync([.. candidates.Select(c => new Entry(c.ShortId, EntryRole.Given, c))], range, Fid, keepImages, setting.Parallel, cancellation);
        return [.. scores.Select(s => CandidateScorer.ToSearch(s, range.Count))];
    }
}
