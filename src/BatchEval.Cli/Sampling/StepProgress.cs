namespace BatchEval.Cli.Sampling;

/// <summary>Shows how far sampling is, step by step: one line that is rewritten on a terminal, and a line now and then anywhere else.</summary>
internal sealed class StepProgress(Shell shell, string what)
{
    private const int Width = 30;
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(5);
    private readonly long begun = shell.Time.GetTimestamp();
    private long spoken = shell.Time.GetTimestamp();

    /// <summary>Takes note of a finished step.</summary>
    public void Report(int done, int total)
    {
        var seconds = shell.Time.GetElapsedTime(begun).TotalSeconds;
        var left = done == total ? string.Empty : $", {Math.Ceiling(seconds / done * (total - done)):0} s left";
        if (shell.ErrorIsTerminal)
        {
            var filled = Width * done / total;
            shell.Error.Write($"\r{what} [{new string('#', filled)}{new string('.', Width - filled)}] {done}/{total}, {seconds / done:0.00} s each{left}   {(done == total ? "\n" : string.Empty)}");
        }
        else if (shell.Time.GetElapsedTime(spoken) >= Silence)
        {
            spoken = shell.Time.GetTimestamp();
            shell.Error.WriteLine($"{what}: {done} of {total}, {seconds / done:0.00} s each{left}");
        }
    }
}
