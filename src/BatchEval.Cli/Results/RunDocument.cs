using System.Text.Json;
using BatchEval.Workflow.Evaluation;
using BatchEval.Workflow.Runs;
using BatchEval.Workflow.Serialization;
using BatchEval.Workflow.Specifications;
using BatchEval.Workflow.Storage;

namespace BatchEval.Cli.Results;

/// <summary>All that people and programs are told about one run.</summary>
/// <param name="Status">Where it stands.</param>
/// <param name="Leaderboard">Final scores, once it has finished.</param>
internal sealed record RunDocument(RunStatus Status, RunSpecification Specification, Leaderboard? Leaderboard)
{
    /// <summary>Reads a run, or null when the store has none of that name.</summary>
    public static async Task<RunDocument?> ReadAsync(RunStore store, string run, CancellationToken cancellation)
    {
        var specification = await store.ReadAsync(BlobNames.Specification(run), cancellation);
        var status = await store.ReadJsonAsync<RunStatus>(BlobNames.Status(run), cancellation);
        return specification is null || status is null ? null : new RunDocument(
            status,
            SpecificationJson.Read(System.Text.Encoding.UTF8.GetString(specification)),
            await store.ReadJsonAsync<Leaderboard>(BlobNames.Result(run, "leaderboard.json"), cancellation));
    }

    public JsonObject ToJson()
    {
        var json = new JsonObject
        {
            ["run"] = Status.RunId,
            ["state"] = Status.State,
            ["stage"] = JsonSerializer.SerializeToNode(Status.Stage, WorkflowJson.Printed),
            ["seed"] = Specification.Seed,
            ["model"] = Specification.Model,
            ["objective"] = Specification.Objective.Metric,
            ["evaluations"] = JsonSerializer.SerializeToNode(Status.Evaluations, WorkflowJson.Printed),
            ["best"] = Score(Leaderboard?.Best ?? Status.Best),
            ["baselines"] = new JsonArray([.. (Leaderboard?.Baselines ?? []).Select(Score)]),
            ["others"] = new JsonArray([.. (Leaderboard?.Others ?? []).Select(Score)]),
            ["protocol"] = JsonSerializer.SerializeToNode(Leaderboard?.Protocol, WorkflowJson.Printed),
            ["started"] = Status.Started,
            ["updated"] = Status.Updated,
        };
        if (Status.Error is not null)
        {
            json["error"] = Status.Error;
        }

        return json;
    }

    private static JsonNode? Score(CandidateScore? score) => JsonSerializer.SerializeToNode(score, WorkflowJson.Printed);
}
