using BatchEval.Workflow.Cells;
using BatchEval.Workflow.Runs;
using BatchEval.Workflow.Scoring;
using BatchEval.Workflow.Storage;

namespace BatchEval.Workflow.Activities;

/// <summary>Keeps a run's <c>run.json</c>. It is derived from the other blobs, so a lost update costs nothing.</summary>
public static class RunStatusFile
{
    /// <summary>Writes where the run stands after a round.</summary>
    public static async Task UpdateAsync(RunStore store, RunContext context, RunState state, TimeProvider time, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(time);
        var name = BlobNames.Status(context.RunId);
        var before = await store.ReadJsonAsync<RunStatus>(name, cancellation);
        var counts = EvaluationCounts.None;
        CandidateScore? best = null;
        for (var round = 0; round < state.Round; round++)
        {
            if (await store.ReadJsonAsync<RoundScores>(BlobNames.Scores(context.RunId, round), cancellation) is { } scores)
            {
                counts += scores.Evaluations;
                best = BestOf(scores, context.Specification.Search.Evolution.Rungs[^1], best);
            }
        }

        var status = state.Stage == RunStage.Done ? "finished" : "running";
        var now = time.GetUtcNow();
        await store.OverwriteJsonAsync(name, new RunStatus(context.RunId, status, state.Stage, state.Round, counts, best, before?.Started ?? now, now, null), cancellation);
    }

    /// <summary>Marks a run in a state of its own: paused, stopped or failed.</summary>
    public static async Task MarkAsync(RunStore store, string runId, string state, string? error, TimeProvider time, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(time);
        var name = BlobNames.Status(runId);
        var now = time.GetUtcNow();
        var status = await store.ReadJsonAsync<RunStatus>(name, cancellation)
            ?? new RunStatus(runId, state, RunStage.Reference, 0, EvaluationCounts.None, null, now, now, null);
        await store.OverwriteJsonAsync(name, status with { State = state, Error = error, Updated = now }, cancellation);
    }

    // Scores on few samples are not compared with scores on many: only those of the last rung count, and the final ones replace them.
    private static CandidateScore? BestOf(RoundScores scores, int samples, CandidateScore? before)
    {
        var comparable = scores.Stage == RunStage.Final || (scores.Stage == RunStage.Search && scores.Scores.Any(s => (s.FidSamples ?? s.PairedSamples) == samples));
        var best = !comparable ? null
            : scores.Scores.Where(s => s.Role is ContestantRole.Searched or ContestantRole.Given && s.Failure is null).MinBy(s => (s.Objective, s.Id));
        return best is null || (scores.Stage == RunStage.Search && before is not null && before.Objective <= best.Objective) ? before : best;
    }
}
