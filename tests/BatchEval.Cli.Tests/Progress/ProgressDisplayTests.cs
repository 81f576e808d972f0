using BatchEval.Cli.Progress;
using BatchEval.Cli.Terminal;
using BatchEval.Workflow.Activities;
using BatchEval.Workflow.Local;
using BatchEval.Workflow.Specifications;
using BatchEval.Workflow.Tests.Storage;

namespace BatchEval.Cli.Tests.Progress;

/// <summary>Whatever ended the display ended the run with it, which was marked as failed while it went on.</summary>
public sealed class ProgressDisplayTests : IDisposable
{
    private readonly StringWriter error = new();
    private readonly RunProgress progress = new("run-00000000", SpecificationJson.Read(Commands.SmallRun.Specification()), TimeProvider.System);

    [Fact]
    public Task A_storage_that_does_not_answer_does_not_end_the_display() => FollowAsync(new ScriptedStorage(_ => throw new HttpRequestException("No route to host.")));

    [Fact]
    public Task A_record_that_cannot_be_read_does_not_end_the_display() => FollowAsync(new ScriptedStorage(_ => ScriptedStorage.Blob("not JSON")));

    [Fact]
    public async Task A_terminal_that_was_closed_does_not_end_the_run()
    {
        var work = new TaskCompletionSource();
        using var closed = new ClosedWriter();
        var following = Display(closed, new ScriptedStorage(_ => ScriptedStorage.Blob("{}"))).FollowAsync(work.Task);
        progress.Report(new RoundProgress("run-00000000", 0, new RoundOutline(4, "search", 0, 0), 1));
        await closed.Written.Task.WaitAsync(TimeSpan.FromSeconds(30));
        following.IsFaulted.ShouldBeFalse();
        work.SetException(new InvalidOperationException("the run's own end"));
        (await Should.ThrowAsync<InvalidOperationException>(following)).Message.ShouldBe("the run's own end");
    }

    public void Dispose() => error.Dispose();

    // A round that has been reported is looked up; what goes wrong then is shown as nothing, and lines go on.
    private async Task FollowAsync(ScriptedStorage storage)
    {
        var work = new TaskCompletionSource();
        var following = Display(error, storage).FollowAsync(work.Task);
        for (var round = 0; round < 2; round++)
        {
            var before = storage.Calls;
            progress.Report(new RoundProgress("run-00000000", round, new RoundOutline(4, "search", 0, 0), 1));
            for (var clock = System.Diagnostics.Stopwatch.StartNew(); storage.Calls == before && clock.Elapsed < TimeSpan.FromSeconds(30) && !following.IsCompleted;)
            {
                await Task.Delay(20);
            }

            storage.Calls.ShouldBeGreaterThan(before, "the store was not asked");
        }

        following.IsCompleted.ShouldBeFalse();
        work.SetResult();
        await following.WaitAsync(TimeSpan.FromSeconds(30));
        progress.Best.ShouldBeNull();
        error.ToString().ShouldContain("unit 1 of 4");
    }

    private ProgressDisplay Display(TextWriter to, ScriptedStorage storage) => new(new Shell(TextWriter.Null, to, "/", _ => null, TimeProvider.System), progress, storage.Store());

    private sealed class ClosedWriter : StringWriter
    {
        public TaskCompletionSource Written { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public override void WriteLine(string? value)
        {
            Written.TrySetResult();
            throw new IOException("Broken pipe");
        }
    }
}
