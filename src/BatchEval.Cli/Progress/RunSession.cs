using BatchEval.Cli.Results;
using BatchEval.Cli.Storage;
using BatchEval.Workflow.Activities;
using BatchEval.Workflow.Local;
using BatchEval.Workflow.Models;
using BatchEval.Workflow.Runs;
using BatchEval.Workflow.Specifications;
using BatchEval.Workflow.Storage;
using BatchEval.Workflow.Telemetry;

namespace BatchEval.Cli.Progress;

/// <summary>Submits a specification, runs or resumes it in this process, and shows how it goes.</summary>
/// <param name="parallelism">Units in flight.</param>
/// <param name="verbose">Whether failures are printed in full.</param>
internal sealed class RunSession(StoreAccess access, ModelHost models, int parallelism, Shell shell, bool verbose)
{
    private readonly RunStore store = access.Store;

    /// <summary>Runs to the end.</summary>
    /// <returns>The finished run and 0, or null and the exit code of a failed or interrupted one.</returns>
    /// <exception cref="ProblemException">The specification cannot be used; nothing was started.</exception>
    public async Task<(RunDocument? Document, int ExitCode)> RunAsync(RunSpecification specification, CancellationToken cancellation)
    {
        var (run, isNew) = await new RunSubmission(store, models, shell.Time).SubmitAsync(specification, cancellation);
        var status = await store.ReadJsonAsync<RunStatus>(BlobNames.Status(run), cancellation);
        if (status?.State == RunStates.Finished)
        {
            shell.Error.WriteLine($"Run {run} has finished before; nothing is computed again.");
        }
        else
        {
            await ModelRecord.RequireDeviceAsync(store, run, models.Device.Device, cancellation);
            shell.Error.WriteLine($"{(isNew ? "Starting" : "Resuming")} run {run} on {models.Device.Device} with {parallelism} unit{(parallelism == 1 ? string.Empty : "s")} side by side.");
            if (await ExecuteAsync(run, specification, cancellation) is var code && code != ExitCodes.Done)
            {
                return (null, code);
            }
        }

        models.Dispose();
        return (await RunDocument.ReadAsync(store, run, cancellation), ExitCodes.Done);
    }

    private async Task<int> ExecuteAsync(string run, RunSpecification specification, CancellationToken cancellation)
    {
        try
        {
            var progress = new RunProgress(run, specification, shell.Time) { Trouble = () => access.Trouble };
            using var summary = new TelemetrySummary(shell.Time, parallelism);
            var work = access.ResumingAsync(interrupted => ComputeAsync(specification, new SharedRunNotice(progress, shell.Error), interrupted), cancellation);
            await new ProgressDisplay(shell, progress, store).FollowAsync(work);
            shell.Error.WriteLine($"Run {run}: {summary.Text()}.");
            if (await work)
            {
                return ExitCodes.Done;
            }

            await TryMarkAsync(run, RunStates.Stopped, null);
            shell.Error.WriteLine($"Run {run} was stopped by another process; the same command goes on with it.");
            return ExitCodes.Interrupted;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            if (await OthersAsync(run) is { Length: > 0 } others)
            {
                shell.Error.WriteLine($"This process has left run {run}; it goes on in {others}.");
                return ExitCodes.Interrupted;
            }

            await TryMarkAsync(run, RunStates.Paused, null);
            shell.Error.WriteLine($"Run {run} was interrupted; the same command resumes it, and finished work is kept.");
            return ExitCodes.Interrupted;
        }
#pragma warning disable CA1031 // Whatever ends a run that has begun is recorded with it.
        catch (Exception error)
#pragma warning restore CA1031
        {
            if (await OthersAsync(run) is { Length: > 0 } others)
            {
                shell.Error.WriteLine($"This process cannot go on with run {run}; it goes on in {others}.");
            }
            else
            {
                await TryMarkAsync(run, RunStates.Failed, ErrorText.Of(error));
                shell.Error.WriteLine($"Run {run} failed; finished work is kept, and the same command goes on from there.");
            }

            if (access.Trouble is { } trouble)
            {
                shell.Error.WriteLine($"The storage refuses {trouble}.");
            }

            Application.Unexpected(error, verbose, shell.Error);
            return ExitCodes.Failed;
        }
    }

    // Submitted again, for a storage that died may not have saved it.
    private async Task<bool> ComputeAsync(RunSpecification specification, IProgress<RoundProgress> progress, CancellationToken cancellation)
    {
        var (run, _) = await new RunSubmission(store, models, shell.Time).SubmitAsync(specification, cancellation);
        await RunStatusFile.MarkAsync(store, run, RunStates.Running, null, shell.Time, cancellation: cancellation);
        return await new LocalRunner(store, models, parallelism, shell.Time, progress, cancellation) { Retrying = shell.Error.WriteLine }.RunAsync(run);
    }

    private async Task<string> OthersAsync(string run)
    {
        try
        {
            return string.Join(" and ", (await store.OthersAsync(run)).Select(o => o.Name));
        }
        catch (Exception problem) when (StorageFaults.Is(problem))
        {
            return string.Empty;
        }
    }

    // The store itself may be what failed.
    private async Task TryMarkAsync(string run, string state, string? error)
    {
        try
        {
            await RunStatusFile.MarkAsync(store, run, state, error, shell.Time);
        }
        catch (Exception problem) when (StorageFaults.Is(problem) || problem is IOException)
        {
            shell.Error.WriteLine($"The state '{state}' could not be recorded: {ErrorText.Of(problem)}");
        }
    }
}
