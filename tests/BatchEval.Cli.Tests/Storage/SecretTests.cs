using Azure.Storage.Blobs;
using Azure.Storage.Sas;
using BatchEval.Tests.Shared;

namespace BatchEval.Cli.Tests.Storage;

/// <summary>Nothing that the program prints holds the signature or the key with which its store is reached.</summary>
public sealed class SecretTests(AzuriteFixture azurite) : IClassFixture<AzuriteFixture>, IDisposable
{
    private readonly TestShell shell = new();

    [Fact]
    public async Task All_output_of_runs_and_failures_is_free_of_signatures()
    {
        var all = Address(AccountSasPermissions.All);
        var reader = Address(AccountSasPermissions.Read | AccountSasPermissions.List);
        shell.Write("tiny.json", Specification.Replace("$MODEL", TestShell.Digits, StringComparison.Ordinal));
        var results = new List<CliResult>
        {
            await Run(all, "run", "tiny.json"), await Run(all, "show", "latest", "--json"), await Run(reader, "runs"), await Run(reader, "show", "latest"),
            await Run(reader, "run", "tiny.json", "--set", "seed=4"), await Run("http://127.0.0.1:1/a?sv=1&sp=r&sig=dGhlIHNlY3JldA%3D%3D", "runs", "--verbose"),
        };

        results.Take(4).ShouldAllBe(r => r.Code == ExitCodes.Done);
        results[4].Code.ShouldBe(ExitCodes.BadInput);
        results[4].Error.ShouldContain("error: The storage refuses the operation (AuthorizationPermissionMismatch)");
        results[5].Code.ShouldBe(ExitCodes.BadInput);
        results[5].Error.ShouldStartWith("The storage refuses PUT /a/runs: Connection refused");
        results[5].Error.ShouldContain("error: The storage at http://127.0.0.1:1/a/runs could not be reached");
        foreach (var text in results.SelectMany(r => new[] { r.Out, r.Error }))
        {
            text.ShouldNotContain("sig=");
            text.ShouldNotContain("dGhlIHNlY3JldA");
        }
    }

    public void Dispose() => shell.Dispose();

    private const string Specification = """
        { "name": "tiny", "model": "$MODEL", "seed": 3, "budget": { "networkCalls": 3 },
          "search": { "population": 4, "generations": 1, "elites": 2, "mutants": 2, "crossovers": 1, "rungs": [16] },
          "validation": { "samples": 20, "elites": 1 }, "final": { "samples": 20, "images": 2 },
          "reference": { "steps": 4, "samples": 8 }, "baselines": ["trailing"],
          "execution": { "unitEvaluations": 300, "cellSamples": 40, "batchSize": 16 } }
        """;

    private Task<CliResult> Run(string store, params string[] arguments) => shell.RunAsync([.. arguments, "--store", store]);

    private string Address(AccountSasPermissions permissions) => new BlobServiceClient(azurite.ConnectionString)
        .GenerateAccountSasUri(new AccountSasBuilder(permissions, DateTimeOffset.UtcNow.AddHours(1), AccountSasServices.Blobs, AccountSasResourceTypes.All)).ToString();
}
