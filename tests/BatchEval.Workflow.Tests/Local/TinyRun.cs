using BatchEval.Onnx.Runtime;
using BatchEval.Tests.Shared;
using BatchEval.Workflow.Local;
using BatchEval.Workflow.Models;
using BatchEval.Workflow.Specifications;
using BatchEval.Workflow.Storage;

namespace BatchEval.Workflow.Tests.Local;

/// <summary>A whole run on the bundled model that takes seconds.</summary>
internal static class TinyRun
{
    public const string Json = """
        { "name": "tiny", "model": "digits", "seed": 3, "budget": { "networkCalls": 3 },
          "search": { "population": 4, "generations": 2, "elites": 2, "mutants": 2, "crossovers": 1, "rungs": [16, 48] },
          "validation": { "samples": 40, "elites": 1 }, "final": { "samples": 72, "images": 2 },
          "reference": { "steps": 6, "samples": 24 }, "baselines": ["trailing", "trimmed-uniform", "random-search"],
          "execution": { "unitEvaluations": 300, "cellSamples": 40, "batchSize": 16 } }
        """;

    public static ModelHost Models() => new(new DeviceOptions(), [RepoPaths.Samples]);

    public static async Task<string> RunAsync(RunStore store, ModelHost models, int parallelism = 2, IProgress<RoundProgress>? progress = null, CancellationToken cancellation = default, params string[] overrides)
    {
        var specification = SpecificationJson.Read(SpecificationOverrides.Apply(Json, overrides));
        var (runId, _) = await new RunSubmission(store, models, TimeProvider.System).SubmitAsync(specification, cancellation);
        await new LocalRunner(store, models, parallelism, TimeProvider.System, progress, cancellation).RunAsync(runId);
        return runId;
    }
}
