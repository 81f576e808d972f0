using BatchEval.Workflow.Local;

namespace BatchEval.Cli.Serve;

/// <summary>The run that is being computed.</summary>
internal sealed class RunInProgress : IProgress<RoundProgress>
{
    private readonly CancellationTokenSource source;
    private readonly TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private RoundProgress? last;

    public RunInProgress(string run, CancellationToken closing) => (Run, source) = (run, CancellationTokenSource.CreateLinkedTokenSource(closing));

    public string Run { get; }

    public CancellationToken Token => source.Token;

    /// <summary>Whether somebody waits for it to end before its time.</summary>
    public bool Held { get; private set; }

    public int? Round => last?.Round;

    public int UnitsDone => last?.UnitsDone ?? 0;

    public void Report(RoundProgress value) => last = value;

    /// <summary>Interrupts it.</summary>
    /// <returns>Completes when it has ended.</returns>
    public Task HoldAsync()
    {
        Held = true;
        source.Cancel();
        return ended.Task;
    }

    public void End()
    {
        ended.SetResult();
        source.Dispose();
    }
}
