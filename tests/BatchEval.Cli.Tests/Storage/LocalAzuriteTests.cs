using System.Diagnostics;
using BatchEval.Cli.Storage;
using BatchEval.Core.Json;
using BatchEval.Tests.Shared;
using BatchEval.Workflow.Storage;

namespace BatchEval.Cli.Tests.Storage;

public sealed class LocalAzuriteTests : IDisposable
{
    private static readonly string Script = Path.Combine(RepoPaths.NodeModules, "azurite", "dist", "src", "blob", "main.js");
    private readonly string folder = Directory.CreateTempSubdirectory("batcheval-azurite-").FullName;

    [Fact]
    public async Task What_was_written_is_there_the_next_time()
    {
        await using (var azurite = await EnterAsync())
        {
            var store = await RunStore.OpenAsync(azurite.ConnectionString);
            (await store.WriteTextOnceAsync("r/spec.json", "{}")).ShouldBeTrue();
        }

        AzuriteRecord.Read(folder).ShouldBeNull();
        await using (var azurite = await EnterAsync())
        {
            var store = await RunStore.OpenAsync(azurite.ConnectionString);
            (await store.ExistsAsync("r/spec.json")).ShouldBeTrue();
        }
    }

    [Fact]
    public async Task Several_users_share_one_and_the_last_one_ends_it()
    {
        var users = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => EnterAsync()));
        users.Select(u => u.ConnectionString).Distinct().ShouldHaveSingleItem();
        var record = AzuriteRecord.Read(folder)!;

        await users[0].DisposeAsync();
        await users[1].DisposeAsync();
        (await RunStore.OpenAsync(users[2].ConnectionString)).ShouldNotBeNull();
        record.IsAlive().ShouldBeTrue();
        await users[2].DisposeAsync();

        record.IsAlive().ShouldBeFalse();
        AzuriteRecord.Read(folder).ShouldBeNull();
    }

    [Fact]
    public async Task A_record_left_by_a_killed_one_does_not_stand_in_the_way()
    {
        var first = await EnterAsync();
        Process.GetProcessById(AzuriteRecord.Read(folder)!.Pid).Kill();
        await first.DisposeAsync();
        AzuriteRecord.Read(folder).ShouldNotBeNull();

        await using var second = await EnterAsync();
        (await RunStore.OpenAsync(second.ConnectionString)).ShouldNotBeNull();
    }

    [Fact]
    public async Task A_program_that_is_not_Azurite_is_reported()
    {
        var script = Path.Combine(folder, "broken.js");
        await File.WriteAllTextAsync(script, "throw new Error('no such thing');");
        var error = await Should.ThrowAsync<ProblemException>(() => LocalAzurite.EnterAsync(script, folder, CancellationToken.None));
        error.Message.ShouldContain("could not be started");
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private Task<LocalAzurite> EnterAsync() => LocalAzurite.EnterAsync(Script, folder, CancellationToken.None);
}
