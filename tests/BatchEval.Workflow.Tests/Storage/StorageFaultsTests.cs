using System.Net;
using Azure;
using Azure.Identity;
using BatchEval.Workflow.Runs;
using BatchEval.Workflow.Storage;

namespace BatchEval.Workflow.Tests.Storage;

public sealed class StorageFaultsTests
{
    // A sign-in whose endpoint did not answer ended a run at once, which waits for a storage that does not answer.
    [Fact]
    public void A_sign_in_that_nobody_answers_is_no_refusal()
    {
        Exception[] away = [new HttpRequestException("No route to host"), new RequestFailedException(503, "Busy"), new TaskCanceledException(), new InvalidOperationException("Token", new HttpRequestException("reset"))];
        foreach (var inner in away)
        {
            var error = new AuthenticationFailedException("The sign-in failed.", inner);
            (StorageFaults.Is(error), StorageFaults.IsAway(error), StorageFaults.MayPass(error), StorageFaults.IsRefusal(error)).ShouldBe((true, true, true, false), inner.GetType().Name);
        }
    }

    [Fact]
    public void A_sign_in_that_is_turned_away_is_one()
    {
        Exception[] refusals =
        [
            new AuthenticationFailedException("Wrong secret."), new CredentialUnavailableException("No identity.", new HttpRequestException("none")),
            new AuthenticationFailedException("Refused.", new RequestFailedException(400, "invalid_client")), new RequestFailedException(403, "Forbidden"),
            new AuthenticationFailedException("None of them.", new AggregateException(new CredentialUnavailableException("a"), new CredentialUnavailableException("b"))),
        ];
        foreach (var error in refusals)
        {
            (StorageFaults.Is(error), StorageFaults.MayPass(error), StorageFaults.IsRefusal(error)).ShouldBe((true, false, true), error.Message);
        }
    }

    // The unit itself was computed and stored.
    [Fact]
    public async Task A_sign_in_that_fails_while_a_unit_is_counted_fails_no_unit()
    {
        var storage = new ScriptedStorage(_ => throw new AuthenticationFailedException("The token could not be renewed."));
        await WorkRecord.CountAsync(storage.Store(), "run-00000000", TimeProvider.System, default);
        storage.Calls.ShouldBeGreaterThan(0);
    }

    // A blob that somebody holds for good was asked for without end and without pause.
    [Fact]
    public async Task A_change_that_is_refused_every_time_ends()
    {
        var storage = new ScriptedStorage(request => request.Method == HttpMethod.Get ? ScriptedStorage.Blob("{}") : new HttpResponseMessage(HttpStatusCode.PreconditionFailed));
        var refused = await Should.ThrowAsync<RequestFailedException>(storage.Store().ChangeJsonAsync<Held>("run/x.json", _ => new Held(1)).WaitAsync(TimeSpan.FromMinutes(1)));
        refused.Status.ShouldBe(412);
        await WorkRecord.CountAsync(storage.Store(), "run-00000000", TimeProvider.System, default);
    }

    private sealed record Held(int Number);
}
