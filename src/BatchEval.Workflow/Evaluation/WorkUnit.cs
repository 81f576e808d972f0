using System.Text.Json.Serialization;

namespace BatchEval.Workflow.Evaluation;

/// <summary>The work of one activity.</summary>
/// <param name="Shards">Shards to compute, unless they exist.</param>
public sealed record WorkUnit([property: JsonPropertyName("cells")] IReadOnlyList<Shard> Shards)
{
    /// <summary>Packs shards into units of a size, so that candidates with a common beginning share a unit.</summary>
    /// <param name="shards">The shards; each key is packed once.</param>
    /// <param name="evaluations">Network calls per unit; a single larger shard is a unit of its own.</param>
    public static IReadOnlyList<WorkUnit> Pack(IEnumerable<Shard> shards, int evaluations)
    {
        var units = new List<WorkUnit>();
        var open = new List<Shard>();
        foreach (var shard in Shard.Distinct(shards).OrderBy(c => c.Range.Start).ThenBy(Beginning, StringComparer.Ordinal).ThenBy(c => c.Candidate.Id, StringComparer.Ordinal))
        {
            if (open.Count > 0 && open.Sum(c => c.NetworkCalls) + shard.NetworkCalls > evaluations)
            {
                units.Add(new WorkUnit([.. open]));
                open.Clear();
            }

            open.Add(shard);
        }

        return open.Count == 0 ? units : [.. units, new WorkUnit([.. open])];
    }

    private static string Beginning(Shard shard) =>
        string.Join(' ', shard.Candidate.Steps.Select(s => $"{s.Time:0000000.000000}:{string.Join('.', s.Drop)}"));
}
