using BatchEval.Workflow.Evaluation;
using BatchEval.Workflow.Runs;

namespace BatchEval.Workflow.Reports;

/// <summary>Builds a run's leaderboard from the scores of its final round.</summary>
public static class LeaderboardBuilder
{
    public static Leaderboard Build(RunContext context, OpenedModel model, RoundScores scores)
    {
        var ranked = scores.Scores.OrderBy(s => s.Objective).ThenBy(s => s.Id, StringComparer.Ordinal).ThenBy(s => s.Name, StringComparer.Ordinal).ToList();
        var best = ranked.FirstOrDefault(s => s.Role == EntryRole.Searched && s.Failure is null)
            ?? ranked.FirstOrDefault(s => s.Role == EntryRole.Given && s.Failure is null);
        return new Leaderboard(
            context.RunId,
            context.Specification.Seed,
            context.Specification.Objective.Metric,
            best,
            [.. ranked.Where(s => s.Role == EntryRole.Baseline)],
            [.. ranked.Where(s => s.Role != EntryRole.Baseline && s != best)],
            Protocol(context, model));
    }

    private static EvaluationProtocol Protocol(RunContext context, OpenedModel model)
    {
        var (specification, manifest) = (context.Specification, context.Package.Manifest);
        var features = manifest.Features is { } f ? $"{f.File}:{f.Output} [{f.Dimensions}], uint8 images in {f.Preprocessing}" : null;
        var samples = $"search [0, {specification.Search.Evolution.Rungs[^1]}), validation [{SampleRange.ValidationStart}, +{specification.Validation.Samples}), final [{SampleRange.FinalStart}, +{specification.Final.Samples})";
        return new EvaluationProtocol(
            manifest.Name, context.Package.Digest, features, manifest.Reference?.Training.Count, manifest.Reference?.HeldOut?.Count,
            $"{context.Entries.Reference().Name} {specification.Reference.Solver}", specification.Conditions.GuidanceScale, samples,
            "FID: delete-group jackknife over 10 groups of samples; paired metrics: standard error of the mean over images. PSNR is the mean over images, each capped at 100 dB.");
    }
}
