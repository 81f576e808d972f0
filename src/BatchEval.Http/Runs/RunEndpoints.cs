using System.Text;
using BatchEval.Http.Description;
using BatchEval.Workflow.Evaluation;
using BatchEval.Workflow.Serialization;
using BatchEval.Workflow.Specifications;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace BatchEval.Http.Runs;

/// <summary>The routes below <c>/api</c>.</summary>
internal static class RunEndpoints
{
    private const string Json = "application/json", Png = "image/png";

    private static readonly byte[] SpecificationSchema = Encoding.UTF8.GetBytes(SpecificationJson.Schema.ToJsonString(WorkflowJson.Options));

    public static void MapRuns(this IEndpointRouteBuilder routes)
    {
        MapReading(routes.MapGroup("/api").AddEndpointFilter(new Revalidation()));
        MapChanging(routes.MapGroup("/api").AddEndpointFilter(RefuseReadOnly));
    }

    private static void MapReading(RouteGroupBuilder api)
    {
        api.MapGet("runs", async (int? limit, string? after, RunApiContext context, CancellationToken stop) => TypedResults.Ok(await new RunListing(context).ReadAsync(limit, after, stop)))
            .WithName("ListRuns").WithSummary("Lists all runs, the newest first, or a page of them.");
        api.MapGet("runs/{runId}", (string runId, HttpResponse response, RunApiContext context, CancellationToken stop) => new RunQueries(context).StatusAsync(runId, response, stop))
            .WithName("GetRun").WithSummary("Where a run stands: state, stage, generation, best candidate, counts, cost so far, time left.");
        api.MapGet("runs/{runId}/specification", (string runId, RunApiContext context, CancellationToken stop) => new RunQueries(context).SpecificationAsync(runId, stop))
            .WithName("GetSpecification").WithSummary("The specification of a run, every default spelled out.").Produces<object>(200, Json);
        api.MapGet("runs/{runId}/events", (string runId, HttpContext http, RunApiContext context, CancellationToken stop) =>
            TypedResults.ServerSentEvents(new RunEvents(context).WatchAsync(runId, headersOnly: HeadMiddleware.IsHead(http), stop)))
            .WithName("WatchRun").WithSummary("Server-sent events: 'status' with the document of the run whenever it changes, 'ping', and 'gone' when it was deleted. Ends after some minutes; ask again.")
            .Produces<RunDocument>(200, "text/event-stream");
        api.MapGet("runs/{runId}/scores", (string runId, int? since, RunApiContext context, CancellationToken stop) => new RunQueries(context).ScoresAsync(runId, since ?? 0, stop))
            .WithName("GetScores").WithSummary("Scores of every candidate, round by round, from round 'since' on; also during the run.").Produces<ScoreTable>();
        api.MapGet("runs/{runId}/candidates/{candidateId}/steps", (string runId, string candidateId, RunApiContext context, CancellationToken stop) => new CandidateQueries(context).StepsAsync(runId, candidateId, stop))
            .WithName("GetSteps").WithSummary("The steps of a candidate on the noise axis.");
        api.MapGet("runs/{runId}/candidates/{candidateId}/masks", (string runId, string candidateId, RunApiContext context, CancellationToken stop) => new CandidateQueries(context).MasksAsync(runId, candidateId, stop))
            .WithName("GetMasks").WithSummary("Which images of a finished run called the network at which step, for skip policies that decide per image.");
        api.MapGet("runs/{runId}/candidates/{candidateId}/exports", (string runId, string candidateId, RunApiContext context, CancellationToken stop) => new CandidateExports(context).ListAsync(runId, candidateId, stop))
            .WithName("ListExports").WithSummary("Lists the forms in which a candidate is handed over, those that the winner's files have.");
        api.MapGet("runs/{runId}/candidates/{candidateId}/exports/{file}", (string runId, string candidateId, string file, RunApiContext context, CancellationToken stop) => new CandidateExports(context).FileAsync(runId, candidateId, file, stop))
            .WithName("GetExport").WithSummary("One form of a candidate, made on request.").Produces<Stream>(200, Json, "text/plain", "application/octet-stream");
        api.MapGet("runs/{runId}/candidates/{candidateId}/preview", (string runId, string candidateId, RunApiContext context, CancellationToken stop) => new CandidateQueries(context).CandidateFileAsync(runId, candidateId, CandidateQueries.Preview, stop))
            .WithName("GetPreview").WithSummary("Contact sheet that was computed on request, during a search or after it.").Produces<Stream>(200, Png);
        api.MapGet("runs/{runId}/work", (string runId, RunApiContext context, CancellationToken stop) => new RunQueries(context).WorkAsync(runId, stop))
            .WithName("ListWork").WithSummary("The processes that compute units of a run: how many each computes at this moment, and how many it has computed.");
        api.MapGet("runs/{runId}/prompts", (string runId, RunApiContext context, CancellationToken stop) => new CandidateQueries(context).PromptsAsync(runId, stop))
            .WithName("ListPrompts").WithSummary("The prompt of each image of the final stage, by the image's number; none for a run without prompts.");
        api.MapGet("runs/{runId}/leaderboard", (string runId, string? format, HttpContext http, RunApiContext context, CancellationToken stop) => new RunQueries(context).LeaderboardAsync(runId, format, http, stop))
            .WithName("GetLeaderboard").WithSummary("The leaderboard of a finished run, as JSON or, with ?format=csv or Accept: text/csv, as comma-separated values.")
            .Produces<Leaderboard>(200, Json, "text/csv");
        api.MapGet("runs/{runId}/candidates/{candidateId}", (string runId, string candidateId, RunApiContext context, CancellationToken stop) => new CandidateQueries(context).CandidateAsync(runId, candidateId, stop))
            .WithName("GetCandidate").WithSummary("Scores of one candidate: the final ones, or the latest during the run.").Produces<CandidateScore>();
        api.MapGet("runs/{runId}/candidates/{candidateId}/grid", (string runId, string candidateId, RunApiContext context, CancellationToken stop) => new CandidateQueries(context).CandidateFileAsync(runId, candidateId, "grid.png", stop))
            .WithName("GetGrid").WithSummary("Contact sheet of a candidate.").Produces<Stream>(200, Png);
        api.MapGet("runs/{runId}/candidates/{candidateId}/images/{index}", (string runId, string candidateId, string index, RunApiContext context, CancellationToken stop) => new CandidateQueries(context).ImageAsync(runId, candidateId, index, stop))
            .WithName("GetImage").WithSummary("One image of a candidate, by its number from 0.").Produces<Stream>(200, Png);
        api.MapGet("runs/{runId}/best", (string runId, RunApiContext context, CancellationToken stop) => new RunQueries(context).ListBestAsync(runId, stop))
            .WithName("ListBest").WithSummary("Lists the files of the winner.");
        api.MapGet("runs/{runId}/best/{file}", (string runId, string file, RunApiContext context, CancellationToken stop) => new RunQueries(context).BestAsync(runId, file, stop))
            .WithName("GetBest").WithSummary("One file of the winner, for example schedule.json.").Produces<Stream>(200, Json, "text/plain", "application/octet-stream");
        api.MapGet("runs/{runId}/report", (string runId, HttpResponse response, RunApiContext context, CancellationToken stop) => new RunQueries(context).ReportAsync(runId, response, stop))
            .WithName("GetReport").WithSummary("The report of a finished run, one self-contained page.").Produces<Stream>(200, "text/html");
        api.MapGet("runs/{runId}/archive", (string runId, RunApiContext context, CancellationToken stop) => new RunQueries(context).ArchiveAsync(runId, stop))
            .WithName("GetArchive").WithSummary("Everything that a finished run hands over as one zip file: leaderboard, report, exports, images.").Produces<Stream>(200, "application/zip");
        api.MapGet("workers", (RunApiContext context, CancellationToken stop) => new RunQueries(context).WorkersAsync(stop))
            .WithName("ListWorkers").WithSummary("The workers that have said something lately.");
        api.MapGet("models", (RunApiContext context) => TypedResults.Ok(new ModelList(context.Catalog.Names())))
            .WithName("ListModels").WithSummary("Lists the models that a specification may name.");
        api.MapGet("model-checks/{*name}", (string name, RunApiContext context, CancellationToken stop) => new ModelChecks(context).CheckAsync(name, stop))
            .WithName("CheckModel").WithSummary("What a few calls of a model's network show, as 'batcheval model check'. The first request takes as long as the calls.");
        api.MapGet("models/{*name}", (string name, RunApiContext context, CancellationToken stop) => new ModelCards(context).ReadAsync(name, stop))
            .WithName("GetModel").WithSummary("A model's card and the specifications that come with it.");
        api.MapPost("runs/check", (HttpContext http, RunApiContext context, CancellationToken stop) => new RunChecks(context).CheckAsync(http, stop))
            .WithName("CheckRun").WithSummary("Checks a run specification and foresees its cost; starts nothing.")
            .AddOpenApiOperationTransformer(RunDescription.TakeSpecification);
        api.MapGet("service", (RunApiContext context) => TypedResults.Ok(new ServiceDocument(context.ReadOnly)))
            .WithName("GetService").WithSummary("What this service allows.");
        api.MapGet("specification.schema.json", () => Revalidation.Content(SpecificationSchema, Revalidation.Json))
            .WithName("GetSchema").WithSummary("JSON schema of run specifications.").Produces<object>(200, Json);
        api.MapGet("openapi.json", RunDescription.ReadAsync)
            .WithName("GetOpenApi").WithSummary("This description.").Produces<object>(200, Json);
    }

