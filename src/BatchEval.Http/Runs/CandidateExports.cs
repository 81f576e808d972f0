using System.Text;
using BatchEval.Onnx.Packages;
using BatchEval.Workflow.Exports;
using BatchEval.Workflow.Models;
using BatchEval.Workflow.Specifications;
using BatchEval.Workflow.Storage;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BatchEval.Http.Runs;

/// <summary>Any candidate of a run in the forms that the winner is handed over in, made on request.</summary>
internal sealed class CandidateExports(RunApiContext context)
{
    /// <summary>Names of the files.</summary>
    public async Task<Ok<FileList>> ListAsync(string run, string candidate, CancellationToken cancellation) =>
        TypedResults.Ok(new FileList([.. (await MakeAsync(run, candidate, cancellation)).Keys]));

    /// <summary>One of the files.</summary>
    public async Task<FileContentHttpResult> FileAsync(string run, string candidate, string file, CancellationToken cancellation)
    {
        RunLookup.CheckFile(file);
        return (await MakeAsync(run, candidate, cancellation)).TryGetValue(file, out var content)
            ? Revalidation.Content(content(), RunQueries.TypeOf(file))
            : throw Refusal.NotFound($"There is no file '{file}' of candidate '{candidate}'.").Exception();
    }

    private async Task<SortedDictionary<string, Func<byte[]>>> MakeAsync(string run, string candidate, CancellationToken cancellation)
    {
        var chosen = (await new CandidateQueries(context).ScoreOfAsync(run, candidate, cancellation)).Candidate;
        var specification = await new RunQueries(context).SpecificationOfAsync(run, cancellation);
        var model = context.Models.Open(await PackageAsync(run, specification, cancellation)).Sampling;
        var pruned = PrunedNetworks.Of(model, chosen);
        var files = new SortedDictionary<string, Func<byte[]>>(StringComparer.Ordinal);
        foreach (var (name, text) in ExportBundle.Files(new ExportSubject(chosen, model.Manifest, specification.Conditions, pruned?.Networks)))
        {
            files[name] = () => Encoding.UTF8.GetBytes(text);
        }

        foreach (var network in pruned?.Files() ?? [])
        {
            files[network.Name] = () => PrunedNetworks.Content(network);
        }

        return files;
    }

    // The server that shows a run need not have its model, or has another one of that name.
    private async Task<ModelPackage> PackageAsync(string run, RunSpecification specification, CancellationToken cancellation)
    {
        var name = await new RunModels(context).NameOfAsync(run, specification.Model, cancellation) ?? specification.Model;
        try
        {
            var package = context.Models.Find(name);
            return await context.Store.ReadJsonAsync<ModelRecord>(BlobNames.Model(run), cancellation) is { } began && began.Digest != package.Digest
                ? throw Refusal.Conflict($"The model '{name}' here is not the one that run '{run}' began with, so nothing can be exported.").Exception()
                : package;
        }
        catch (ProblemException error)
        {
            throw Refusal.Conflict($"The model of run '{run}' is not here, so nothing can be exported: {error.Message}").Exception();
        }
    }
}
