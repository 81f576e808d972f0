using BatchEval.Workflow.Runs;
using BatchEval.Workflow.Storage;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace BatchEval.Cli.Progress;

/// <summary>Shows a run's progress until it ends: a live display on a terminal, a line now and then anywhere else.</summary>
/// <param name="store">The store, which is looked into after every round.</param>
internal sealed class ProgressDisplay(Shell shell, RunProgress progress, RunStore store)
{
    private const int BarWidth = 40;
    private static readonly TimeSpan LiveInterval = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan PlainInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(15);
    private int lookedAt = -1;

    /// <summary>Shows progress until the work ends, and passes on how it ended. Whatever fails here, a closed terminal for example, the work goes on.</summary>
    public async Task FollowAsync(Task work)
    {
        try
        {
            await ShowAsync(work);
        }
#pragma warning disable CA1031 // Who watches does not end what is watched.
        catch (Exception)
#pragma warning restore CA1031
        {
            // Nobody can be told.
        }

        await work;
    }

    private async Task ShowAsync(Task work)
    {
        if (shell.ErrorIsTerminal)
        {
            await Output.ConsoleOn(shell.Error, terminal: true).Live(Drawing()).AutoClear(true).StartAsync(context => WatchAsync(work, LiveInterval, () =>
            {
                context.UpdateTarget(Drawing());
                context.Refresh();
            }));
        }
        else
        {
            await FollowPlainAsync(work);
        }
    }

    private async Task FollowPlainAsync(Task work)
    {
        var (round, spoken) = (-1, shell.Time.GetTimestamp());
        await WatchAsync(work, PlainInterval, () =>
        {
            if (progress.Round != round || shell.Time.GetElapsedTime(spoken) >= Silence)
            {
                (round, spoken) = (progress.Round, shell.Time.GetTimestamp());
                shell.Error.WriteLine(string.Join("; ", new[] { $"{progress.Share,4:0%}", progress.Position(), progress.BestText(), progress.Times() }.Where(t => t.Length > 0)));
            }
        });
    }

    private async Task WatchAsync(Task work, TimeSpan interval, Action show)
    {
        while (await Task.WhenAny(work, Task.Delay(interval, shell.Time)) != work)
        {
            if (progress.Round != lookedAt)
            {
                lookedAt = progress.Round;
                await LookAsync();
            }

            show();
        }
    }

    private async Task LookAsync()
    {
        try
        {
            progress.Forecast ??= await RunForecast.ReadAsync(store, progress.Run);
            var status = await store.ReadJsonAsync<RunStatus>(BlobNames.Status(progress.Run));
            progress.Best = status?.Best is { } best && double.IsFinite(best.Objective) ? (best.Objective, best.ObjectiveError) : progress.Best;
        }
#pragma warning disable CA1031 // A record that cannot be read is shown as nothing; the run itself says what stops it.
        catch (Exception)
#pragma warning restore CA1031
        {
            // The next round looks again; what the storage refuses is told by the position.
        }
    }

    private Rows Drawing()
    {
        var filled = (int)Math.Round(progress.Share * BarWidth);
        var bar = $"[green]{new string('━', filled)}[/][grey]{new string('━', BarWidth - filled)}[/] {progress.Share,4:0%}  {progress.Times()}";
        IRenderable[] lines = [new Markup(bar), new Text(progress.Position()), new Text(progress.BestText())];
        return new Rows(lines);
    }
}
