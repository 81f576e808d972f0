using Azure.Core;
using Azure.Core.Pipeline;

namespace BatchEval.Workflow.Tests.Local;

/// <summary>Lets a number of storage calls through and then none, as if the process had died there: the last call may or may not have reached the storage.</summary>
internal sealed class CrashingTransport : HttpPipelineTransport
{
    private readonly HttpClientTransport inner = new();
    private int left = int.MaxValue;

    /// <summary>Whether the process has died.</summary>
    public bool Dead => Volatile.Read(ref left) < 0;

    /// <summary>Starts the process again.</summary>
    /// <param name="calls">Calls until it dies.</param>
    public void Restart(int calls) => Volatile.Write(ref left, calls);

    public override Request CreateRequest() => inner.CreateRequest();

    public override void Process(HttpMessage message)
    {
        Check();
        inner.Process(message);
    }

    public override async ValueTask ProcessAsync(HttpMessage message)
    {
        Check();
        await inner.ProcessAsync(message);
    }

    private void Check()
    {
        if (Interlocked.Decrement(ref left) < 0)
        {
            throw new CrashException();
        }
    }
}

/// <summary>The process dies here; nothing handles it.</summary>
internal sealed class CrashException() : Exception("The process dies.");
