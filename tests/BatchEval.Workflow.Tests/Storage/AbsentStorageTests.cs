using Azure.Storage.Blobs;
using BatchEval.Tests.Shared;
using BatchEval.Workflow.Local;
using BatchEval.Workflow.Specifications;
using BatchEval.Workflow.Storage;
using BatchEval.Workflow.Tests.Local;

namespace BatchEval.Workflow.Tests.Storage;

/// <summary>A run gave a storage that did not answer up after some 40 seconds.</summary>
public sealed class AbsentStorageTests(AzuriteFixture azurite) : IClassFixture<AzuriteFixture>
{
    [Theory]
    [InlineData(8, true)]
    [InlineData(1000, false)]
    public async Task A_storage_that_is_away_is_waited_for_some_minutes(int calls, bool finishes)
    {
        var name = $"away-{calls}";
        await new BlobContainerClient(azurite.ConnectionString, name).CreateAsync();
        var options = new BlobClientOptions { Transport = new FaultyStorage(n => n >= 60 && n < 60 + calls ? Fault.Busy : Fault.None) };
        options.Retry.MaxRetries = 0;
        var store = new RunStore(new BlobContainerClient(azurite.ConnectionString, name, options));
        using var models = TinyRun.Models();
        var specification = SpecificationJson.Read(SpecificationOverrides.Apply(TinyRun.Json, ["search.generations=1", "baselines=[\"trailing\"]"]));
        var (run, _) = await new RunSubmission(store, models, TimeProvider.System).SubmitAsync(specification);
        var (time, said) = (new ImmediateTime(), new List<string>());

        var work = new LocalRunner(store, models, 1, time) { Retrying = said.Add }.RunAsync(run);

        if (finishes)
        {
            (await work).ShouldBeTrue();
            // One that meets the return of a claim is not even noticed.
            said.Count.ShouldBeInRange(5, calls, string.Join('\n', said));
        }
        else
        {
            StorageFaults.IsAway(await Should.ThrowAsync<Exception>(() => work)).ShouldBeTrue();
            time.Passed.TotalMinutes.ShouldBeInRange(5, 6);
        }

        said.ShouldAllBe(line => line.Contains("for up to 5 minutes", StringComparison.Ordinal));
        said[4].ShouldContain("is tried again in 30 s (attempt 5");
    }

    /// <summary>A clock on which every wait is over at once.</summary>
    private sealed class ImmediateTime : TimeProvider
    {
        private long ticks;

        public TimeSpan Passed => TimeSpan.FromTicks(Interlocked.Read(ref ticks));

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Interlocked.Read(ref ticks);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            Interlocked.Add(ref ticks, Math.Max(0, dueTime.Ticks));
            return TimeProvider.System.CreateTimer(callback, state, TimeSpan.Zero, Timeout.InfiniteTimeSpan);
        }
    }
}
