using Azure.Core;
using Azure.Core.Pipeline;
using BatchEval.Workflow.Telemetry;

namespace BatchEval.Workflow.Storage;

/// <summary>
/// Sees every attempt at the storage. It says at the first that fails what is refused and why, and when the storage works again; in between the client asks again by itself.
/// </summary>
/// <param name="say">Takes the words; called from any thread.</param>
/// <param name="time">Clock: an account that is throttled refuses and answers many times a minute, which is said once.</param>
/// <param name="place">What is known about the place, for example its free space, or null.</param>
public sealed class StorageWatch(Action<string> say, TimeProvider time, Func<string?>? place = null) : HttpPipelinePolicy
{
    private readonly Lock gate = new();
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(30);
    private long refusedBytes;
    private long? spoken;
    private bool said;

    /// <summary>What the storage refuses at the moment, or null.</summary>
    public string? Trouble { get; private set; }

    public override void Process(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline)
    {
        try
        {
            ProcessNext(message, pipeline);
        }
        catch (Exception error) when (!message.CancellationToken.IsCancellationRequested)
        {
            Refused(message, ErrorText.Of(error));
            throw;
        }

        Look(message);
    }

    public override async ValueTask ProcessAsync(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline)
    {
        try
        {
            await ProcessNextAsync(message, pipeline);
        }
        catch (Exception error) when (!message.CancellationToken.IsCancellationRequested)
        {
            Refused(message, ErrorText.Of(error));
            throw;
        }

        Look(message);
    }

    private void Look(HttpMessage message)
    {
        if (message.Response.Status is 408 or 429 or >= 500)
        {
            var code = message.Response.Headers.TryGetValue("x-ms-error-code", out var named) ? named : message.Response.ReasonPhrase;
            Refused(message, FormattableString.Invariant($"status {message.Response.Status} ({code})"));
        }
        else
        {
            Answered(message);
        }
    }

    private void Refused(HttpMessage message, string reason)
    {
        WorkflowTelemetry.StorageRefusals.Add(1);
        var (request, about) = ($"{message.Request.Method} {message.Request.Uri.ToUri().AbsolutePath}", place?.Invoke());
        lock (gate)
        {
            var first = Trouble is null;
            refusedBytes = Math.Min(first ? long.MaxValue : refusedBytes, BytesOf(message));
            Trouble = ErrorText.WithoutSecrets($"{request}: {reason.TrimEnd('.')}{(about is null ? string.Empty : $"; {about}")}");
            if (!first)
            {
                return;
            }

            said = spoken is not { } before || time.GetElapsedTime(before) >= Quiet;
            if (!said)
            {
                return;
            }

            spoken = time.GetTimestamp();
        }

        say($"The storage refuses {Trouble}. It is asked again.");
    }

    // A full disk refuses what is large, and takes all else.
    private void Answered(HttpMessage message)
    {
        lock (gate)
        {
            if (Trouble is null || BytesOf(message) < refusedBytes)
            {
                return;
            }

            Trouble = null;
            if (!said)
            {
                return;
            }
        }

        say("The storage answers again.");
    }

    private static long BytesOf(HttpMessage message) => message.Request.Content is { } content && content.TryComputeLength(out var length) ? length : 0;
}
