using BatchEval.Cli.Results;
using BatchEval.Durable.Control;
using BatchEval.Durable.Hubs;
using BatchEval.Workflow.Activities;
using BatchEval.Workflow.Local;
using BatchEval.Workflow.Models;
using BatchEval.Workflow.Runs;
using BatchEval.Workflow.Specifications;
using BatchEval.Workflow.Storage;

namespace BatchEval.Cli.Progress;

/// <summary>Submits a specification to the workers of a storage account, and shows how they get on.</summary>
/// <param name="storage">The account's services.</param>
/// <param name="models">Model packages, for checking.</param>
/// <param name="device">Kind of device that the workers shall have.</param>
/// <param name="unitsInFlight">Most units in flight at once, over all workers.</param>
internal sealed class SubmittedSession(RunStore store, StorageServices storage, ModelHost models, string device, int unitsInFlight, Shell shell)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);
    private readonly HashSet<string> said = new(StringComparer.Ordinal);

    /// <summary>Submits, and follows to the end.</summary>
    /// <returns>The finished run and 0, or null and the exit code of one that failed, was stopped or is no longer followed.</returns>
    /// <exception cref="ProblemException">The specification cannot be used, or the run is being stopped; nothing was started.</exception>
    public async Task<(RunDocument? Document, int ExitCode)> RunAsync(RunSpecification specification, CancellationToken cancellation)
    {
        var package = models.Find(specification.Model);
        var hub = RunHub.Here(device, package.Manifest.Name, package.Digest);
        var (run, isNew) = await new RunSubmission(store, models, shell.Time).SubmitAsync(specification, cancellation);
        await using var client = await HubClient.OpenAsync(storage, hub);
        var control = new DurableRunControl(client, store, unitsInFlight, shell.Time);
        var state = await BeginAsync(run, hub, control, isNew, cancellation);
        if (state != RunStates.Finished)
        {
            var progress = new RunProgress(run, specification, shell.Time);
            var work = FollowPatientlyAsync(run, hub, control, progress, cancellation);
            try
            {
                await new ProgressDisplay(shell, progress, store).FollowAsync(work);
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                shell.Error.WriteLine($"Run {run} goes on without being watched; the same command shows it again.");
                return (null, ExitCodes.Interrupted);
            }
            catch (Exception error) when (StorageFaults.Is(error))
            {
                shell.Error.WriteLine($"{store.ReasonOf(error).TrimEnd('.')}. Run {run} goes on without being watched, as far as its workers reach the storage; the same command shows it again.");
                return (null, ExitCodes.Failed);
            }

            state = await work;
        }

        return state == RunStates.Finished ? (await RunDocument.ReadAsync(store, run, cancellation), ExitCodes.Done) : (null, await EndedAsync(run, state, cancellation));
    }

    private async Task<string> BeginAsync(string run, RunHub hub, DurableRunControl control, bool isNew, CancellationToken cancellation)
    {
        var status = await store.ReadJsonAsync<RunStatus>(BlobNames.Status(run), cancellation);
        switch (status?.State)
        {
            case RunStates.Finished:
                shell.Error.WriteLine($"Run {run} has finished before; nothing is computed again.");
                return RunStates.Finished;
            case RunStates.Stopping:
                throw new ProblemException($"Run {run} is being stopped; repeat the command once it has stopped.");
            default:
                await ModelRecord.RequireDeviceAsync(store, run, device, cancellation);
                await store.ChangeJsonAsync<RunHub>(BlobNames.Hub(run), _ => hub, cancellation);
                await (status?.State is RunStates.Paused ? control.ResumeAsync(run, cancellation) : control.StartAsync(run, cancellation));
                shell.Error.WriteLine($"{(isNew ? "Submitted" : "Following")} run {run}: model {hub.Model}, {hub.Device}, up to {unitsInFlight} units in flight.");
                return RunStates.Running;
        }
    }

    // Workers go on, or wait for the storage; so does whoever watches.
    private async Task<string> FollowPatientlyAsync(string run, RunHub hub, DurableRunControl control, RunProgress progress, CancellationToken cancellation)
    {
        for (long? failed = null; ;)
        {
            try
            {
                return await FollowAsync(run, hub, control, progress, () => failed = null, cancellation);
            }
            catch (Exception error) when (StorageFaults.MayPass(error) && !cancellation.IsCancellationRequested && shell.Time.GetElapsedTime(failed ??= shell.Time.GetTimestamp()) < Patience)
            {
                Say($"The storage does not answer; run {run} goes on with its workers, and is asked for again.");
                await Task.Delay(Interval, shell.Time, cancellation);
            }
        }
    }

    private async Task<string> FollowAsync(string run, RunHub hub, DurableRunControl control, RunProgress progress, Action answered, CancellationToken cancellation)
    {
        var (waited, finishedUnits) = (0, -1);
        while (true)
        {
            var life = await control.LookAsync(run, cancellation);
            var stored = (await store.ReadJsonAsync<RunStatus>(BlobNames.Status(run), cancellation))?.State;
            var state = stored == RunStates.Finished ? stored : life?.State ?? stored ?? RunStates.Pending;
            answered();
            if (state is RunStates.Finished or RunStates.Failed or RunStates.Stopped)
            {
                return state;
            }

            if (await control.ProgressAsync(run, cancellation) is { } status)
            {
                progress.Report(new RoundProgress(run, status.Round, new RoundOutline(status.Units, status.Stage, status.Generation, 0), status.UnitsDone));
            }

            // Who is there is asked at the beginning, and whenever nothing has moved for a while.
            var moved = (progress.Round * 1_000_000) + progress.Units;
            waited = moved == finishedUnits ? waited + 1 : 0;
            finishedUnits = moved;
            if (waited is 2 or 5 || (waited > 0 && waited % 10 == 0))
            {
                await SayWhoWorksAsync(run, hub, cancellation);
            }

            await Task.Delay(Interval, shell.Time, cancellation);
        }
    }

    private async Task SayWhoWorksAsync(string run, RunHub hub, CancellationToken cancellation)
    {
        var workers = await new WorkerRegistry(store, shell.Time).AliveAsync(cancellation);
        foreach (var worker in workers)
        {
            Say(hub.Refusal(worker) is { } reason ? $"Worker {worker.Id} cannot work on the run: it {reason}." : $"Worker {worker.Id} works on it.");
        }

        if (workers.All(w => hub.Refusal(w) is not null))
        {
            Say($"Run {run} waits for a worker; start one on a machine that has the model: batcheval worker --device {hub.Device} --models <folder of models>.");
        }
    }

    private async Task<int> EndedAsync(string run, string state, CancellationToken cancellation)
    {
        if (state == RunStates.Stopped)
        {
            shell.Error.WriteLine($"Run {run} was stopped; the same command goes on with it.");
            return ExitCodes.Interrupted;
        }

        var status = await store.ReadJsonAsync<RunStatus>(BlobNames.Status(run), cancellation);
        shell.Error.WriteLine($"Run {run} failed: {status?.Error ?? "the engine gave no reason"}");
        shell.Error.WriteLine("Finished work is kept, and the same command goes on from there.");
        return ExitCodes.Failed;
    }

    private void Say(string line)
    {
        if (said.Add(line))
        {
            shell.Error.WriteLine(line);
        }
    }
}
