using System.Runtime.InteropServices;

namespace BatchEval.Cli.Terminal;

/// <summary>Turns the first Ctrl-C (or termination request) into a cancellation; the second one ends the process as usual.</summary>
internal sealed class Interruption : IDisposable
{
    private readonly CancellationTokenSource source;
    private readonly PosixSignalRegistration[] registrations;
    private readonly Shell shell;

    /// <summary>Begins to listen.</summary>
    public Interruption(Shell shell, CancellationToken outer)
    {
        this.shell = shell;
        source = CancellationTokenSource.CreateLinkedTokenSource(outer);
        registrations = [.. new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM }.Select(s => PosixSignalRegistration.Create(s, Handle))];
    }

    /// <summary>Cancelled by the first signal.</summary>
    public CancellationToken Token => source.Token;

    public void Dispose()
    {
        foreach (var registration in registrations)
        {
            registration.Dispose();
        }

        source.Dispose();
    }

    private void Handle(PosixSignalContext context)
    {
        if (source.IsCancellationRequested)
        {
            return;
        }

        context.Cancel = true;
        shell.Error.WriteLine("Stopping; press Ctrl-C again to end at once.");
        source.Cancel();
    }
}
