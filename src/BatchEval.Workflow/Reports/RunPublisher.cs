using System.Text;
using BatchEval.Onnx.Images;
using BatchEval.Onnx.Text;
using BatchEval.Workflow.Evaluation;
using BatchEval.Workflow.Exports;
using BatchEval.Workflow.Runs;

namespace BatchEval.Workflow.Reports;

/// <summary>Writes what a finished run hands over: leaderboard, images, report and the files that users paste.</summary>
public sealed class RunPublisher(RunStore store)
{
    private const int GridImages = 64;
    private const int GridColumns = 8;
    private const int Uploads = 8;
    private readonly ShardFiles files = new(store);

    /// <summary>Publishes; doing it again changes nothing.</summary>
    public async Task PublishAsync(RunContext context, OpenedModel model, RunState state, UnitPlan plan, RoundScores scores, CancellationToken cancellation)
    {
        var run = context.RunId;
        var leaderboard = LeaderboardBuilder.Build(context, model, scores);
        var grids = await WriteCandidatesAsync(context, plan, scores, cancellation);
        await store.WriteJsonOnceAsync(BlobNames.Result(run, "leaderboard.json"), leaderboard, cancellation);
        await store.WriteTextOnceAsync(BlobNames.Result(run, "leaderboard.csv"), LeaderboardCsv.Write(leaderboard.Ranked()), cancellation);
        await store.WriteTextOnceAsync(BlobNames.Result(run, "pareto.csv"), LeaderboardCsv.Write(Leaderboard.Pareto(leaderboard.Ranked())), cancellation);
        if (leaderboard.Best is { } best)
        {
            var pruned = PrunedNetworks.Of(model.Sampling, best.Candidate);
            var subject = new ExportSubject(best.Candidate, model.Sampling.Manifest, context.Specification.Conditions, pruned?.Networks);
            foreach (var (file, text) in ExportBundle.Files(subject))
            {
                await store.WriteTextOnceAsync(BlobNames.Best(run, file), text, cancellation);
            }

            foreach (var file in pruned?.Files() ?? [])
            {
                await store.WriteOnceAsync(BlobNames.Best(run, file.Name), PrunedNetworks.Content(file), cancellation);
            }
        }

        var masks = await WriteMasksAsync(context, plan, scores, cancellation);
        var prompts = await WritePromptsAsync(context, leaderboard, plan, scores, cancellation);
        var report = (await BuildReportAsync(context, model, state, scores, leaderboard, grids, cancellation)) with { Masks = masks, Prompts = prompts };
        await store.WriteTextOnceAsync(BlobNames.Result(run, "report.html"), HtmlReport.Write(report), cancellation);
    }

    private async Task<Dictionary<string, byte[]>> WriteCandidatesAsync(RunContext context, UnitPlan plan, RoundScores scores, CancellationToken cancellation)
    {
        var grids = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        for (var i = 0; i < scores.Scores.Count; i++)
        {
            var score = scores.Scores[i];
            string Name(string file) => BlobNames.Candidate(context.RunId, score.Id, file);
            await store.WriteTextOnceAsync(Name("candidate.json"), CandidateJson.Write(score.Candidate), cancellation);
            await store.WriteJsonOnceAsync(Name("metrics.json"), score, cancellation);
            if (score.Failure is not null)
            {
                continue;
            }

            grids[score.Id] = await WriteImagesAsync(context, score.Id, plan.Assignments[i], cancellation);
        }

        return grids;
    }

