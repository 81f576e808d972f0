using System.Text.RegularExpressions;
using BatchEval.Workflow.Control;
using BatchEval.Workflow.Runs;
using BatchEval.Workflow.Storage;

namespace BatchEval.Http.Runs;

/// <summary>Checks the names that requests give before they become part of a blob's name, and reads where a run stands.</summary>
internal sealed partial class RunLookup(RunApiContext context)
{
    /// <summary>Whether a text has the form of a run's id.</summary>
    public static bool IsRunId(string text) => RunIdPattern().IsMatch(text);

    /// <summary>Where a run stands, with what the control knows beyond the store.</summary>
    public async Task<(RunStatus Status, RunLife? Life)> RequireAsync(string run, CancellationToken cancellation)
    {
        if (!IsRunId(run))
        {
            throw Refusal.NotFound("There is no run of that name.").Exception();
        }

        var status = await context.Store.ReadJsonAsync<RunStatus>(BlobNames.Status(run), cancellation);
        if (status is null)
        {
            // A submission that was cut off between its two blobs.
            var now = context.Time.GetUtcNow();
            status = await context.Store.ExistsAsync(BlobNames.Specification(run), cancellation)
                ? new RunStatus(run, RunStates.Pending, RunStage.Reference, 0, EvaluationCounts.None, null, now, now, null)
                : throw Refusal.NotFound($"There is no run '{run}'.").Exception();
        }

        var life = await context.Control.LookAsync(run, cancellation);
        return (life?.State is { } state ? status with { State = state, Error = life.Error ?? status.Error } : status, life);
    }

    /// <summary>Refuses what cannot be the id of a candidate.</summary>
    public static void CheckCandidate(string candidate)
    {
        if (!CandidatePattern().IsMatch(candidate))
        {
            throw Refusal.NotFound("There is no candidate of that name; ids are hexadecimal digits, or reference for the images of the unaccelerated sampler.").Exception();
        }
    }

    /// <summary>Refuses what cannot be the name of a file.</summary>
    public static void CheckFile(string file)
    {
        if (!FilePattern().IsMatch(file))
        {
            throw Refusal.NotFound("There is no file of that name.").Exception();
        }
    }

    [GeneratedRegex(@"\A[a-z](-?[a-z0-9]){0,39}-[0-9a-f]{8}\z")]
    private static partial Regex RunIdPattern();

    [GeneratedRegex(@"\A([0-9a-f]{6,64}|reference)\z")]
    private static partial Regex CandidatePattern();

    [GeneratedRegex(@"\A[A-Za-z0-9](\.?[A-Za-z0-9_-]){0,63}\z")]
    private static partial Regex FilePattern();
}
