using BatchEval.Core.Metrics.Catalog;
using BatchEval.Core.Sampling.Placement;
using BatchEval.Core.Search.Costs;
using BatchEval.Onnx.Packages;
using BatchEval.Onnx.Sampling;
using BatchEval.Onnx.Text;
using BatchEval.Workflow.Evaluation;

namespace BatchEval.Workflow.Runs;

/// <summary>Checks a specification against the model it names.</summary>
public static class SpecificationCheck
{
    /// <summary>Everything that does not fit together.</summary>
    /// <param name="blocks">Number of droppable blocks.</param>
    /// <param name="costs">What the model costs, milliseconds not measured yet; null where that is unknown.</param>
    public static IReadOnlyList<Problem> Problems(RunSpecification specification, ModelManifest manifest, int blocks, CostModel? costs = null)
    {
        var problems = new List<Problem>();
        Try("conditions", () => specification.Conditions.Check(manifest));
        Try("samplingLoop", () => SamplingEngine.Check(specification.SamplingLoop, manifest, specification.Conditions));
        Try("prompts", () => CheckPrompts(specification, manifest));
        Try(specification.Budget.NeedsCosts ? "budget" : "budget.networkCalls", () => _ = new RunMachine(specification, manifest.Schedule, costs, own: manifest.OwnSampler));
        CheckBlocks(specification, manifest, blocks, costs, problems);
        if (specification.Reference.Candidate is { } reference)
        {
            problems.AddRange(reference.Violations(manifest.Schedule, blocks).Select(v => new Problem("reference.candidate", v)));
        }
        else
        {
            Try("reference.steps", () => _ = PlacementRules.Create(specification.Reference.Spacing, manifest.Schedule, specification.Reference.Steps));
        }

        for (var i = 0; i < specification.Candidates.Count; i++)
        {
            problems.AddRange(specification.Candidates[i].Violations(manifest.Schedule, blocks).Select(v => new Problem($"candidates[{i}]", v)));
        }

        CheckSamplers(specification, manifest.Schedule, Try);
        if (ScheduleMethods.NeedsData(specification.Search.Method.Name()) && manifest.Data is null && !specification.Search.DataFree)
        {
            problems.Add(new Problem("search.method", $"is '{specification.Search.Method.Name()}', but the model '{manifest.Name}' has no data ('data' in its manifest); set search.dataFree to true, which takes clean samples from the model's own long sampling, or use gits, oss or dmn, which need none."));
        }

        if (specification.Search.Genes.Contains(SearchGene.Guidance) && (!specification.Conditions.IsGuided || manifest.EmbedsGuidance))
        {
            problems.Add(new Problem("search.genes", specification.Conditions.IsGuided
                ? $"names 'guidance', but the model '{manifest.Name}' takes the scale as an input and makes one evaluation per call."
                : "names 'guidance', but conditions.guidanceScale is 1: no step makes a second evaluation."));
        }

        CheckMetrics(specification, manifest, problems);
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

    private static void CheckSamplers(RunSpecification specification, NoiseSchedule schedule, Action<string, Action> attempt)
    {
        if (specification.Conditions.ClassifierScale == 0)
        {
            return;
        }

        // Three levels: the last step of most solvers adds no noise.
        IEnumerable<double> levels = new[] { 1, 0.6, 0.3 }.Select(share => double.Lerp(schedule.MinTime, schedule.MaxTime, share)).Select(t => schedule.TrainSteps is null ? t : Math.Round(t));
        Check("solver", Candidate.At(specification.Solver, levels));
        if (specification.Reference.Candidate is { } reference)
        {
            Check("reference.candidate", reference);
        }
        else
        {
            Check("reference.solver", Candidate.At(specification.Reference.Solver ?? specification.Solver, levels));
        }

        for (var i = 0; i < specification.Candidates.Count; i++)
        {
            Check($"candidates[{i}]", specification.Candidates[i]);
        }

        void Check(string path, Candidate candidate) => attempt(path, () => specification.Conditions.Check(candidate.Solver, Core.Sampling.Solvers.Solver.Table(candidate, schedule)));
    }

    private static void CheckPrompts(RunSpecification specification, ModelManifest manifest)
    {
        if (specification.Prompts is { Prompts.Count: > PromptSet.Most and var count })
        {
            throw new ProblemException($"are {count}, and a run holds at most {PromptSet.Most}; take the first of them, as in promptCount=5000.");
        }

        specification.Prompts?.Check(manifest);
        if (specification.Prompts is null && (specification.NegativePrompt ?? (specification.PromptCount is null ? null : "promptCount")) is not null)
        {
            throw new ProblemException($"{(specification.NegativePrompt is null ? "promptCount" : "negativePrompt")} is given, but there are no prompts.");
        }

        if (specification.Prompts is null && manifest is { TakesPrompts: true, EmbeddingsFile: null })
        {
            throw new ProblemException(manifest.Text is not null
                ? $"The model '{manifest.Name}' draws images for prompts, and none is given: name a file of prompts or give an array of them."
                : $"The model '{manifest.Name}' takes encoded prompts and has no text encoder that can be read; name a file of embeddings in its {ModelPackage.CompanionFile} (docs/models.md).");
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

        if (specification.Baselines.Contains(BaselineNames.Own) && manifest.Defaults.Scheduler is null)
        {
            problems.Add(new Problem("baselines", $"names '{BaselineNames.Own}', but the files of the model '{manifest.Name}' name no scheduler."));
        }

        if (!specification.Search.Space.HasBlocks() && specification.Baselines.Intersect(BaselineNames.Parts).FirstOrDefault() is { } part)
        {
            problems.Add(new Problem("baselines", $"names '{part}', which is a part of a search over blocks; set search.space to joint or blocks."));
        }
    }

    private static void CheckMetrics(RunSpecification specification, ModelManifest manifest, List<Problem> problems)
    {
        var objective = MetricCatalog.Find(specification.Objective.Metric);
        if (objective.IsJudge)
        {
            problems.Add(new Problem("objective.metric", $"is '{objective.Key}', which judges final scores and is measured on them alone; name it in final.metrics instead."));
        }

        Check("objective.metric", objective, MetricCatalog.All.Where(m => !m.IsJudge && MeasuredMetrics.ReasonAgainst(m, manifest) is null).Select(m => m.Key));
        foreach (var key in specification.Final.Metrics ?? [])
        {
            Check("final.metrics", MetricCatalog.Find(key), []);
        }

        var searched = specification.Search.Method != SearchMethod.None;
        Samples(objective, "search.rungs", searched ? specification.Search.Evolution.Rungs[0] : int.MaxValue);
        Samples(objective, "validation.samples", searched ? specification.Validation.Samples : int.MaxValue);
        Array.ForEach([objective.Key, .. specification.Final.Metrics ?? []], key => Samples(MetricCatalog.Find(key), "final.samples", specification.Final.Samples));
        if (MetricCatalog.Find(specification.Objective.Metric).IsPaired && specification.Reference.Samples == 0)
        {
            problems.Add(new Problem("reference.samples", $"is 0, but the objective '{objective.Key}' compares with the unaccelerated sampler; ask for at least 1."));
        }

        void Check(string path, Metric metric, IEnumerable<string> instead)
        {
            if (MeasuredMetrics.ReasonAgainst(metric, manifest) is { } reason)
            {
                var possible = string.Join(", ", instead);
                problems.Add(new Problem(path, $"is '{metric.Key}', but the model '{manifest.Name}' {reason}{(possible.Length == 0 ? string.Empty : $"; possible: {possible}")}."));
            }
        }

        void Samples(Metric metric, string path, int samples)
        {
            if (metric.MinimumSamples(manifest.Features?.Dimensions ?? 1) is var fewest && samples < fewest)
            {
                problems.Add(new Problem(path, $"has {samples} samples, but '{metric.Key}' needs at least {fewest}."));
            }
        }
    }
}
