using Azure.Storage.Blobs;
using Azure.Storage.Sas;
using BatchEval.Core.Json;
using BatchEval.Tests.Shared;
using BatchEval.Workflow.Storage;

namespace BatchEval.Workflow.Tests.Storage;

/// <summary>A real blob service with the tokens that people have.</summary>
public sealed class StoreConnectionTests(AzuriteFixture azurite) : IClassFixture<AzuriteFixture>
{
    private const AccountSasPermissions Read = AccountSasPermissions.Read | AccountSasPermissions.List;

    [Fact]
    public async Task An_address_with_a_signature_as_the_portal_gives_it_opens_the_store()
    {
        var store = await RunStore.OpenAsync(Address(AccountSasPermissions.All));
        (await store.WriteOnceAsync("portal/a.json", [1])).ShouldBeTrue();
        store.Place.ShouldNotContain("sig");
        (await (await RunStore.OpenAsync($"BlobEndpoint={Service.Uri};SharedAccessSignature={new Uri(Address(Read)).Query.TrimStart('?')}")).ReadAsync("portal/a.json")).ShouldBe([1]);
    }

    [Fact]
    public async Task Looking_needs_no_right_to_create_a_container()
    {
        await (await RunStore.OpenAsync(azurite.ConnectionString)).WriteOnceAsync("reader/a.json", [2]);
        foreach (var address in new[] { Address(Read), ContainerAddress(BlobContainerSasPermissions.Read | BlobContainerSasPermissions.List) })
        {
            var store = await RunStore.OpenAsync(address);
            (await store.ListRunsAsync()).ShouldContain("reader");
            (await store.ReadAsync("reader/a.json")).ShouldBe([2]);
            (await Should.ThrowAsync<Azure.RequestFailedException>(() => store.WriteOnceAsync("reader/b.json", [3]))).Status.ShouldBe(403);
        }
    }

    [Fact]
    public async Task Tokens_that_do_not_serve_are_named_as_what_they_are()
    {
        _ = await RunStore.OpenAsync(azurite.ConnectionString);
        (await Refusal(Address(Read, hours: -1))).ShouldContain("it expired at");
        (await Refusal(Address(Read, from: 5))).ShouldContain("it is not valid before");
        (await Refusal(Address(AccountSasPermissions.Add))).ShouldContain("its permissions are 'a'");
        (await Refusal(Address(Read).Replace("sig=", "sig=A", StringComparison.Ordinal))).ShouldContain("does not belong to that account");
        (await Refusal(azurite.ConnectionString.Replace("AccountKey=E", "AccountKey=F", StringComparison.Ordinal))).ShouldContain("refuses the account key");
        (await Refusal("https://")).ShouldContain("neither a connection string nor an address");
    }

    [Fact]
    public async Task A_store_that_cannot_be_reached_is_named_without_its_signature()
    {
        var message = await Refusal("http://127.0.0.1:1/account?sv=2024-11-04&ss=b&srt=sco&sp=rl&se=2099-01-01&sig=dGhlIHNlY3JldA%3D%3D");
        message.ShouldStartWith("The storage at http://127.0.0.1:1/account/runs could not be reached: ");
    }

    private BlobServiceClient Service => new(azurite.ConnectionString);

    private static async Task<string> Refusal(string connection)
    {
        var message = (await Should.ThrowAsync<ProblemException>(() => RunStore.OpenAsync(connection))).Message;
        message.ShouldNotContain("sig=");
        message.ShouldNotContain("dGhlIHNlY3JldA");
        message.ShouldNotContain("8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq");
        return message;
    }

    private string Address(AccountSasPermissions permissions, int hours = 24, int from = -2)
    {
        var now = DateTimeOffset.UtcNow;
        var builder = new AccountSasBuilder(permissions, now.AddHours(hours), AccountSasServices.Blobs, AccountSasResourceTypes.All) { StartsOn = now.AddHours(from) };
        return Service.GenerateAccountSasUri(builder).ToString();
    }

    private string ContainerAddress(BlobContainerSasPermissions permissions) =>
        Service.GetBlobContainerClient(BlobNames.Container).GenerateSasUri(permissions, DateTimeOffset.UtcNow.AddHours(1)).ToString();
}
