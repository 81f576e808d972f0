using BatchEval.Core.Sampling.Placement;
using BatchEval.Onnx.Packages;
using BatchEval.Workflow.Local;
using BatchEval.Workflow.Models;
using BatchEval.Workflow.Runs;
using BatchEval.Workflow.Specifications;
using BatchEval.Workflow.Storage;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BatchEval.Http.Runs;

/// <summary>Checks specifications before they are started.</summary>
internal sealed class RunChecks(RunApiContext context)
{
    private const int RunsLookedAt = 20;

    // Somebody types: a forecast that is not there by then is left out.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>What a specification would start, and what that would cost.</summary>
    public async Task<Ok<CheckedRun>> CheckAsync(HttpContext http, CancellationToken cancellation)
    {
        var specification = Require(await RequestBody.ReadJsonAsync(http.Request, RunApiContext.BodyLimit, cancellation), context);
        var run = RunSubmission.Check(specification, context.Models);
        var package = context.Models.Find(specification.Model);
        var forecast = await ForeseeAsync(specification, package, cancellation);
        var seconds = forecast is null ? null : await SecondsPerCallAsync(specification.Model, cancellation) * forecast.Total;
        return TypedResults.Ok(new CheckedRun(
            run, await context.Store.ExistsAsync(BlobNames.Specification(run), cancellation), forecast?.Rounds, forecast?.Total,
            seconds is { } s ? Math.Round(s, 1) : null,
            context.Price is { } price && seconds is { } t ? Math.Round(t / 3600 * price.PerHour, 4) : null, context.Price?.Currency));
    }

    /// <summary>Reads a specification whose model is one of the service's.</summary>
    /// <exception cref="ProblemException">It cannot be used.</exception>
    public static RunSpecification Require(byte[] body, RunApiContext context)
    {
        ModelManifest ManifestOf(string model) => context.Catalog.Check(model) is { } unknown ? throw new ProblemException("The run specification", [unknown]) : context.Models.Find(model).Manifest;
        var text = PipelineDefaults.Under(RequestBody.Text(body), ManifestOf).Json;
        var specification = SpecificationJson.Read(ImportedCandidates.Resolve(text, model => ManifestOf(model).Schedule));
        return context.Catalog.Check(specification.Model) is { } problem ? throw new ProblemException("The run specification", [problem]) : specification;
    }

    private async Task<RunForecast?> ForeseeAsync(RunSpecification specification, ModelPackage package, CancellationToken cancellation)
    {
        using var late = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        late.CancelAfter(Patience);
        var stop = late.Token;
        var costs = ModelCosts.Needed(specification, context.Models, package);
        try
        {
            return await Task.Run(() => RunForecast.Of(specification, package.Manifest.Schedule, costs, package.Manifest.OwnSampler, stop), stop).WaitAsync(stop);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return null;
        }
    }

    // Device time per network call, from the newest run of the same model that computed something.
    private async Task<double?> SecondsPerCallAsync(string model, CancellationToken cancellation)
    {
        var list = await new RunListing(context).ReadAsync(RunsLookedAt, null, cancellation);
        foreach (var run in list.Runs)
        {
            var document = await new RunQueries(context).DescribeAsync(run.Id, cancellation);
            var made = document.Counts;
            if (document.Model == model && made is { Computed: > 0, NetworkCalls: > 0 } && document.Cost.DeviceSeconds > 0)
            {
                return document.Cost.DeviceSeconds * (made.Computed + made.Reused) / made.Computed / made.NetworkCalls;
            }
        }

        return null;
    }
}
