using System.Text;

namespace BatchEval.Workflow.Specifications;

/// <summary>The specification that a run keeps in the store.</summary>
public static class StoredSpecification
{
    /// <summary>Reads a run's specification.</summary>
    /// <exception cref="InvalidOperationException">The run does not exist.</exception>
    public static async Task<RunSpecification> ReadAsync(RunStore store, string runId, CancellationToken cancellation)
    {
        var text = await store.ReadAsync(BlobNames.Specification(runId), cancellation)
            ?? throw new InvalidOperationException($"There is no run '{runId}' in {store.Place}.");
        return SpecificationJson.Read(Encoding.UTF8.GetString(text));
    }
}
