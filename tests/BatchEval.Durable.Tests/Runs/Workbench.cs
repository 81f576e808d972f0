using System.Text;
using Azure.Storage.Blobs;
using BatchEval.Durable.Activities;
using BatchEval.Tests.Shared;
using BatchEval.Workflow.Local;
using BatchEval.Workflow.Models;
using BatchEval.Workflow.Runs;
using BatchEval.Workflow.Specifications;
using BatchEval.Workflow.Storage;
using BatchEval.Workflow.Tests.Local;

namespace BatchEval.Durable.Tests.Runs;

/// <summary>A store of its own, and the activities on it.</summary>
internal sealed class Workbench : IDisposable
{
    /// <summary>Changes to <see cref="TinyRun"/> that leave six rounds of one to four units.</summary>
    public static readonly string[] Small =
    [
        "search.generations=1", "search.population=2", "search.elites=1", "search.mutants=1", "search.crossovers=0", "search.rungs=[8]", "validation.samples=8",
        "final.samples=24", "final.images=1", "reference.samples=8", "baselines=[\"trailing\"]", "execution.unitEvaluations=40", "execution.cellSamples=8",
    ];

    private Workbench(RunStore store)
    {
        Store = store;
        Activities = new SearchActivities(_ => Task.FromResult(store), Models, TimeProvider.System);
    }

    public RunStore Store { get; }

    public ModelHost Models { get; } = TinyRun.Models();

    public SearchActivities Activities { get; }

    public static async Task<Workbench> CreateAsync(AzuriteFixture azurite, string container)
    {
        var client = new BlobServiceClient(azurite.ConnectionString).GetBlobContainerClient(container);
        await client.CreateIfNotExistsAsync();
        return new Workbench(new RunStore(client));
    }

    public static RunSpecification Specification(params string[] overrides) => SpecificationJson.Read(SpecificationOverrides.Apply(TinyRun.Json, overrides));

    public async Task<string> SubmitAsync(RunSpecification specification) =>
        (await new RunSubmission(Store, Models, TimeProvider.System).SubmitAsync(specification)).RunId;

    public async Task<string> RunLocallyAsync(RunSpecification specification)
    {
        var run = await SubmitAsync(specification);
        (await new LocalRunner(Store, Models, 2, TimeProvider.System).RunAsync(run)).ShouldBeTrue();
        return run;
    }

    public async Task<string> ResultAsync(string run, string file = "leaderboard.json") =>
        Encoding.UTF8.GetString((await Store.ReadAsync(BlobNames.Result(run, file))).ShouldNotBeNull($"{file} is missing"));

    public async Task<string?> StateAsync(string run) => (await Store.ReadJsonAsync<RunStatus>(BlobNames.Status(run)))?.State;

    public void Dispose() => Models.Dispose();
}
