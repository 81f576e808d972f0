using BatchEval.Core.Json;
using BatchEval.Core.Sampling.Placement;
using BatchEval.Core.Search.Costs;
using BatchEval.Onnx.Packages;
using BatchEval.Workflow.Specifications;

namespace BatchEval.Workflow.Runs;

/// <summary>Checks a specification against the model it names.</summary>
public static class SpecificationCheck
{
    /// <summary>Everything that does not fit together.</summary>
    /// <param name="specification">The specification.</param>
    /// <param name="manifest">The model's manifest.</param>
    /// <param name="blocks">Number of droppable blocks.</param>
    /// <param name="costs">What the model costs, milliseconds not measured yet; null where that is unknown.</param>
    public static IReadOnlyList<Problem> Problems(RunSpecification specification, ModelManifest manifest, int blocks, CostModel? costs = null)
    {
        ArgumentNullException.ThrowIfNull(specification);
        ArgumentNullException.ThrowIfNull(manifest);
        var problems = new List<Problem>();
        Try("conditions", () => specification.Conditions.Check(manifest));
        Try(specification.Budget.NeedsCosts ? "budget" : "budget.networkCalls", () => _ = new RunMachine(specification, manifest.Schedule, costs));
        CheckBlocks(specification, manifest, blocks, costs, problems);
        Try("reference.steps", () => _ = PlacementRules.Create(specification.Reference.Spacing, manifest.Schedule, specification.Reference.Steps));
        for (var i = 0; i < specification.Candidates.Count; i++)
        {
            problems.AddRange(specification.Candidates[i].Violations(manifest.Schedule, blocks).Select(v => new Problem($"candidates[{i}]", v)));
        }

        if (ScheduleMethods.NeedsData(specification.Search.Method.Name()) && manifest.Data is null && !specification.Search.DataFree)
        {
            problems.Add(new Problem("search.method", $"is '{specification.Search.Method.Name()}', but the model '{manifest.Name}' has no data ('data' in its manifest); set search.dataFree to true, which takes clean samples from the model's own long sampling, or use gits, oss or dmn, which need none."));
        }

        CheckObjective(specification, manifest, problems);
        return problems;

        void Try(string path, Action check)
        {
            try
            {
                check();
            }
            catch (Exception error) when (error is ArgumentException or ProblemException)
            {
                problems.Add(new Problem(path, ErrorText.Of(error)));
            }
        }
    }

    private static void CheckBlocks(RunSpecification specification, ModelManifest manifest, int blocks, CostModel? costs, List<Problem> problems)
    {
        if (specification.Search.Space.HasBlocks() && blocks == 0)
        {
            problems.Add(new Problem("search.space", $"is '{specification.Search.Space.Name()}', but no droppable blocks were found in the model '{manifest.Name}'; use times."));
        }

        if (specification.Budget.NeedsCosts && costs is null)
        {
            problems.Add(new Problem("budget", $"limits costs of the model '{manifest.Name}', but they could not be counted; use networkCalls."));
        }

        if (!specification.Search.Space.HasBlocks() && specification.Baselines.Intersect(BaselineNames.Parts).FirstOrDefault() is { } part)
        {
            problems.Add(new Problem("baselines", $"names '{part}', which is a part of a search over blocks; set search.space to joint or blocks."));
        }
    }

    private static void CheckObjective(RunSpecification specification, ModelManifest manifest, List<Problem> problems)
    {
        var metric = specification.Objective.Metric;
        if (metric == "fid" && manifest.Reference is null)
        {
            problems.Add(new Problem("objective.metric", $"is 'fid', but the model '{manifest.Name}' has no reference statistics; use lpips, psnr or ssim, or add 'reference' to its manifest."));
        }

        if (metric == "lpips" && manifest.Perceptual is null)
        {
            problems.Add(new Problem("objective.metric", $"is 'lpips', but the model '{manifest.Name}' has no perceptual network; use psnr or ssim."));
        }

        if (specification.Objective.IsPaired && specification.Reference.Samples == 0)
        {
            problems.Add(new Problem("reference.samples", $"is 0, but the objective '{metric}' compares with the unaccelerated sampler; ask for at least 1."));
        }
    }
}
