namespace BatchEval.Workflow.Runs;

/// <summary>What a process has computed of a run, for people who look at it; nothing depends on it.</summary>
/// <param name="Name">Machine and process.</param>
/// <param name="Units">Units that it has computed.</param>
/// <param name="Last">When it finished the last one.</param>
public sealed record WorkRecord(string Name, int Units, DateTimeOffset Last)
{
    /// <summary>Counts a unit that this process has computed. Where the storage does not take that, it is not counted.</summary>
    public static async Task CountAsync(RunStore store, string run, TimeProvider time, CancellationToken cancellation)
    {
        var here = ClaimHolder.Here(run);
        try
        {
            var name = BlobNames.Work(run, here.File);
            await store.ChangeJsonAsync<WorkRecord>(name, before => new WorkRecord(here.Name, (before?.Units ?? 0) + 1, time.GetUtcNow()), cancellation);
        }
        catch (Exception error) when (StorageFaults.Is(error))
        {
            // The unit itself is stored.
        }
    }

    /// <summary>All of a run, by name.</summary>
    public static async Task<IReadOnlyList<WorkRecord>> ReadAllAsync(RunStore store, string run, CancellationToken cancellation)
    {
        var files = await store.ListAsync(BlobNames.Work(run, string.Empty), cancellation);
        var read = await Task.WhenAll(files.Select(f => store.ReadJsonAsync<WorkRecord>(f.Name, cancellation)));
        // A process number may come again.
        return [.. read.OfType<WorkRecord>().GroupBy(r => r.Name).Select(g => new WorkRecord(g.Key, g.Sum(r => r.Units), g.Max(r => r.Last))).OrderBy(r => r.Name, StringComparer.Ordinal)];
    }
}
