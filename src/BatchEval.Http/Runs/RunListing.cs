using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Text;
using BatchEval.Workflow.Runs;
using BatchEval.Workflow.Specifications;
using BatchEval.Workflow.Storage;

namespace BatchEval.Http.Runs;

/// <summary>
/// Lists runs, the newest first. When a run was submitted decides its place and is kept; where it stands is read for the runs of a page only. A run that another
/// process deleted and submitted again has another time, so what was read a while ago is read again, some of it with every list.
/// </summary>
internal sealed class RunListing(RunApiContext context)
{
    private const int ReadsAtOnce = 16;
    private const int ReadAgain = 32;
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(30);

    private static readonly ConditionalWeakTable<RunStore, ConcurrentDictionary<string, Listed>> Known = [];

    private readonly ConcurrentDictionary<string, Listed> known = Known.GetOrCreateValue(context.Store);

    /// <summary>A page of the runs.</summary>
    /// <param name="limit">Most runs of the page; all without it.</param>
    /// <param name="after">Last run of the page before, or null.</param>
    /// <exception cref="RefusedException">The limit is below 1.</exception>
    public async Task<RunList> ReadAsync(int? limit, string? after, CancellationToken cancellation)
    {
        if (limit is < 1)
        {
            throw Refusal.BadRequest("limit", "must be at least 1.").Exception();
        }

        // Other requests change what is known meanwhile.
        var before = known.ToDictionary(StringComparer.Ordinal);
        var names = (await context.Store.ListRunsAsync(cancellation)).Where(RunLookup.IsRunId).ToHashSet(StringComparer.Ordinal);
        foreach (var gone in before.Where(k => !names.Contains(k.Key)))
        {
            known.TryRemove(gone);
        }

        var oldest = before.Where(k => names.Contains(k.Key) && context.Time.GetElapsedTime(k.Value.Read) > Fresh).OrderBy(k => k.Value.Read).Take(ReadAgain).Select(k => k.Key).ToList();
        var read = await StatusesAsync(names.Where(run => !before.ContainsKey(run)).Concat(oldest), cancellation);
        var started = names.Except(oldest).Where(before.ContainsKey).ToDictionary(run => run, run => before[run].Started, StringComparer.Ordinal);
        foreach (var (run, status) in read)
        {
            started[run] = status.Started;
        }

        var sorted = started.Keys.OrderByDescending(run => started[run]).ThenBy(run => run, StringComparer.Ordinal).ToList();
        var rest = sorted.Skip(after is null ? 0 : sorted.IndexOf(after) + 1).ToList();
        var page = rest.Take(limit ?? int.MaxValue).ToList();
        foreach (var (run, status) in await StatusesAsync(page.Where(run => !read.ContainsKey(run)), cancellation))
        {
            read[run] = status;
        }

        return new RunList(
            [.. page.Where(read.ContainsKey).Select(run => RunDescriber.Short(read[run], known.GetValueOrDefault(run)?.Objective))], page.Count < rest.Count ? page[^1] : null);
    }

    /// <summary>Reads a run again with the next list: it was deleted, or submitted anew.</summary>
    public void Forget(string run) => known.TryRemove(run, out _);

    private async Task<Dictionary<string, RunStatus>> StatusesAsync(IEnumerable<string> runs, CancellationToken cancellation)
    {
        var found = new Dictionary<string, RunStatus>(StringComparer.Ordinal);
        foreach (var chunk in runs.Chunk(ReadsAtOnce))
        {
            foreach (var status in (await Task.WhenAll(chunk.Select(run => StatusAsync(run, cancellation)))).OfType<RunStatus>())
            {
                found[status.RunId] = status;
            }
        }

        return found;
    }

    private async Task<RunStatus?> StatusAsync(string run, CancellationToken cancellation)
    {
        var status = await context.Store.ReadJsonAsync<RunStatus>(BlobNames.Status(run), cancellation);
        if (status is not null)
        {
            var objective = known.GetValueOrDefault(run)?.Objective ?? (status.Best is null ? null : await ObjectiveAsync(run, cancellation));
            known[run] = new Listed(status.Started, objective, context.Time.GetTimestamp());
        }

        return status;
    }

    private async Task<string?> ObjectiveAsync(string run, CancellationToken cancellation) =>
        await context.Store.ReadAsync(BlobNames.Specification(run), cancellation) is { } text ? SpecificationJson.Read(Encoding.UTF8.GetString(text)).Objective.Metric : null;

    // The objective is read once a run has a best candidate, whose score it explains.
    private sealed record Listed(DateTimeOffset Started, string? Objective, long Read);
}