    private static void MapChanging(RouteGroupBuilder api)
    {
        api.MapPost("runs", (HttpContext http, [FromHeader(Name = "Idempotency-Key")] string? key, RunApiContext context, CancellationToken stop) => new RunCommands(context).StartAsync(http, key, stop))
            .WithName("StartRun").WithSummary("Submits a run specification (a search, or a list of candidates with search.method none) and starts it. The same specification is the same run and starts once.")
            .AddOpenApiOperationTransformer(RunDescription.TakeSpecification);
        api.MapDelete("runs/{runId}", (string runId, RunApiContext context, CancellationToken stop) => new RunCommands(context).DeleteAsync(runId, stop))
            .WithName("DeleteRun").WithSummary("Deletes a run that is not under way. Results that other runs may share stay.");
        api.MapPost("runs/{runId}/candidates/{candidateId}/preview", (string runId, string candidateId, RunApiContext context, CancellationToken stop) => new CandidateQueries(context).PreviewAsync(runId, candidateId, stop))
            .WithName("MakePreview").WithSummary("Computes 16 images of a candidate now, also during a search, and keeps them.").Produces<Stream>(200, Png);
        Command("pause", "PauseRun", "Holds a run; nothing finished is lost.", (commands, run, stop) => commands.PauseAsync(run, stop));
        Command("resume", "ResumeRun", "Goes on with a paused or failed run.", (commands, run, stop) => commands.ResumeAsync(run, stop));
        Command("stop", "StopRun", "Ends a run before its time. What it has computed stays.", (commands, run, stop) => commands.StopAsync(run, stop));

        void Command(string verb, string name, string summary, Func<RunCommands, string, CancellationToken, Task> run) =>
            api.MapPost($"runs/{{runId}}/{verb}", async (string runId, HttpResponse response, RunApiContext context, CancellationToken stop) =>
            {
                await run(new RunCommands(context), runId, stop);
                return await new RunQueries(context).StatusAsync(runId, response, stop);
            }).WithName(name).WithSummary(summary);
    }

    private static ValueTask<object?> RefuseReadOnly(EndpointFilterInvocationContext invocation, EndpointFilterDelegate next) =>
        RunApiContext.Of(invocation.HttpContext).ReadOnly
            ? throw new Refusal(403, "Read-only", "This server only reads; it starts, changes and deletes nothing.").Exception()
            : next(invocation);
}
