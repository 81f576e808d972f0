using Azure.Storage.Blobs;
using Azure.Storage.Sas;
using BatchEval.Cli.Tests.Serve;
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
        // The report is a page like any other.
        var files = Directory.GetFiles(shell.Folder, "*", SearchOption.AllDirectories);
        files.ShouldContain(f => f.EndsWith("report.html", StringComparison.Ordinal));
        foreach (var text in results.SelectMany(r => new[] { r.Out, r.Error }).Concat(files.Select(File.ReadAllText)))
        {
            text.ShouldNotContain("sig=");
            text.ShouldNotContain("dGhlIHNlY3JldA");
        }
    }

    [Fact]
    public async Task Neither_answers_nor_log_of_a_server_hold_signatures()
    {
        await using var serve = await ServeProcess.StartAsync(Address(AccountSasPermissions.Read | AccountSasPermissions.List));
        var (status, refused) = await serve.PostAsync("/api/runs", Specification.Replace("$MODEL", "digits", StringComparison.Ordinal));
        status.ShouldBe(503, refused.ToJsonString());
        var page = await serve.Client.GetStringAsync(new Uri("/", UriKind.Relative));
        var runs = await serve.GetAsync("/api/runs");
        serve.Log.ShouldContain("error: 503: The storage at ");
        foreach (var text in new[] { serve.Log, page, runs.ToJsonString(), refused.ToJsonString() })
        {
            text.ShouldNotContain("sig=");
            text.ShouldNotContain("   at ");
        }
    }

    // A signature is of the blob service alone; workers need three services.
    [Fact]
    public async Task Workers_and_who_submits_to_them_refuse_a_signature_without_printing_it()
    {
        shell.Write("tiny.json", Specification.Replace("$MODEL", TestShell.Digits, StringComparison.Ordinal));
        var store = Address(AccountSasPermissions.All);
        foreach (var result in new[] { await shell.RunAsync("run", "tiny.json", "--on", store), await Run(store, "worker", "--models", RepoPaths.Samples) })
        {
            result.Code.ShouldBe(ExitCodes.BadInput, result.Error);
            (result.Out + result.Error).ShouldNotContain("sig=");
            result.Error.ShouldContain("neither a connection string with a key nor a blob service address");
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
