using BatchEval.Core.Search.Costs;
using BatchEval.Onnx.Blocks;
using BatchEval.Onnx.Graph;
using BatchEval.Onnx.Networks;
using BatchEval.Onnx.Packages;
using BatchEval.Onnx.Runtime;
using Microsoft.ML.OnnxRuntime;

namespace BatchEval.Workflow.Models;

/// <summary>
/// What a run's model costs. Multiply-adds and memory are counted and the same everywhere; milliseconds are measured, once, when the run
/// begins, and read back from the store ever after, so that a resumed run decides and reports the same.
/// </summary>
public static class ModelCosts
{
    /// <summary>Counts a model, or returns null where its graph cannot be read that far.</summary>
    /// <param name="classified">Whether the model's classifier guides every call, and costs, too.</param>
    public static CostModel? Count(OpenedModel model, bool classified = false)
    {
        try
        {
            return model.Sampling.Networks is BlockNetworks networks ? WithClassifier(Count(networks.Graph, model), model, classified, timed: null) : null;
        }
        catch (Exception error) when (error is ProblemException or InvalidOperationException or OnnxRuntimeException or NetworkFailedException && !NetworkFailedException.IsOutOfMemory(error))
        {
            return null;
        }
    }

    /// <summary>What a specification needs to know of its model's costs before a run begins; null where it needs nothing, or nothing can be counted.</summary>
    public static CostModel? Needed(RunSpecification specification, ModelHost models, ModelPackage package) =>
        specification.Budget.NeedsCosts || specification.Search.Space.HasBlocks() ? models.Count(package, specification.Conditions.ClassifierScale != 0) : null;

    /// <summary>Reads a run's costs, or measures and stores them.</summary>
    /// <returns>Null where the model's costs are unknown, which only specifications that do not need them get as far as.</returns>
    public static async Task<CostModel?> EnsureAsync(RunStore store, ModelHost models, string runId, CancellationToken cancellation)
    {
        var name = BlobNames.Costs(runId);
        if (await store.ReadJsonAsync<CostModel>(name, cancellation) is { } stored)
        {
            return stored;
        }

        var specification = await StoredSpecification.ReadAsync(store, runId, cancellation);
        var model = models.Open(models.Find(specification.Model));
        if (Measure(model, models, specification) is not { } measured)
        {
            return null;
        }

        await store.WriteJsonOnceAsync(name, measured, cancellation);
        return await store.RequireJsonAsync<CostModel>(name, cancellation);
    }

    // Milliseconds differ from run to run, so they are measured only where a run is about them.
    private static CostModel? Measure(OpenedModel model, ModelHost models, RunSpecification specification) =>
        NeedsTimes(specification) && model.Sampling.Networks is BlockNetworks networks
            ? WithClassifier(
                CostMeasurement.Measure(networks.Graph, model.Sampling.Manifest, InputsOf(model), models.Device) with { GuidedEvaluations = GuidedEvaluations(model) }, model, specification.Conditions.ClassifierScale != 0, models.Device)
            : Count(model, specification.Conditions.ClassifierScale != 0);

    // Its gradient is a network like another, evaluated once beside every call.
    private static CostModel WithClassifier(CostModel costs, OpenedModel model, bool classified, DeviceOptions? timed)
    {
        var package = model.Sampling.Package;
        if (!classified || package.Manifest.Classifier is not { } entry)
        {
            return costs;
        }

        var manifest = package.Manifest with { Denoiser = new DenoiserEntry(entry.File, PredictionType.Epsilon, entry.SampleInput, entry.TimeInput, entry.LabelInput, null, null, entry.Output) };
        var (graph, inputs) = (BlockDiscovery.Find(OnnxModel.Open(package.PathOf(entry.File))) with { Blocks = [] }, Conditioning.Of(package with { Manifest = manifest }));
        if (timed is null)
        {
            return costs with { ClassifierMacs = NetworkProfile.Of(graph, manifest, inputs).Macs };
        }

        var measured = CostMeasurement.Measure(graph, manifest, inputs, timed);
        return costs with { ClassifierMacs = measured.Macs, ClassifierMilliseconds = measured.Milliseconds };
    }

    private static bool NeedsTimes(RunSpecification specification) => specification.Budget.Milliseconds is not null || specification.Search.Space.HasBlocks();

    // Costs depend on the shape of encoded prompts alone, so none is encoded for them.
    private static Conditioning InputsOf(OpenedModel model) => model.Sampling.Manifest.EmbeddingsFile is null ? Conditioning.Of(model.Sampling.Package) : model.Sampling.Conditioning;

    private static int GuidedEvaluations(OpenedModel model) => model.Sampling.Manifest.EmbedsGuidance ? 1 : CostModel.CallsOnly.GuidedEvaluations;

    private static CostModel Count(BlockGraph graph, OpenedModel model)
    {
        var profile = NetworkProfile.Of(graph, model.Sampling.Manifest, InputsOf(model));
        return new CostModel(profile.Macs, 0, profile.PeakBytes, [.. profile.Blocks.Select(b => new BlockCost(b.Block.Id, b.Block.Name, b.Macs, 0, b.Block.Parameters))]) { GuidedEvaluations = GuidedEvaluations(model) };
    }
}
