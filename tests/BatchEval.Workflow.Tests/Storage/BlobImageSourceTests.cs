using Azure.Storage.Blobs;
using BatchEval.Core.Json;
using BatchEval.Onnx.Images;
using BatchEval.Tests.Shared;
using BatchEval.Workflow.Storage;

namespace BatchEval.Workflow.Tests.Storage;

public class BlobImageSourceTests(AzuriteFixture azurite) : IClassFixture<AzuriteFixture>
{
    [Fact]
    public async Task Images_under_a_prefix_are_read_in_the_order_of_names()
    {
        var container = new BlobContainerClient(azurite.ConnectionString, "images");
        await container.CreateIfNotExistsAsync();
        var store = new RunStore(container);
        for (byte i = 0; i < 40; i++)
        {
            await store.WriteOnceAsync($"set/{39 - i:D2}.png", ImageCodec.EncodePng(new RgbImage(1, 1, [i, i, i])));
        }

        await store.WriteTextOnceAsync("set/notes.txt", "no image");
        var source = await BlobImageSource.OpenAsync(store, "set/");

        source.Count.ShouldBe(40);
        source.Read(33).Select(image => (int)image.Pixels[0]).ShouldBe([6, 5, 4, 3, 2, 1, 0]);
        (await BlobImageSource.OpenAsync(store, "set/0")).Identity.ShouldNotBe(source.Identity);
        (await Should.ThrowAsync<ProblemException>(() => BlobImageSource.OpenAsync(store, "none/"))).Message.ShouldContain("none/");
        await store.WriteOnceAsync("bad/0.png", [1, 2, 3]);
        await store.WriteOnceAsync("bad/1.png", []);
        var bad = await BlobImageSource.OpenAsync(store, "bad/");
        Should.Throw<InvalidDataException>(() => bad.Read().Count()).Message.ShouldContain("bad/0.png");
    }
}
