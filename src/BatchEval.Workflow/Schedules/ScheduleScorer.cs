using BatchEval.Core.Json;
using BatchEval.Core.Metrics;
using BatchEval.Core.Randomness;
using BatchEval.Core.Sampling;
using BatchEval.Core.Sampling.Placement;
using BatchEval.Core.Search;
using BatchEval.Onnx.Networks;
using BatchEval.Onnx.Sampling;
using BatchEval.Workflow.Cells;
using BatchEval.Workflow.Models;
using BatchEval.Workflow.Scoring;

namespace BatchEval.Workflow.Schedules;

/// <summary>How schedules are sampled while one is looked for.</summary>
/// <param name="Solver">Solver name.</param>
/// <param name="Conditions">Labels and guidance.</param>
/// <param name="Seed">Seed of all noise.</param>
/// <param name="Parallel">Network calls side by side.</param>
public sealed record ScheduleSetting(string Solver, Conditions Conditions, ulong Seed = 0, int Parallel = 1)
{
    /// <summary>Order of what the solver freezes during a step: 2 for multistep solvers, else 1.</summary>
    public int Order => Core.Sampling.Solvers.Solver.Parse(Solver) is { CallsPerStep: 1, Order: > 1 } ? 2 : 1;
}

/// <summary>A schedule with its FID.</summary>
/// <param name="Schedule">The schedule.</param>
/// <param name="Fid">FID against the training images with its standard error; infinite where sampling failed.</param>
/// <param name="Failure">Why sampling failed, or null.</param>
public sealed record ScheduleScore(SamplingSchedule Schedule, ScoreWithError Fid, string? Failure = null);

/// <summary>Samples schedules on the same noise and scores them by FID. Evaluations that schedules share are made once.</summary>
/// <param name="model">The opened model, with feature network and reference statistics.</param>
/// <param name="setting">How to sample.</param>
public sealed class ScheduleScorer(OpenedModel model, ScheduleSetting setting)
{
    private const int Chunk = 32;
    private long evaluations;

    /// <summary>Network calls made so far.</summary>
    public long Evaluations => evaluations;

    /// <summary>Refuses models that cannot be scored.</summary>
    /// <exception cref="ProblemException">The package has no feature network or no reference statistics.</exception>
    public static void Require(OpenedModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        if (model.Features is null || model.Training is null)
        {
            throw new ProblemException($"The model package '{model.Sampling.Package.Directory}' has no feature network and reference statistics, so schedules cannot be compared by FID. klub-dp and klub give the bound's own optimum with --bound.");
        }
    }

    /// <summary>Solver of all schedules.</summary>
    public string Solver => setting.Solver;

    /// <summary>The model's noise schedule.</summary>
    public NoiseSchedule Schedule => model.Sampling.Manifest.Schedule;

    /// <summary>Scores schedules on a range of samples.</summary>
    public IReadOnlyList<ScheduleScore> Score(IReadOnlyList<SamplingSchedule> schedules, SampleRange range, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(schedules);
        Candidate[] candidates = [.. schedules.Select(s => Candidate.At(setting.Solver, s.Times, s.End))];
        var scores = Score(candidates, range, cancellation);
        return [.. schedules.Zip(scores, Describe)];
    }

    /// <summary>A schedule's score under its name.</summary>
    public static ScheduleScore Describe(SamplingSchedule named, ScoredCandidate score)
    {
        ArgumentNullException.ThrowIfNull(named);
        ArgumentNullException.ThrowIfNull(score);
        return new ScheduleScore(named, new ScoreWithError(score.Score, score.Error, score.Samples, "jackknife"), score.Failure);
    }

    /// <summary>Scores candidates on a range of samples.</summary>
    public IReadOnlyList<ScoredCandidate> Score(IReadOnlyList<Candidate> candidates, SampleRange range, CancellationToken cancellation = default)
    {
        Require(model);
        ArgumentNullException.ThrowIfNull(candidates);
        ArgumentNullException.ThrowIfNull(range);
        var distinct = candidates.DistinctBy(c => c.Id).ToList();
        var features = distinct.ToDictionary(c => c.Id, _ => new float[range.Count * model.Features!.Dimensions]);
        var failures = new System.Collections.Concurrent.ConcurrentDictionary<string, string>(StringComparer.Ordinal);
        Parallel.ForEach(
            range.Indices.Chunk(Chunk),
            new ParallelOptions { MaxDegreeOfParallelism = setting.Parallel, CancellationToken = cancellation },
            indices => Sample(distinct, indices, range.Start, features, failures, cancellation));
        var scores = distinct.ToDictionary(c => c.Id, c => Scored(c, new FeatureMatrix(features[c.Id], range.Count, model.Features!.Dimensions), failures.GetValueOrDefault(c.Id)));
        return [.. candidates.Select(c => scores[c.Id])];
    }

    private ScoredCandidate Scored(Candidate candidate, FeatureMatrix features, string? failure)
    {
        if (failure is not null)
        {
            return new ScoredCandidate(candidate, double.PositiveInfinity, 0, features.Count, failure);
        }

        var fid = FrechetJackknife.Estimate(model.Training!, features);
        return new ScoredCandidate(candidate, fid.Value, fid.StandardError, features.Count);
    }

    private void Sample(
        List<Candidate> candidates, long[] indices, long start, Dictionary<string, float[]> features,
        System.Collections.Concurrent.ConcurrentDictionary<string, string> failures, CancellationToken cancellation)
    {
        var engine = new SamplingEngine(model.Sampling, new NoiseBank(setting.Seed), setting.Conditions);
        var results = engine.Run([.. candidates.SelectMany(c => indices.Select(i => (c, i)))], cancellation: cancellation);
        Interlocked.Add(ref evaluations, engine.Evaluations);
        var (shape, dimensions) = (model.Sampling.Manifest.Image, model.Features!.Dimensions);
        for (var c = 0; c < candidates.Count; c++)
        {
            var part = results.AsSpan(c * indices.Length, indices.Length).ToArray();
            if (part.FirstOrDefault(r => r.Failure is not null)?.Failure is { } failure)
            {
                failures.TryAdd(candidates[c].Id, failure);
                continue;
            }

            var images = ImageBatch.Quantise(model.Sampling.Images([.. part.Select(r => r.Image)]), shape);
            model.Features.Extract(images.ToModelRange(shape)).CopyTo(features[candidates[c].Id], (int)(indices[0] - start) * dimensions);
        }
    }
}
