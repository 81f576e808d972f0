using BatchEval.Core.Metrics;
using BatchEval.Core.Search;
using BatchEval.Core.Search.Costs;
using BatchEval.Workflow.Cells;
using BatchEval.Workflow.Models;

namespace BatchEval.Workflow.Scoring;

/// <summary>Puts a candidate's cells together into its scores.</summary>
/// <param name="model">The opened model, for its reference statistics.</param>
/// <param name="metric">The objective's metric.</param>
/// <param name="costs">What the model costs, or null where that is unknown.</param>
/// <param name="guided">True where every call evaluates the network twice.</param>
public sealed class CandidateScorer(OpenedModel model, string metric, CostModel? costs = null, bool guided = false)
{
    /// <summary>PSNR at which the mean stops growing, so that one equal pair does not make it infinite.</summary>
    public const double PsnrCap = 100;

    /// <summary>Scores a candidate.</summary>
    /// <param name="contestant">The candidate.</param>
    /// <param name="cells">Results of its cells, in sample order.</param>
    /// <param name="features">Features of its cells, in sample order.</param>
    /// <param name="final">True to compute everything, false for the objective alone.</param>
    /// <param name="control">Control variate of the moments of the features, or null.</param>
    public CandidateScore Score(Contestant contestant, IReadOnlyList<CellResult> cells, IReadOnlyList<float[]> features, bool final, ControlledMoments? control = null)
    {
        ArgumentNullException.ThrowIfNull(contestant);
        var cost = costs?.Of(contestant.Candidate, guided);
        var score = new CandidateScore
        {
            Id = contestant.Candidate.ShortId,
            Name = contestant.Name,
            Role = contestant.Role,
            Candidate = contestant.Candidate,
            NetworkCalls = Math.Round(cells.SelectMany(c => c.NetworkCalls).Average(), 4),
            Macs = cost?.Macs,
            Milliseconds = cost is { Milliseconds: > 0 } ? Math.Round(cost.Milliseconds, 4) : null,
            PeakBytes = cost?.PeakBytes,
            Objective = double.PositiveInfinity,
            NetworkCallsPerImage = contestant.Candidate.Skip is null ? null : ScoreDistribution.Of(cells.SelectMany(c => c.NetworkCalls).Select(n => (double)n)),
        };
        if (cells.FirstOrDefault(c => c.Failure is not null)?.Failure is { } failure)
        {
            return score with { Failure = failure };
        }

        score = AddPaired(score, cells, final);
        if (features.Count > 0 && (final || metric == "fid"))
        {
            score = AddDistribution(score, Join(features), final, control);
        }

        return AddObjective(score);
    }

    /// <summary>The part that a search works with.</summary>
    public static ScoredCandidate ToSearch(CandidateScore score, int samples)
    {
        ArgumentNullException.ThrowIfNull(score);
        return new ScoredCandidate(score.Candidate, score.Objective, score.ObjectiveError, samples, score.Failure);
    }

    /// <summary>The control variate that a candidate's features on few and on many samples make.</summary>
    public ControlledMoments Control(IReadOnlyList<float[]> few, IReadOnlyList<float[]> many) =>
        new(MomentAccumulator.Of(Join(few)).ToStatistics(), MomentAccumulator.Of(Join(many)).ToStatistics());

    private static double Distance(FrechetReference reference, FeatureMatrix features, ControlledMoments? control) =>
        control is null ? reference.DistanceTo(features) : reference.DistanceToEstimate(control.Correct(MomentAccumulator.Of(features).ToStatistics()));

    private FeatureMatrix Join(IReadOnlyList<float[]> parts)
    {
        var all = parts.SelectMany(p => p).ToArray();
        var dimensions = model.Features!.Dimensions;
        return new FeatureMatrix(all, all.Length / dimensions, dimensions);
    }

    private CandidateScore AddDistribution(CandidateScore score, FeatureMatrix features, bool final, ControlledMoments? control)
    {
        if (model.Training is { } training)
        {
            // A search compares values only; standard errors are for scores that people see.
            var fid = final ? Estimate(training, features) : new ScoreWithError(Distance(training, features, control), 0, features.Count, "none");
            score = score with { Fid = fid.Value, FidError = final ? fid.StandardError : null, FidSamples = features.Count };
        }

        if (final && model.HeldOut is { } heldOut)
        {
            var fid = Estimate(heldOut, features);
            score = score with { FidHeldOut = fid.Value, FidHeldOutError = fid.StandardError };
        }

        return score;
    }

    // Groups of at least two samples; with fewer than four samples there is no error to speak of.
    private static ScoreWithError Estimate(FrechetReference reference, FeatureMatrix features) => features.Count < 4
        ? new ScoreWithError(reference.DistanceTo(features), double.PositiveInfinity, features.Count, "too few samples")
        : FrechetJackknife.Estimate(reference, features, Math.Min(FrechetJackknife.DefaultGroups, features.Count / 2));

    private static CandidateScore AddPaired(CandidateScore score, IReadOnlyList<CellResult> cells, bool final)
    {
        double[] psnrs = [.. cells.SelectMany(c => c.Psnr ?? []).Select(p => Math.Min(p, PsnrCap))];
        double[] ssims = [.. cells.SelectMany(c => c.Ssim ?? [])];
        double[] lpipses = [.. cells.SelectMany(c => c.Lpips ?? [])];
        var (psnr, psnrError, count) = Mean(psnrs);
        var (ssim, ssimError, _) = Mean(ssims);
        var (lpips, lpipsError, _) = Mean(lpipses);
        return score with
        {
            Psnr = psnr, PsnrError = psnrError, Ssim = ssim, SsimError = ssimError, Lpips = lpips, LpipsError = lpipsError,
            PairedSamples = count == 0 ? null : count,
            PsnrPerImage = final ? ScoreDistribution.Of(psnrs) : null,
            SsimPerImage = final ? ScoreDistribution.Of(ssims) : null,
            LpipsPerImage = final ? ScoreDistribution.Of(lpipses) : null,
        };
    }

    private CandidateScore AddObjective(CandidateScore score)
    {
        var (value, error) = metric switch
        {
            "psnr" => (-score.Psnr, score.PsnrError),
            "ssim" => (-score.Ssim, score.SsimError),
            "lpips" => (score.Lpips, score.LpipsError),
            _ => (score.Fid, score.FidError),
        };
        return value is { } v && double.IsFinite(v)
            ? score with { Objective = v, ObjectiveError = error ?? 0 }
            : score with { Failure = $"The objective '{metric}' could not be computed." };
    }

    private static (double? Mean, double? Error, int Count) Mean(double[] all)
    {
        if (all.Length == 0)
        {
            return (null, null, 0);
        }

        var mean = all.Average();
        var error = all.Length < 2 ? 0 : Math.Sqrt(all.Sum(v => (v - mean) * (v - mean)) / (all.Length - 1) / all.Length);
        return (mean, error, all.Length);
    }
}
