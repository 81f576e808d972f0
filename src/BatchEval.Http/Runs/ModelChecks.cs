using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using BatchEval.Onnx.Packages;
using BatchEval.Onnx.Runtime;
using BatchEval.Workflow.Models;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BatchEval.Http.Runs;

/// <summary>What <c>batcheval model check</c> says about the models of the service. A package that has been checked is not checked again.</summary>
internal sealed class ModelChecks(RunApiContext context)
{
    private static readonly ConditionalWeakTable<ModelHost, ConcurrentDictionary<string, ModelCheckDocument>> Kept = [];

    // Each opens the network anew.
    private static readonly SemaphoreSlim OneAtATime = new(1);

    /// <summary>Checks a model with a few calls of its network.</summary>
    public async Task<Ok<ModelCheckDocument>> CheckAsync(string name, CancellationToken cancellation)
    {
        if (context.Catalog.Check(name) is not null)
        {
            throw Refusal.NotFound("There is no model of that name.").Exception();
        }

        var (package, kept) = (context.Models.Find(name), Kept.GetOrCreateValue(context.Models));
        await OneAtATime.WaitAsync(cancellation);
        try
        {
            return TypedResults.Ok(kept.TryGetValue(package.Digest, out var known) ? known : kept[package.Digest] = await Task.Run(() => Check(package), cancellation));
        }
        finally
        {
            OneAtATime.Release();
        }
    }

    private ModelCheckDocument Check(ModelPackage package)
    {
        List<ModelCheckLine> lines = [new("files", true, $"all there; digest {package.Digest[..12]}"), .. package.Manifest.Remarks.Select(remark => new ModelCheckLine("note", null, remark))];
        try
        {
            lines.AddRange(PackageCheck.Run(package, context.Models.Device).Select(result => new ModelCheckLine(result.Name, result.Passed, result.Seen)));
        }
        catch (Exception error) when (error is ProblemException or NetworkFailedException)
        {
            lines.Add(new ModelCheckLine("network", false, ErrorText.Of(error)));
        }

        return new ModelCheckDocument(package.Digest, lines.Count(l => l.Passed == false), lines);
    }
}
