using BatchEval.Core.Sampling.Placement;
using BatchEval.Workflow.Evaluation;

namespace BatchEval.Workflow.Schedules;

/// <summary>
/// Early stopping of an optimiser of the bound by FID, which Align Your Steps asks for (appendix B.1) because the bound's own optimum is not
/// the best schedule: the course is followed until FID has not improved for some sweeps, and the best that was seen is kept.
/// </summary>
/// <param name="samples">Samples per sweep, the same for all.</param>
public sealed class EarlyStopping(ScheduleScorer scorer, int samples)
{
    /// <summary>Sweeps without improvement after which the optimiser is stopped.</summary>
    public const int Patience = 2;

    /// <summary>Follows a course.</summary>
    /// <param name="course">Schedules in the order in which the optimiser passes them, each computed when it is asked for.</param>
    public async Task<ScheduleScore> FollowAsync(IEnumerable<SamplingSchedule> course, CancellationToken cancellation = default)
    {
        var range = new SampleRange(SampleRange.SearchStart, samples);
        var (best, worse) = ((ScheduleScore?)null, 0);
        foreach (var schedule in course)
        {
            var score = (await scorer.ScoreAsync([schedule], range, cancellation))[0];
            (best, worse) = best is null || score.Fid.Score < best.Fid.Score ? (score, 0) : (best, worse + 1);
            if (worse == Patience)
            {
                break;
            }
        }

        return best ?? throw new ArgumentException("An optimiser passes at least one schedule.", nameof(course));
    }
}
