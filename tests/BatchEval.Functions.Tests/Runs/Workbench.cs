using Azure.Core.Pipeline;
using Azure.Storage.Blobs;
using BatchEval.Functions.Activities;
using BatchEval.Tests.Shared;
using BatchEval.Workflow.Local;
using BatchEval.Workflow.Specifications;
using BatchEval.Workflow.Storage;
using BatchEval.Workflow.Tests.Local;

namespace BatchEval.Functions.Tests.Runs;

/// <summary>A store of its own, and the activities on it.</summary>
internal sealed class Workbench : IDisposable
{
    private readonly WorkerServices services;

    private Workbench(RunStore store, WorkerServices services) => (Store, this.services) = (store, services);

    public RunStore Store { get; }

    public WorkerServices Services => services;

    public SearchActivities Activities => new(services);

    public static async Task<Workbench> CreateAsync(AzuriteFixture azurite, string container, HttpPipelineTransport? transport = null)
    {
        var options = new BlobClientOptions();
        if (transport is not null)
        {
            (options.Transport, options.Retry.MaxRetries) = (transport, 0);
        }

        await new BlobServiceClient(azurite.ConnectionString).GetBlobContainerClient(container).CreateIfNotExistsAsync();
        var store = new RunStore(new BlobServiceClient(azurite.ConnectionString, options).GetBlobContainerClient(container));
        var settings = new WorkerSettings("unused", [RepoPaths.Samples], "cpu", 3, null);
        return new Workbench(store, new WorkerServices(settings, TimeProvider.System, _ => Task.FromResult(store)));
    }

    public static RunSpecification Specification(params string[] overrides) => SpecificationJson.Read(SpecificationOverrides.Apply(TinyRun.Json, overrides));

    public async Task<string> SubmitAsync(RunSpecification specification) =>
        (await new RunSubmission(Store, services.Models, TimeProvider.System).SubmitAsync(specification)).RunId;

    public async Task<string> RunLocallyAsync(RunSpecification specification)
    {
        var run = await SubmitAsync(specification);
        await new LocalRunner(Store, services.Models, 2, TimeProvider.System).RunAsync(run);
        return run;
    }

    public async Task<string> ResultAsync(string run, string file = "leaderboard.json") =>
        System.Text.Encoding.UTF8.GetString((await Store.ReadAsync(BlobNames.Result(run, file))).ShouldNotBeNull($"{file} is missing"));

    public void Dispose() => services.Dispose();
}
