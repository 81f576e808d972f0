namespace BatchEval.Durable.Hubs;

/// <summary>What a worker says about itself in the store, so that people learn why a run waits.</summary>
/// <param name="Id">Machine and process.</param>
/// <param name="CodeVersion">Version of the code that computes results.</param>
/// <param name="Started">When it began.</param>
/// <param name="Seen">When it last said so.</param>
public sealed record WorkerRecord(string Id, int CodeVersion, string Device, IReadOnlyList<WorkerModel> Models, DateTimeOffset Started, DateTimeOffset Seen)
{
    /// <summary>How often a worker writes its record.</summary>
    public static TimeSpan Interval { get; } = TimeSpan.FromSeconds(5);

    /// <summary>Whether it has said something lately.</summary>
    public bool IsAlive(DateTimeOffset now) => now - Seen < Interval * 3;
}

public sealed record WorkerModel(string Name, string Digest);
