using BatchEval.Core.Json;
using BatchEval.Core.Sampling;
using BatchEval.Onnx.Packages;
using BatchEval.Workflow.Runs;

namespace BatchEval.Workflow.Specifications;

/// <summary>Checks a specification against the model it names.</summary>
public static class SpecificationCheck
{
    /// <summary>Everything that does not fit together.</summary>
    public static IReadOnlyList<Problem> Problems(RunSpecification specification, ModelManifest manifest, int blocks)
    {
        ArgumentNullException.ThrowIfNull(specification);
        ArgumentNullException.ThrowIfNull(manifest);
        var problems = new List<Problem>();
        Try("conditions", () => specification.Conditions.Check(manifest));
        Try("budget.networkCalls", () => _ = new RunMachine(specification, manifest.Schedule));
        Try("reference.steps", () => _ = StepSpacing.Create(specification.Reference.Spacing, manifest.Schedule, specification.Reference.Steps));
        for (var i = 0; i < specification.Candidates.Count; i++)
        {
            problems.AddRange(specification.Candidates[i].Violations(manifest.Schedule, blocks).Select(v => new Problem($"candidates[{i}]", v)));
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
                problems.Add(new Problem(path, error.Message.Split(" (Parameter")[0]));
            }
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
