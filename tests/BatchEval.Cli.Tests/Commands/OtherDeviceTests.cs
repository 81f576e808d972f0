using BatchEval.Tests.Shared;
using BatchEval.Workflow.Models;
using BatchEval.Workflow.Runs;
using BatchEval.Workflow.Storage;

namespace BatchEval.Cli.Tests.Commands;

/// <summary>A run that another kind of device computes is refused before it is touched.</summary>
public sealed class OtherDeviceTests(AzuriteFixture azurite) : IClassFixture<AzuriteFixture>, IDisposable
{
    private readonly TestShell shell = new();

    [Fact]
    public async Task A_run_that_began_on_another_device_is_refused_and_stays_as_it_is()
    {
        shell.Write("spec.json", SmallRun.Specification("device"));
        var first = (await shell.RunAsync("run", "spec.json", "--store", azurite.ConnectionString, "--json")).ShouldSucceed();
        var run = first.Json["run"]!.GetValue<string>();
        var store = await RunStore.OpenAsync(azurite.ConnectionString);
        await store.ChangeJsonAsync<ModelRecord>(BlobNames.Model(run), r => r! with { Device = "cuda" });
        await store.ChangeJsonAsync<RunStatus>(BlobNames.Status(run), s => s! with { State = RunStates.Running });

        var refused = await shell.RunAsync("run", "spec.json", "--store", azurite.ConnectionString);

        refused.Code.ShouldBe(ExitCodes.BadInput, refused.Error);
        refused.Error.ShouldContain($"error: Run '{run}' began on cuda and cannot go on on cpu: use --device cuda");
        (await store.RequireJsonAsync<RunStatus>(BlobNames.Status(run))).State.ShouldBe(RunStates.Running);
    }

    // A finished run is shown wherever it is asked for.
    [Fact]
    public async Task A_finished_run_of_another_device_is_shown()
    {
        shell.Write("spec.json", SmallRun.Specification("shown"));
        var first = (await shell.RunAsync("run", "spec.json", "--store", azurite.ConnectionString, "--json")).ShouldSucceed();
        var run = first.Json["run"]!.GetValue<string>();
        var store = await RunStore.OpenAsync(azurite.ConnectionString);
        await store.ChangeJsonAsync<ModelRecord>(BlobNames.Model(run), r => r! with { Device = "cuda" });

        var shown = (await shell.RunAsync("run", "spec.json", "--store", azurite.ConnectionString, "--json")).ShouldSucceed();

        shown.Error.ShouldContain($"Run {run} has finished before; nothing is computed again.");
        shown.Json["best"]!.ToJsonString().ShouldBe(first.Json["best"]!.ToJsonString());
    }

    public void Dispose() => shell.Dispose();
}
