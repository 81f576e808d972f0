using Azure.Storage.Blobs;
using Azure.Storage.Sas;
using BatchEval.Core.Json;
using BatchEval.Http.Pipeline;
using BatchEval.Tests.Shared;
using BatchEval.Workflow.Storage;
using BatchEval.Workflow.Tests.Local;

namespace BatchEval.Http.Tests.Pipeline;

/// <summary>A token that the storage refuses was answered with 500 and a stack trace in the log.</summary>
public sealed class StorageRightsTests(AzuriteFixture azurite) : IClassFixture<AzuriteFixture>
{
    [Fact]
    public async Task A_token_without_the_right_to_write_is_named()
    {
        await new BlobContainerClient(azurite.ConnectionString, BlobNames.Container).CreateIfNotExistsAsync();
        await using var bench = await ApiBench.CreateOnAsync(await RunStore.OpenAsync(Address(TimeSpan.FromHours(1))));
        (await bench.GetAsync("/api/runs")).Status.ShouldBe(200);

        var answer = await bench.PostAsync(TinyRun.Json);

        answer.ShouldBeProblem(503);
        ((string)answer.Json["detail"]!).ShouldContain("refuses the shared access signature (AuthorizationPermissionMismatch): its permissions are 'rl'");
        ShouldBeQuiet(bench, answer);
    }

    [Fact]
    public async Task A_token_that_has_expired_is_named()
    {
        await new BlobContainerClient(azurite.ConnectionString, BlobNames.Container).CreateIfNotExistsAsync();
        await using var bench = await ApiBench.CreateOnAsync(await OpenAsync());
        ApiAnswer answer;
        var clock = System.Diagnostics.Stopwatch.StartNew();
        do
        {
            await Task.Delay(200);
            answer = await bench.GetAsync("/api/runs");
        }
        while (answer.Status == 200 && clock.Elapsed < TimeSpan.FromMinutes(2));

        answer.ShouldBeProblem(503);
        ((string)answer.Json["detail"]!).ShouldContain("refuses the shared access signature: it expired at ");
        ShouldBeQuiet(bench, answer);
    }

    // A store is opened while its token holds; where the machine takes longer than that, with a longer one.
    private async Task<RunStore> OpenAsync()
    {
        for (var seconds = 3; ; seconds *= 2)
        {
            try
            {
                return await RunStore.OpenAsync(Address(TimeSpan.FromSeconds(seconds)));
            }
            catch (ProblemException) when (seconds < 60)
            {
                // It had expired by then.
            }
        }
    }

    // One line in the log, and nowhere the signature.
    private static void ShouldBeQuiet(ApiBench bench, ApiAnswer answer)
    {
        bench.Failures.ShouldHaveSingleItem().ShouldBeOfType<RefusedException>();
        (answer.Text + bench.Failures[0]).ShouldNotContain("sig=");
    }

    private string Address(TimeSpan time) => new BlobServiceClient(azurite.ConnectionString)
        .GenerateAccountSasUri(new AccountSasBuilder(AccountSasPermissions.Read | AccountSasPermissions.List, DateTimeOffset.UtcNow + time, AccountSasServices.Blobs, AccountSasResourceTypes.All)).ToString();
}
