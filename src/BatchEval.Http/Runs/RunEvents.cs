using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace BatchEval.Http.Runs;

/// <summary>Tells a page what becomes of a run, as server-sent events.</summary>
internal sealed class RunEvents(RunApiContext context)
{
    private static readonly TimeSpan Pace = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(15);

    // Below the four minutes after which load balancers on Azure end a connection; the page asks again.
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(220);

    /// <summary><c>status</c> with a run's document whenever it changes, <c>ping</c> in between, <c>gone</c> when the run is deleted.</summary>
    /// <param name="headersOnly">Whether nothing is to follow the headers.</param>
    public async IAsyncEnumerable<SseItem<RunDocument?>> WatchAsync(string run, bool headersOnly, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var queries = new RunQueries(context);
        var (began, told) = (context.Time.GetTimestamp(), context.Time.GetTimestamp());
        string? before = null;
        while (!headersOnly && context.Time.GetElapsedTime(began) < Longest)
        {
            var document = await TryReadAsync(queries, run, cancellation);
            if (document is null)
            {
                yield return new SseItem<RunDocument?>(null, "gone");
                yield break;
            }

            var now = JsonSerializer.Serialize(document);
            if (now != before)
            {
                (before, told) = (now, context.Time.GetTimestamp());
                yield return new SseItem<RunDocument?>(document, "status");
            }
            else if (context.Time.GetElapsedTime(told) > Silence)
            {
                told = context.Time.GetTimestamp();
                yield return new SseItem<RunDocument?>(null, "ping");
            }

            await Task.Delay(Pace, context.Time, cancellation);
        }
    }

    private static async Task<RunDocument?> TryReadAsync(RunQueries queries, string run, CancellationToken cancellation)
    {
        try
        {
            return await queries.DescribeAsync(run, cancellation);
        }
        catch (Pipeline.RefusedException refused) when (refused.Refusal.Status == 404)
        {
            return null;
        }
    }
}
