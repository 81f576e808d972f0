using System.Diagnostics.CodeAnalysis;
using Azure;
using Azure.Core;
using Azure.Core.Pipeline;

namespace BatchEval.Workflow.Tests.Storage;

/// <summary>How a call fails.</summary>
internal enum Fault
{
    None,

    /// <summary>The connection is reset before the request is sent.</summary>
    Reset,

    /// <summary>The connection is reset after the storage has done what was asked.</summary>
    LostAnswer,

    /// <summary>No answer comes in time.</summary>
    Timeout,

    /// <summary>503 with a time to wait.</summary>
    Busy,

    /// <summary>412, for requests with a condition or a lease; the storage gives no other such answer.</summary>
    Precondition,
}

/// <summary>Lets the first attempt of chosen calls fail.</summary>
/// <param name="choose">The fault of the n-th call, from 1.</param>
internal sealed class FaultyStorage(Func<int, Fault> choose) : HttpPipelineTransport
{
    private readonly HttpClientTransport transport = HttpClientTransport.Shared;
    private const string Seen = "BatchEval.Seen";
    private int calls;
    private int failed;

    /// <summary>Calls so far; repetitions count once.</summary>
    public int Calls => calls;

    /// <summary>Calls that failed.</summary>
    public int Failed => failed;

    public override Request CreateRequest() => transport.CreateRequest();

    public override void Process(HttpMessage message)
    {
        if (!Begin(message, out var fault))
        {
            transport.Process(message);
            End(fault);
        }
    }

    public override async ValueTask ProcessAsync(HttpMessage message)
    {
        if (!Begin(message, out var fault))
        {
            await transport.ProcessAsync(message);
            End(fault);
        }
    }

    // True where the answer is given here.
    private bool Begin(HttpMessage message, out Fault fault)
    {
        fault = Fault.None;
        if (message.TryGetProperty(Seen, out _))
        {
            return false;
        }

        message.SetProperty(Seen, true);
        fault = choose(Interlocked.Increment(ref calls));
        if (fault == Fault.Precondition && !message.Request.Headers.Contains("If-Match") && !message.Request.Headers.Contains("x-ms-lease-id"))
        {
            fault = Fault.None;
        }

        failed += fault == Fault.None ? 0 : 1;
        switch (fault)
        {
            case Fault.Reset:
                throw new IOException("The connection was reset.");
            case Fault.Timeout:
                throw new TaskCanceledException("No answer in time.");
            case Fault.Busy:
                message.Response = new Answer(503, "ServerBusy", ("x-ms-retry-after-ms", "2"));
                return true;
            case Fault.Precondition:
                message.Response = new Answer(412, "ConditionNotMet");
                return true;
            default:
                return false;
        }
    }

    private static void End(Fault fault)
    {
        if (fault == Fault.LostAnswer)
        {
            throw new IOException("The connection was reset before the answer came.");
        }
    }

    private sealed class Answer(int status, string code, params (string Name, string Value)[] headers) : Response
    {
        private readonly Dictionary<string, string> headers =
            headers.Append((Name: "x-ms-error-code", Value: code)).ToDictionary(h => h.Name, h => h.Value, StringComparer.OrdinalIgnoreCase);

        public override int Status => status;

        public override string ReasonPhrase => code;

        public override Stream? ContentStream { get; set; } = new MemoryStream();

        public override string ClientRequestId { get; set; } = string.Empty;

        public override void Dispose() => ContentStream?.Dispose();

        protected override bool TryGetHeader(string name, [NotNullWhen(true)] out string? value) => headers.TryGetValue(name, out value);

        protected override bool TryGetHeaderValues(string name, [NotNullWhen(true)] out IEnumerable<string>? values)
        {
            values = headers.TryGetValue(name, out var value) ? [value] : null;
            return values is not null;
        }

        protected override bool ContainsHeader(string name) => headers.ContainsKey(name);

        protected override IEnumerable<HttpHeader> EnumerateHeaders() => headers.Select(h => new HttpHeader(h.Key, h.Value));
    }
}
