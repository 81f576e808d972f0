namespace BatchEval.Workflow.Http;

/// <summary>One route of the HTTP interface. Both shells serve exactly these, and the OpenAPI description is made from them.</summary>
/// <param name="Operation">Operation id; also the name of the Azure function.</param>
/// <param name="Method">HTTP method.</param>
/// <param name="Template">Path below <c>/api/</c>, with parameters in braces.</param>
/// <param name="Summary">One sentence.</param>
/// <param name="Success">Status code of success.</param>
/// <param name="ContentTypes">Media types of success; empty without a body.</param>
public sealed record ApiRoute(string Operation, string Method, string Template, string Summary, int Success, params IReadOnlyList<string> ContentTypes)
{
    private const string Json = "application/json";

    /// <summary>All routes.</summary>
    public static IReadOnlyList<ApiRoute> All { get; } =
    [
        new("StartRun", "POST", "runs", "Submits a run specification (a search, or a list of candidates with search.method none) and starts it. The same specification is the same run and starts once.", 202, Json),
        new("ListRuns", "GET", "runs", "Lists all runs, the newest first.", 200, Json),
        new("GetRun", "GET", "runs/{runId}", "Where a run stands: state, stage, generation, best candidate, counts, cost so far, time left.", 200, Json),
        new("DeleteRun", "DELETE", "runs/{runId}", "Deletes a run that is not under way. Results that other runs may share stay.", 204),
        new("PauseRun", "POST", "runs/{runId}/pause", "Holds a run; nothing finished is lost.", 200, Json),
        new("ResumeRun", "POST", "runs/{runId}/resume", "Goes on with a paused or failed run.", 200, Json),
        new("StopRun", "POST", "runs/{runId}/stop", "Ends a run before its time. What it has computed stays.", 200, Json),
        new("GetLeaderboard", "GET", "runs/{runId}/leaderboard", "The leaderboard of a finished run, as JSON or, with ?format=csv or Accept: text/csv, as comma-separated values.", 200, Json, "text/csv"),
        new("GetCandidate", "GET", "runs/{runId}/candidates/{candidateId}", "Scores of one candidate: the final ones, or the latest during the run.", 200, Json),
        new("GetGrid", "GET", "runs/{runId}/candidates/{candidateId}/grid", "Contact sheet of a candidate.", 200, "image/png"),
        new("GetImage", "GET", "runs/{runId}/candidates/{candidateId}/images/{index}", "One image of a candidate, by its number from 0.", 200, "image/png"),
        new("ListBest", "GET", "runs/{runId}/best", "Lists the files of the winner.", 200, Json),
        new("GetBest", "GET", "runs/{runId}/best/{file}", "One file of the winner, for example schedule.json.", 200, Json, "text/plain", "application/octet-stream"),
        new("GetReport", "GET", "runs/{runId}/report", "The report of a finished run, one self-contained page.", 200, "text/html"),
        new("ListModels", "GET", "models", "Lists the models that a specification may name.", 200, Json),
        new("GetOpenApi", "GET", "openapi.json", "This description.", 200, Json),
    ];

    /// <summary>Finds the route of a path.</summary>
    /// <param name="method">HTTP method.</param>
    /// <param name="path">Path, percent-encoded.</param>
    /// <returns>The route and its parameters; or no route, and the methods that the path does allow.</returns>
    public static (ApiRoute? Route, IReadOnlyDictionary<string, string> Parameters, IReadOnlyList<string> Allowed) Find(string method, string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        var segments = path.Trim('/').Split('/');
        var allowed = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var route in All)
        {
            if (segments[0] == "api" && Match(route.Template.Split('/'), segments.AsSpan(1)) is { } parameters)
            {
                if (route.Method == method)
                {
                    return (route, parameters, []);
                }

                allowed.Add(route.Method);
            }
        }

        return (null, new Dictionary<string, string>(), [.. allowed]);
    }

    private static Dictionary<string, string>? Match(string[] template, ReadOnlySpan<string> segments)
    {
        if (template.Length != segments.Length)
        {
            return null;
        }

        var parameters = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var i = 0; i < template.Length; i++)
        {
            if (template[i][0] == '{')
            {
                parameters[template[i][1..^1]] = Uri.UnescapeDataString(segments[i]);
            }
            else if (template[i] != segments[i])
            {
                return null;
            }
        }

        return parameters;
    }
}
