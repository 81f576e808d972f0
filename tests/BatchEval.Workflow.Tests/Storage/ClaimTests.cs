using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Specialized;
using BatchEval.Tests.Shared;
using BatchEval.Workflow.Serialization;
using BatchEval.Workflow.Storage;

namespace BatchEval.Workflow.Tests.Storage;

/// <summary>Claims over time, seen as another process sees them.</summary>
public sealed class ClaimTests(AzuriteFixture azurite) : IClassFixture<AzuriteFixture>
{
    [Fact]
    public async Task A_claim_outlives_its_lease_while_it_is_held_and_one_that_nobody_renews_is_taken_over()
    {
        var store = await RunStore.OpenAsync(azurite.ConnectionString);
        var container = new BlobContainerClient(azurite.ConnectionString, BlobNames.Container);
        var (held, _) = await store.TryClaimAsync("held", "run");
        var left = container.GetBlobClient(BlobNames.Claim("left"));
        await left.UploadAsync(new BinaryData(System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(new ClaimHolder("elsewhere", 1, 1, "run"), WorkflowJson.Options)));
        await left.GetBlobLeaseClient().AcquireAsync(TimeSpan.FromSeconds(15));
        (await store.TryClaimAsync("left", "run")).Other.ShouldNotBeNull().Machine.ShouldBe("elsewhere");

        await Task.Delay(TimeSpan.FromSeconds(16));

        var other = container.GetBlobClient(BlobNames.Claim("held")).GetBlobLeaseClient();
        (await Should.ThrowAsync<RequestFailedException>(() => other.AcquireAsync(TimeSpan.FromSeconds(15)))).Status.ShouldBe(409);
        await held.ShouldNotBeNull().DisposeAsync();
        var (taken, _) = await store.TryClaimAsync("left", "run");
        await taken.ShouldNotBeNull().DisposeAsync();
        (await store.ListAsync(BlobNames.ClaimRoot)).ShouldBeEmpty();
    }
}
