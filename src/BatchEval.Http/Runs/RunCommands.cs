using BatchEval.Workflow.Local;
using BatchEval.Workflow.Runs;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BatchEval.Http.Runs;

/// <summary>The routes that change something.</summary>
internal sealed class RunCommands(RunApiContext context)
{
    private readonly RunLookup lookup = new(context);
    private readonly IdempotencyKeys keys = new(context.Store);

    public async Task<Accepted<StartedRun>> StartAsync(HttpContext http, string? key, CancellationToken cancellation)
    {
        var body = await RequestBody.ReadJsonAsync(http.Request, RunApiContext.BodyLimit, cancellation);
        var specification = RunChecks.Require(body, context);
        var submission = new RunSubmission(context.Store, context.Models, context.Time);
        if (key is not null)
        {
            // A refused body does not use up its key.
            RunSubmission.Check(specification, context.Models);
            await keys.ClaimAsync(key, Digest.Of(body), cancellation);
        }

        var (run, isNew) = await submission.SubmitAsync(specification, cancellation);
        new RunListing(context).Forget(run);
        var (status, _) = await lookup.RequireAsync(run, cancellation);
        if (status.State == RunStates.Stopping)
        {
            throw Refusal.Conflict($"Run '{run}' is stopping; post it again once it has stopped.").Exception();
        }

        if (status.State is RunStates.Pending or RunStates.Failed or RunStates.Stopped)
        {
            await context.Control.StartAsync(run, cancellation);
        }

        http.Response.Headers.RetryAfter = "2";
        var address = $"/api/runs/{run}";
        return TypedResults.Accepted(address, new StartedRun(run, isNew, address, context.Control.ManagementOf(run)));
    }

    public Task PauseAsync(string run, CancellationToken cancellation) =>
        ChangeAsync(run, context.Control.PauseAsync, [RunStates.Pending, RunStates.Running], [RunStates.Paused], "; only a run that is under way can be paused.", cancellation);

    public Task ResumeAsync(string run, CancellationToken cancellation) => ChangeAsync(
        run, context.Control.ResumeAsync, [RunStates.Paused, RunStates.Failed], [RunStates.Pending, RunStates.Running],
        "; only a paused or failed run can be resumed. Post its specification again to go on with a stopped one.", cancellation);

    public Task StopAsync(string run, CancellationToken cancellation) => ChangeAsync(
        run, context.Control.StopAsync, [RunStates.Pending, RunStates.Running, RunStates.Paused, RunStates.Failed], [RunStates.Stopping, RunStates.Stopped], ".", cancellation);

    public async Task<NoContent> DeleteAsync(string run, CancellationToken cancellation)
    {
        var (status, _) = await lookup.RequireAsync(run, cancellation);
        if (status.State is RunStates.Pending or RunStates.Running)
        {
            throw Refusal.Conflict($"Run '{run}' is {status.State}; stop it first.").Exception();
        }

        if (status.State == RunStates.Stopping || !await context.Control.ForgetAsync(run, cancellation))
        {
            throw Refusal.Conflict($"Run '{run}' is stopping; delete it once it has stopped.").Exception();
        }

        await context.Store.DeleteRunAsync(run, cancellation);
        new RunListing(context).Forget(run);
        return TypedResults.NoContent();
    }

    // Changes a run in one of some states; in others there is nothing left to do, and the rest are refused.
    private async Task ChangeAsync(string run, Func<string, CancellationToken, Task> change, string[] from, string[] done, string refusal, CancellationToken cancellation)
    {
        var (status, _) = await lookup.RequireAsync(run, cancellation);
        if (from.Contains(status.State))
        {
            await change(run, cancellation);
        }
        else if (!done.Contains(status.State))
        {
            throw Refusal.Conflict($"Run '{run}' is {status.State}{refusal}").Exception();
        }
    }
}
