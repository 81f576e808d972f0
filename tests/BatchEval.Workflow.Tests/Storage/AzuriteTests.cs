using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using BatchEval.Tests.Shared;

namespace BatchEval.Workflow.Tests.Storage;

public class AzuriteTests(AzuriteFixture azurite) : IClassFixture<AzuriteFixture>
{
    [Fact]
    public async Task Second_write_of_a_name_is_refused()
    {
        var container = new BlobContainerClient(azurite.ConnectionString, "smoke");
        await container.CreateIfNotExistsAsync();
        BlobClient blob = container.GetBlobClient("result.json");
        var onlyIfAbsent = new BlobUploadOptions { Conditions = new BlobRequestConditions { IfNoneMatch = ETag.All } };

        await blob.UploadAsync(BinaryData.FromString("first"), onlyIfAbsent);
        RequestFailedException refusal = await Should.ThrowAsync<RequestFailedException>(
            () => blob.UploadAsync(BinaryData.FromString("second"), onlyIfAbsent));

        refusal.Status.ShouldBe(409);
        refusal.ErrorCode.ShouldBe(BlobErrorCode.BlobAlreadyExists.ToString());
        (await blob.DownloadContentAsync()).Value.Content.ToString().ShouldBe("first");
    }
}
