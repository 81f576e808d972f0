namespace BatchEval.Workflow.Cells;

/// <summary>The work of one activity.</summary>
/// <param name="Cells">Cells to compute, unless they exist.</param>
public sealed record WorkUnit(IReadOnlyList<Cell> Cells)
{
    /// <summary>Packs cells into units of a size, so that candidates with a common beginning share a unit.</summary>
    /// <param name="cells">The cells; each key is packed once.</param>
    /// <param name="evaluations">Network calls per unit; a single larger cell is a unit of its own.</param>
    public static IReadOnlyList<WorkUnit> Pack(IEnumerable<Cell> cells, int evaluations)
    {
        var units = new List<WorkUnit>();
        var open = new List<Cell>();
        foreach (var cell in Cell.Distinct(cells).OrderBy(c => c.Range.Start).ThenBy(Beginning, StringComparer.Ordinal).ThenBy(c => c.Candidate.Id, StringComparer.Ordinal))
        {
            if (open.Count > 0 && open.Sum(c => c.NetworkCalls) + cell.NetworkCalls > evaluations)
            {
                units.Add(new WorkUnit([.. open]));
                open.Clear();
            }

            open.Add(cell);
        }

        return open.Count == 0 ? units : [.. units, new WorkUnit([.. open])];
    }

    private static string Beginning(Cell cell) =>
        string.Join(' ', cell.Candidate.Steps.Select(s => $"{s.Time:0000000.000000}:{string.Join('.', s.Drop)}"));
}
