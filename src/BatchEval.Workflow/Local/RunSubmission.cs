using BatchEval.Onnx.Packages;
using BatchEval.Onnx.Sampling;
using BatchEval.Onnx.Text;
using BatchEval.Workflow.Activities;
using BatchEval.Workflow.Evaluation;
using BatchEval.Workflow.Runs;
using BatchEval.Workflow.Serialization;

namespace BatchEval.Workflow.Local;

/// <summary>Turns a specification into a run in the store. Nothing is written unless everything can be used.</summary>
public sealed class RunSubmission(RunStore store, ModelHost models, TimeProvider time)
{
    /// <summary>Submits a run; the same specification on the same model is the same run.</summary>
    /// <returns>The run's id, and whether it is new.</returns>
    /// <exception cref="ProblemException">Something cannot be used; every problem is listed.</exception>
    public async Task<(string RunId, bool IsNew)> SubmitAsync(RunSpecification specification, CancellationToken cancellation = default)
    {
        specification = WithPrompts(specification, models.Find(specification.Model));
        var runId = Check(specification, models);
        var json = SpecificationJson.Write(specification).ToJsonString(WorkflowJson.Options);
        var isNew = await store.WriteTextOnceAsync(BlobNames.Specification(runId), json, cancellation);
        if (isNew)
        {
            await RunStatusFile.MarkAsync(store, runId, RunStates.Pending, null, time, cancellation: cancellation);
        }

        return (runId, isNew);
    }

    /// <summary>Checks a specification against its model; needs no store.</summary>
    /// <exception cref="ProblemException">Something cannot be used; every problem is listed.</exception>
    public static string Check(RunSpecification specification, ModelHost models)
    {
        var package = models.Find(specification.Model);
        specification = WithPrompts(specification, package);
        var opened = models.Open(package);
        var problems = SpecificationCheck.Problems(specification, package.Manifest, opened.Sampling.Networks.Blocks, ModelCosts.Needed(specification, models, package));
        return problems.Count == 0 ? IdOf(specification, package.Digest) : throw new ProblemException("The run specification", problems);
    }

    /// <summary>How many samples of a run go into a network call here, in words; nothing where calls take too little to see.</summary>
    public static string CallsOf(RunSpecification specification, ModelHost models)
    {
        var model = models.Open(models.Find(specification.Model)).Sampling;
        var (asked, calls) = (specification.Execution.BatchSize, models.Device.CudaIndex is null ? Environment.ProcessorCount : 1);
        var rows = model.BatchOf(asked, models.Device, calls);
        return model.RowBytes == 0 ? string.Empty
            : $" A sample in a network call takes about {MemoryPlan.Text(model.RowBytes)} more; {rows} go into one{(rows < asked ? $", {asked} were asked for" : string.Empty)}.";
    }

    // A run holds its prompts themselves: workers elsewhere have no files, and its id changes with them.
    private static RunSpecification WithPrompts(RunSpecification specification, ModelPackage package)
    {
        var manifest = package.Manifest;
        if (specification.Prompts?.File is { } file)
        {
            throw new ProblemException("The run specification", [new Problem("prompts", $"names the file '{file}', which is not read here; give an array of prompts.")]);
        }

        var prompts = specification.Prompts ?? (manifest is { PromptFile: { } own, EmbeddingsFile: null, Text: not null } ? PromptSet.Read(package.PathOf(own)) : null);
        return specification with { Prompts = prompts?.First(specification.PromptCount).WithNegative(specification.NegativePrompt), PromptCount = null };
    }

    private static string IdOf(RunSpecification specification, string modelDigest)
    {
        var matters = SpecificationJson.WriteWhatMatters(specification);
        matters["model"] = modelDigest;
        matters["codeVersion"] = Shard.CodeVersion;
        return $"{specification.Name}-{Digest.Of(matters.ToJsonString())[..8]}";
    }
}
