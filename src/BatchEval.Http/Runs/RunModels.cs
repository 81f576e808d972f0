using BatchEval.Workflow.Models;
using BatchEval.Workflow.Storage;

namespace BatchEval.Http.Runs;

/// <summary>Which of the service's models a run is of.</summary>
internal sealed class RunModels(RunApiContext context)
{
    /// <summary>The name that the service gives the model of a run, or null. A folder elsewhere stands for a package here of the same last folder and digest.</summary>
    public async Task<string?> NameOfAsync(string run, string model, CancellationToken cancellation)
    {
        if (context.Catalog.NameOf(model) is { } name)
        {
            return name;
        }

        var alike = context.Catalog.Alike(model);
        return alike.Count > 0 && await context.Store.ReadJsonAsync<ModelRecord>(BlobNames.Model(run), cancellation) is { } began ? alike.FirstOrDefault(n => DigestOf(n) == began.Digest) : null;
    }

    private string? DigestOf(string name)
    {
        try
        {
            return context.Models.Find(name).Digest;
        }
        catch (ProblemException)
        {
            // A broken package is no run's model.
            return null;
        }
    }
}
