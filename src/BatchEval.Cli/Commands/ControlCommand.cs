using BatchEval.Durable.Control;
using BatchEval.Durable.Hubs;
using BatchEval.Workflow.Runs;
using BatchEval.Workflow.Storage;

namespace BatchEval.Cli.Commands;

/// <summary><c>batcheval control</c>: pauses, resumes, stops or deletes a run that workers compute.</summary>
internal static class ControlCommand
{
    private const int UnitsInFlight = 32;

    public static Command Create(Shell shell)
    {
        var run = new Argument<string>("run") { Description = "The run, as 'batcheval runs' lists it." };
        var order = new Argument<string>("order") { Description = "pause, resume, stop or delete." };
        order.AcceptOnlyFromAmong("pause", "resume", "stop", "delete");
        var on = new Option<string>("--on") { Description = "The storage account that the run was submitted to.", HelpName = "connection", Required = true };
        var command = new Command("control", "Pause, resume, stop or delete a run that was submitted to workers.") { run, order, on };
        command.SetAction(async (parsed, cancellation) =>
        {
            var (name, connection) = (parsed.GetRequiredValue(run), parsed.GetRequiredValue(on));
            var storage = await StorageServices.OpenAsync(connection, cancellation);
            var store = await RunStore.OpenAsync(connection, cancellation);
            var hub = await RunHub.OfAsync(store, name, cancellation) ?? throw new ProblemException($"No run '{name}' was submitted to workers of {store.Place}.");
            await using var client = await HubClient.OpenAsync(storage, hub);
            await ObeyAsync(parsed.GetRequiredValue(order), name, store, new DurableRunControl(client, store, UnitsInFlight, shell.Time), cancellation);
            var state = (await store.ReadJsonAsync<RunStatus>(BlobNames.Status(name), cancellation))?.State ?? "deleted";
            shell.Out.WriteLine($"Run {name}: {state}.");
        });
        return command;
    }

    private static async Task ObeyAsync(string order, string run, RunStore store, DurableRunControl control, CancellationToken cancellation)
    {
        var state = (await store.ReadJsonAsync<RunStatus>(BlobNames.Status(run), cancellation))?.State ?? throw new ProblemException($"There is no run '{run}'.");
        var allowed = (order, state) switch
        {
            ("pause", RunStates.Pending or RunStates.Running or RunStates.Paused) => true,
            ("resume", RunStates.Pending or RunStates.Running or RunStates.Paused or RunStates.Failed or RunStates.Stopped) => true,
            ("stop", not RunStates.Finished) => true,
            ("delete", not (RunStates.Pending or RunStates.Running or RunStates.Stopping)) => true,
            _ => false,
        };
        if (!allowed)
        {
            throw new ProblemException($"Run '{run}' is {state}; it cannot be told to {order}.");
        }

        switch (order)
        {
            case "pause":
                await control.PauseAsync(run, cancellation);
                break;
            case "resume":
                await (state == RunStates.Stopped ? control.StartAsync(run, cancellation) : control.ResumeAsync(run, cancellation));
                break;
            case "stop":
                await control.StopAsync(run, cancellation);
                break;
            default:
                if (!await control.ForgetAsync(run, cancellation))
                {
                    throw new ProblemException($"Run '{run}' is stopping; delete it once it has stopped.");
                }

                await store.DeleteRunAsync(run, cancellation);
                break;
        }
    }
}
