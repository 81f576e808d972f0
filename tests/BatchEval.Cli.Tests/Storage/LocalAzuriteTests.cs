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
    public async Task One_that_dies_is_started_again_at_the_same_address_and_its_users_are_told()
    {
        await using var azurite = await EnterAsync();
        var store = await RunStore.OpenAsync(azurite.ConnectionString);
        await store.WriteTextOnceAsync("r/spec.json", "{}");
        // It saves every few seconds: what it has not saved is made again.
        azurite.Restarted = cancellation => RunStore.OpenAsync(azurite.ConnectionString, cancellation);
        var lost = azurite.Lost;
        Process.GetProcessById(AzuriteRecord.Read(folder)!.Pid).Kill();

        await Task.Delay(Timeout.InfiniteTimeSpan, lost).ContinueWith(_ => { }, TaskScheduler.Default);
        await azurite.Running;

        azurite.Lost.IsCancellationRequested.ShouldBeFalse();
        await store.WriteTextOnceAsync("r/run.json", "{}");
        (await store.ExistsAsync("r/run.json")).ShouldBeTrue();
    }

    [Fact]
    public async Task One_that_cannot_be_started_again_says_so_and_names_the_folder()
    {
        var script = Path.Combine(folder, "once.js");
        await File.WriteAllTextAsync(script, $"if (require('fs').existsSync('again')) throw new Error('worn out'); require('fs').writeFileSync('again', ''); require({System.Text.Json.JsonSerializer.Serialize(Script)});");
        await using var azurite = await LocalAzurite.EnterAsync(script, folder, CancellationToken.None);
        Process.GetProcessById(AzuriteRecord.Read(folder)!.Pid).Kill();

        var error = await Should.ThrowAsync<ProblemException>(() => azurite.Ended);

        error.Message.ShouldContain($"could not be started in '{folder}'");
        error.Message.ShouldContain("MB free");
        (await Should.ThrowAsync<ProblemException>(() => azurite.Running)).Message.ShouldBe(error.Message);
    }

    [Fact]
    public async Task Tables_that_could_not_be_saved_are_not_passed_over()
    {
        var azurite = await EnterAsync();
        var store = await RunStore.OpenAsync(azurite.ConnectionString);
        await store.WriteTextOnceAsync("r/spec.json", "{}");
        // A folder of that name cannot be written, as on a full disk.
        Directory.CreateDirectory(Path.Combine(folder, "__azurite_db_blob__.json~"));

        var error = await Should.ThrowAsync<IOException>(() => azurite.DisposeAsync().AsTask());

        error.Message.ShouldContain($"could not save its tables in '{folder}'");
        error.Message.ShouldContain("MB free");
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
