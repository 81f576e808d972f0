using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using BatchEval.Http.Pipeline;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace BatchEval.Cli.Serve;

/// <summary>
/// What is not HTTP, or not a path (<c>%00</c>), Kestrel refuses before any middleware sees it, with an empty body. Here such answers get the problem document that all other
/// refusals have.
/// </summary>
internal static class ConnectionRefusals
{
    public static void Explain(ListenOptions endpoint) => endpoint.Use(next => connection =>
    {
        connection.Transport = new Duplex(connection.Transport.Input, new Output(connection.Transport.Output));
        return next(connection);
    });

    // Answers of the application always have this header.
    private static bool IsKestrels(string answer) =>
        answer.StartsWith("HTTP/1.1 4", StringComparison.Ordinal) || answer.StartsWith("HTTP/1.1 5", StringComparison.Ordinal)
            ? answer.Contains("\r\nContent-Length: 0\r\n", StringComparison.Ordinal) && !answer.Contains("\r\nX-Content-Type-Options:", StringComparison.Ordinal)
            : false;

    private static byte[] Explained(string answer)
    {
        var line = answer[9..answer.IndexOf('\r', StringComparison.Ordinal)];
        var status = int.Parse(line[..3], CultureInfo.InvariantCulture);
        var body = new Refusal(status, line[4..], Reason(status)).ToJson();
        var head = answer.Replace(
            "\r\nContent-Length: 0\r\n", string.Create(CultureInfo.InvariantCulture, $"\r\nContent-Length: {body.Length}\r\nContent-Type: {Refusal.MediaType}\r\nX-Content-Type-Options: nosniff\r\n"), StringComparison.Ordinal);
        return [.. Encoding.Latin1.GetBytes(head), .. body];
    }

    private static string Reason(int status) => status switch
    {
        408 => "The request did not arrive in time.",
        414 => "The address of the request is too long.",
        431 => "The headers of the request are too long.",
        505 => "This server speaks HTTP/1.1.",
        _ => "The request does not keep to HTTP: its first line, its path or a header holds what may not be there (for example %00).",
    };

    private sealed record Duplex(PipeReader Input, PipeWriter Output) : IDuplexPipe;

    private sealed class Output(PipeWriter next) : PipeWriter
    {
        private const int LongestHead = 2048;
        private readonly ArrayBufferWriter<byte> pending = new();

        public override bool CanGetUnflushedBytes => true;

        public override long UnflushedBytes => pending.WrittenCount;

        public override void Advance(int bytes) => pending.Advance(bytes);

        public override Memory<byte> GetMemory(int sizeHint = 0) => pending.GetMemory(sizeHint);

        public override Span<byte> GetSpan(int sizeHint = 0) => pending.GetSpan(sizeHint);

        public override void CancelPendingFlush() => next.CancelPendingFlush();

        public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
        {
            Pass();
            return next.FlushAsync(cancellationToken);
        }

        public override void Complete(Exception? exception = null)
        {
            Pass();
            next.Complete(exception);
        }

        private void Pass()
        {
            if (pending.WrittenCount == 0)
            {
                return;
            }

            var head = pending.WrittenCount > LongestHead ? string.Empty : Encoding.Latin1.GetString(pending.WrittenSpan);
            next.Write(IsKestrels(head) ? Explained(head) : pending.WrittenSpan);
            pending.ResetWrittenCount();
        }
    }
}
