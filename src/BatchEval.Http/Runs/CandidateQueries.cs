using System.Globalization;
using System.Text.Json;
using BatchEval.Core.Sampling;
using BatchEval.Core.Sampling.Skipping;
using BatchEval.Core.Search.Costs;
using BatchEval.Workflow.Evaluation;
using BatchEval.Workflow.Reports;
using BatchEval.Workflow.Runs;
using BatchEval.Workflow.Serialization;
using BatchEval.Workflow.Specifications;
using BatchEval.Workflow.Storage;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BatchEval.Http.Runs;

/// <summary>The routes that tell about one candidate of a run.</summary>
internal sealed class CandidateQueries(RunApiContext context)
{
    /// <summary>Images of a candidate that the run has not kept images of.</summary>
    public const string Preview = "preview.png";

    private readonly RunLookup lookup = new(context);
    private readonly RunQueries queries = new(context);

    public async Task<Ok<CandidateSteps>> StepsAsync(string run, string candidate, CancellationToken cancellation)
    {
        var score = await ScoreOfAsync(run, candidate, cancellation);
        var specification = await queries.SpecificationOfAsync(run, cancellation);
        var (schedule, guided) = (ScheduleOf(specification), specification.Conditions.IsGuided);
        var costs = await context.Store.ReadJsonAsync<CostModel>(BlobNames.Costs(run), cancellation);
        var sheet = schedule is null ? null : SamplerSheet.Of(score.Candidate, schedule);
        return TypedResults.Ok(new CandidateSteps(
            score.Candidate.Solver,
            [.. score.Candidate.Steps.Select(s => new StepPoint(s.Time, schedule?.At(s.Time).Ratio is { } ratio && double.IsFinite(ratio) ? ratio : null, s.Drop, s.Reuse, guided ? JsonNamingPolicy.CamelCase.ConvertName(s.Guidance.ToString()) : null))],
            costs is { Blocks.Count: > 0 } ? [.. costs.Blocks.Select(b => b.Name)] : null,
            score.Candidate.Skip is { } s ? new SkipRule(s.CriterionName, s.Threshold, s.MaxConsecutive, s.Warmup, s.Guard, s.Order, s.MaxCalls) : null,
            sheet?.Rows));
    }

    /// <summary>The prompts of the images that a run keeps, and of those that are computed on request.</summary>
    public async Task<Ok<PromptList>> PromptsAsync(string run, CancellationToken cancellation)
    {
        await lookup.RequireAsync(run, cancellation);
        var specification = await queries.SpecificationOfAsync(run, cancellation);
        var images = Enumerable.Range(0, Math.Max(specification.Final.Images, CandidatePreview.Images));
        return TypedResults.Ok(new PromptList(specification.Prompts is { } prompts ? [.. images.Select(n => prompts.Of(SampleRange.FinalStart + n)).Select(p => new ImagePrompt(p.Text, p.Negative))] : []));
    }

    /// <summary>Which images called the network when, of a finished run.</summary>
    public async Task<Ok<CandidateMasks>> MasksAsync(string run, string candidate, CancellationToken cancellation)
    {
        RunLookup.CheckCandidate(candidate);
        await lookup.RequireAsync(run, cancellation);
        var sheet = await context.Store.ReadJsonAsync<SkipMaskSheet>(BlobNames.Candidate(run, candidate, "masks.json"), cancellation)
            ?? throw Refusal.NotFound($"There are no masks of candidate '{candidate}' (yet); only skip policies that decide per image have some.").Exception();
        return TypedResults.Ok(new CandidateMasks(sheet.FirstSample, [.. sheet.Masks.Take(SkipMaskSheet.MostDrawn).Select(m => string.Concat(StepMask.Read(m).Select(called => called ? '1' : '0')))]));
    }

    /// <summary>A sheet of images of a candidate that a run has not kept images of: computed at the first request, and kept.</summary>
    public async Task<FileContentHttpResult> PreviewAsync(string run, string candidate, CancellationToken cancellation)
    {
        var name = BlobNames.Candidate(run, candidate, Preview);
        var score = await ScoreOfAsync(run, candidate, cancellation);
        if (await context.Store.ReadAsync(name, cancellation) is not { } sheet)
        {
            var loaded = await RunContext.LoadAsync(context.Store, context.Models, run, cancellation);
            var model = await PromptedModels.OpenAsync(context.Store, context.Models, loaded.Package, loaded.Specification.Prompts, cancellation);
            var computed = await Task.Run(() => CandidatePreview.Compute(model, loaded.Setting, score.Candidate, cancellation), cancellation);
            sheet = computed.Sheet ?? throw Refusal.Conflict($"Candidate '{candidate}' has no images, because it fails: {computed.Failure}").Exception();
            await context.Store.WriteOnceAsync(name, sheet, cancellation);
        }

        return Revalidation.Content(sheet, "image/png");
    }

    public async Task<FileContentHttpResult> CandidateAsync(string run, string candidate, CancellationToken cancellation)
    {
        RunLookup.CheckCandidate(candidate);
        return await context.Store.ReadAsync(BlobNames.Candidate(run, candidate, "metrics.json"), cancellation) is { } final && RunLookup.IsRunId(run)
            ? Revalidation.Content(final, Revalidation.Json)
            : Revalidation.Content(JsonSerializer.SerializeToUtf8Bytes(await ScoreOfAsync(run, candidate, cancellation), WorkflowJson.Options), Revalidation.Json);
    }

    public async Task<FileContentHttpResult> CandidateFileAsync(string run, string candidate, string file, CancellationToken cancellation)
    {
        RunLookup.CheckCandidate(candidate);
        await lookup.RequireAsync(run, cancellation);
        return await queries.FileAsync(BlobNames.Candidate(run, candidate, file), "image/png", $"image of candidate '{candidate}'", cancellation);
    }

    public Task<FileContentHttpResult> ImageAsync(string run, string candidate, string index, CancellationToken cancellation) =>
        int.TryParse(index, NumberStyles.None, CultureInfo.InvariantCulture, out var n) && n < 1_000_000
            ? CandidateFileAsync(run, candidate, string.Create(CultureInfo.InvariantCulture, $"images/{n:D6}.png"), cancellation)
            : throw Refusal.BadRequest("index", "must be a number from 0 to 999999.").Exception();

    /// <summary>The latest score of a candidate.</summary>
    /// <exception cref="RefusedException">The run has scored no such candidate.</exception>
    public async Task<CandidateScore> ScoreOfAsync(string run, string candidate, CancellationToken cancellation)
    {
        RunLookup.CheckCandidate(candidate);
        var (status, _) = await lookup.RequireAsync(run, cancellation);
        for (var round = status.Round; round >= 0; round--)
        {
            var scores = await context.Store.ReadJsonAsync<RoundScores>(BlobNames.Scores(run, round), cancellation);
            if (scores?.Scores.FirstOrDefault(s => s.Id == candidate) is { } score)
            {
                return score;
            }
        }

        throw Refusal.NotFound($"Run '{run}' has scored no candidate '{candidate}'.").Exception();
    }

    // The server that shows a run need not have its model.
    private NoiseSchedule? ScheduleOf(RunSpecification specification)
    {
        try
        {
            return context.Models.Find(specification.Model).Manifest.Schedule;
        }
        catch (ProblemException)
        {
            return null;
        }
    }
}
