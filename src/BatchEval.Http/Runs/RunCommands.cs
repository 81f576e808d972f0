using System.Security.Cryptography;
using BatchEval.Workflow.Local;
using BatchEval.Workflow.Runs;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BatchEval.Http.Runs;

/// <summary>The routes that change something.</summary>
/// <param name="context">What the interface works with.</param>
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
            await keys.ClaimAsync(key, Convert.ToHexStringLower(SHA256.HashData(body)), cancellation);
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

    public async Task PauseAsync(string run, CancellationToken cancellation)
    {
        var (status, _) = await lookup.RequireAsync(run, cancellation);
        switch (status.State)
        {
            case RunStates.Paused:
                return;
            case RunStates.Pending or RunStates.Running:
                await context.Control.PauseAsync(run, cancellation);
                return;
            default:
                throw Refusal.Conflict($"Run '{run}' is {status.State}; only a run that is under way can be paused.").Exception();
        }
    }

    public async Task ResumeAsync(string run, CancellationToken cancellation)
    {
        var (status, _) = await lookup.RequireAsync(run, cancellation);
        switch (status.State)
        {
            case RunStates.Pending or RunStates.Running:
                return;
            case RunStates.Paused or RunStates.Failed:
                await context.Control.ResumeAsync(run, cancellation);
                return;
            default:
                throw Refusal.Conflict($"Run '{run}' is {status.State}; only a paused or failed run can be resumed. Post its specification again to go on with a stopped one.").Exception();
        }
    }

    public async Task StopAsync(string run, CancellationToken cancellation)
    {
        var (status, _) = await lookup.RequireAsync(run, cancellation);
        switch (status.State)
        {
            case RunStates.Stopping or RunStates.Stopped:
                return;
            case RunStates.Finished:
                throw Refusal.Conflict($"Run '{run}' is finished.").Exception();
            default:
                await context.Control.StopAsync(run, cancellation);
                return;
        }
    }

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
}
