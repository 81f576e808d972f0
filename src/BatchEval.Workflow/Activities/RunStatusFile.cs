using BatchEval.Workflow.Evaluation;
using BatchEval.Workflow.Runs;

namespace BatchEval.Workflow.Activities;

/// <summary>
/// Keeps a run's <c>run.json</c>. Several processes write it, so every change is made to what is read, and made again when somebody else
/// was faster. A finished run stays finished, and a deleted one stays deleted.
/// </summary>
public static class RunStatusFile
{
    /// <summary>Writes where the run stands after a round. An order to pause or to stop is kept.</summary>
    /// <exception cref="InvalidOperationException">The run was deleted.</exception>
    public static async Task UpdateAsync(RunStore store, RunContext context, RunState state, TimeProvider time, CancellationToken cancellation)
    {
        var counts = EvaluationCounts.None;
        CandidateScore? best = null;
        var search = context.Specification.Search;
        var samples = search.Interval is not null ? context.Specification.Validation.Samples : search.Evolution.Rungs[^1];
        for (var round = 0; round < state.Round; round++)
        {
            if (await store.ReadJsonAsync<RoundScores>(BlobNames.Scores(context.RunId, round), cancellation) is { } scores)
            {
                counts += scores.Evaluations;
                best = BestOf(scores, samples, best);
            }
        }

        var now = time.GetUtcNow();
        var written = await ChangeAsync(
            store,
            context.RunId,
            before => before is { State: RunStates.Finished } ? before : new RunStatus(context.RunId, After(before?.State, state.Stage), state.Stage, state.Round, counts, best, before?.Started ?? now, now, null),
            cancellation);
        if (written is null)
        {
            throw new InvalidOperationException($"Run '{context.RunId}' was deleted.");
        }
    }

    /// <summary>Marks a run in a state of its own.</summary>
    /// <param name="from">States that it may follow; null for all but finished.</param>
    /// <returns>The status as it is now, or null where there is no such run.</returns>
    public static Task<RunStatus?> MarkAsync(
        RunStore store, string runId, string state, string? error, TimeProvider time, IReadOnlyCollection<string>? from = null, CancellationToken cancellation = default)
    {
        var now = time.GetUtcNow();
        return ChangeAsync(store, runId, Change, cancellation);

        RunStatus Change(RunStatus? before)
        {
            var status = before ?? new RunStatus(runId, RunStates.Pending, RunStage.Reference, 0, EvaluationCounts.None, null, now, now, null);
            var allowed = status.State != RunStates.Finished && (from is null || from.Contains(status.State));
            return allowed ? status with { State = state, Error = error, Updated = now } : status;
        }
    }

    private static string After(string? before, RunStage stage) =>
        stage == RunStage.Done ? RunStates.Finished
        : before is RunStates.Paused or RunStates.Stopping or RunStates.Stopped ? before
        : RunStates.Running;

    // A run without a status is one whose submission was cut off, or one that was deleted: its specification tells.
    private static async Task<RunStatus?> ChangeAsync(RunStore store, string runId, Func<RunStatus?, RunStatus> change, CancellationToken cancellation)
    {
        var exists = await store.ExistsAsync(BlobNames.Specification(runId), cancellation);
        return await store.ChangeJsonAsync<RunStatus>(BlobNames.Status(runId), before => before is null && !exists ? null : change(before), cancellation);
    }

    // Scores on few samples are not compared with scores on many: only those of the last rung count, or of validation, and the final ones replace them.
    private static CandidateScore? BestOf(RoundScores scores, int samples, CandidateScore? before)
    {
        var comparable = scores.Stage == RunStage.Final || (scores.Stage == RunStage.Search && scores.Scores.Any(s => s.Samples == samples));
        var best = !comparable ? null
            : scores.Scores.Where(s => s.Role is EntryRole.Searched or EntryRole.Given && s.Failure is null).MinBy(s => (s.Objective, s.Id));
        return best is null || (scores.Stage == RunStage.Search && before is not null && before.Objective <= best.Objective) ? before : best;
    }
}
