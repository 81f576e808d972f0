namespace BatchEval.Cli.Metrics;

/// <summary>Says now and then how many images are done; silent while things are quick.</summary>
internal sealed class ImageProgress(Shell shell, string what, int total)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);
    private readonly long begun = shell.Time.GetTimestamp();
    private long spoken = shell.Time.GetTimestamp();
    private int? first;

    /// <summary>Takes note of the number of images done.</summary>
    public void Report(int done)
    {
        first ??= done;
        if (shell.Time.GetElapsedTime(spoken) < Interval)
        {
            return;
        }

        spoken = shell.Time.GetTimestamp();
        var seconds = shell.Time.GetElapsedTime(begun).TotalSeconds;
        var rate = (done - first.Value) / seconds;
        var left = rate > 0 ? $", {TimeSpan.FromSeconds(Math.Ceiling((total - done) / rate)):g} left" : string.Empty;
        shell.Error.WriteLine($"{(double)done / total,4:0%}; {what}: {done} of {total} images, {rate:0.#} images/s{left}");
    }
}