    /// <summary>Writes a contact sheet and single images.</summary>
    /// <returns>The sheet as a page carries it.</returns>
    private async Task<byte[]> WriteImagesAsync(RunContext context, string candidate, IReadOnlyList<string> shards, CancellationToken cancellation)
    {
        string Name(string file) => BlobNames.Candidate(context.RunId, candidate, file);
        var single = context.Specification.Final.Images;
        var images = await ReadImagesAsync(shards, Math.Max(GridImages, single), cancellation);
        await store.WriteOnceAsync(Name("grid.png"), Grid(images), cancellation);
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = Uploads, CancellationToken = cancellation };
        await Parallel.ForEachAsync(Enumerable.Range(0, Math.Min(images.Count, single)), parallel, async (n, stop) =>
            await store.WriteOnceAsync(Name($"images/{n:D6}.png"), ImageCodec.EncodePng(images[n]), stop));
        return Grid(images, scale: 1);
    }

    private async Task<PromptSheet?> WritePromptsAsync(RunContext context, Leaderboard leaderboard, UnitPlan plan, RoundScores scores, CancellationToken cancellation)
    {
        if (context.Specification.Prompts is not { } prompts)
        {
            return null;
        }

        var scored = new List<(CandidateScore, IReadOnlyList<ShardResult>)>();
        foreach (var (score, shards) in scores.Scores.Zip(plan.ShardsOfAssignments()))
        {
            scored.Add((score, await Task.WhenAll(shards.Select(shard => files.ReadAsync(shard, features: false, logits: false, cancellation)))));
        }

        var sheet = PromptSheet.Of(prompts, context.Metrics.Objective, leaderboard.Best?.Id, scored, PromptEncoder.Lost(context.Package, prompts.Prompts.Select(p => p.Text)));
        await store.WriteJsonOnceAsync(BlobNames.Result(context.RunId, "prompt-scores.json"), sheet, cancellation);
        return sheet;
    }

    private async Task<List<SkipMaskSheet>> WriteMasksAsync(RunContext context, UnitPlan plan, RoundScores scores, CancellationToken cancellation)
    {
        var sheets = new List<SkipMaskSheet>();
        for (var i = 0; i < scores.Scores.Count; i++)
        {
            var score = scores.Scores[i];
            if (score.Candidate.Skip is null || score.Failure is not null || sheets.Exists(s => s.Candidate == score.Id))
            {
                continue;
            }

            var shards = new List<ShardResult>();
            foreach (var key in plan.Assignments[i])
            {
                shards.Add(await files.ReadAsync(key, cancellation));
            }

            var sheet = new SkipMaskSheet(score.Id, score.Name, shards[0].Range.Start, [.. shards.SelectMany(c => c.Masks ?? [])]);
            await store.WriteJsonOnceAsync(BlobNames.Candidate(context.RunId, score.Id, "masks.json"), sheet, cancellation);
            await store.WriteTextOnceAsync(BlobNames.Candidate(context.RunId, score.Id, "masks.svg"), sheet.ToSvg(), cancellation);
            sheets.Add(sheet);
        }

        return sheets;
    }

    private async Task<List<RgbImage>> ReadImagesAsync(IReadOnlyList<string> shards, int count, CancellationToken cancellation)
    {
        var images = new List<RgbImage>();
        foreach (var key in shards)
        {
            if (images.Count >= count)
            {
                break;
            }

            var batch = await files.ReadImagesAsync(key, cancellation);
            images.AddRange(Enumerable.Range(0, Math.Min(batch.Count, count - images.Count)).Select(i => batch.ToRgb(i)));
        }

        return images;
    }

    // A page scales pixels by itself; a file that people open does not.
    private static byte[] Grid(List<RgbImage> images, int? scale = null) =>
        ImageCodec.EncodePng(ImageGrid.Compose([.. images.Take(GridImages)], GridColumns, padding: 1, scale));

    private async Task<ReportModel> BuildReportAsync(
        RunContext context, OpenedModel model, RunState state, RoundScores scores, Leaderboard leaderboard, Dictionary<string, byte[]> grids, CancellationToken cancellation)
    {
        var counts = scores.Evaluations;
        for (var round = 0; round < scores.Round; round++)
        {
            counts += (await store.RequireJsonAsync<RoundScores>(BlobNames.Scores(context.RunId, round), cancellation)).Evaluations;
        }

        var schedule = model.Sampling.Manifest.Schedule;
        var axis = scores.Scores.DistinctBy(s => s.Id).ToDictionary(s => s.Id, s => (IReadOnlyList<NoisePoint>)[.. s.Candidate.Steps.Select(step => Point(step, schedule))]);
        var json = Encoding.UTF8.GetString(await store.ReadAsync(BlobNames.Specification(context.RunId), cancellation) ?? []);
        return new ReportModel(context.Specification, json, leaderboard, state.History, counts, axis, grids, await ReferenceGridAsync(context, cancellation))
        {
            Sampler = leaderboard.Best is { } best ? SamplerSheet.Of(best.Candidate, schedule) : null,
        };
    }

    private async Task<byte[]?> ReferenceGridAsync(RunContext context, CancellationToken cancellation)
    {
        if (context.Specification.Reference.Samples == 0)
        {
            return null;
        }

        var plan = await store.RequireJsonAsync<UnitPlan>(BlobNames.Plan(context.RunId, 0), cancellation);
        return await WriteImagesAsync(context, BlobNames.Reference, plan.Assignments[0], cancellation);
    }

    private static NoisePoint Point(CandidateStep step, NoiseSchedule schedule) => new(step.Time, schedule.At(step.Time).Ratio, step.Drop.Count, step.Reuse);
}
