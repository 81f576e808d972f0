using System.Text.Json.Nodes;

namespace BatchEval.Workflow.Http;

/// <summary>The OpenAPI 3.1 description of the HTTP interface, made from its routes; <c>docs/openapi.json</c> is a copy that a test keeps equal.</summary>
public static class OpenApiDocument
{
    private static readonly Dictionary<string, string> Parameters = new()
    {
        ["runId"] = "Id of the run, as the start returned it.",
        ["candidateId"] = "Id of the candidate, as the leaderboard lists it.",
        ["index"] = "Number of the image, from 0.",
        ["file"] = "Name of the file, as the list of the winner's files has it.",
    };

    /// <summary>Creates the description.</summary>
    public static JsonObject Create()
    {
        var paths = new JsonObject();
        foreach (var group in ApiRoute.All.GroupBy(r => r.Template))
        {
            var item = new JsonObject();
            foreach (var route in group)
            {
                item[route.Method.ToLowerInvariant()] = Describe(route);
            }

            paths[$"/api/{group.Key}"] = item;
        }

        return new JsonObject
        {
            ["openapi"] = "3.1.0",
            ["info"] = new JsonObject { ["title"] = "BatchEval", ["version"] = "1", ["description"] = "Searches fast sampling schedules for diffusion models. On Azure every route needs a function key (x-functions-key); locally the server listens on the loopback interface only." },
            ["paths"] = paths,
            ["components"] = new JsonObject { ["schemas"] = new JsonObject { ["Problem"] = Problem(), ["Run"] = Run() } },
        };
    }

    private static JsonObject Describe(ApiRoute route)
    {
        var operation = new JsonObject { ["operationId"] = route.Operation, ["summary"] = route.Summary };
        var parameters = route.Template.Split('/').Where(s => s[0] == '{').Select(s => Parameter(s[1..^1], "path", Parameters[s[1..^1]], required: true)).ToList();
        if (route.Operation == "GetLeaderboard")
        {
            parameters.Add(Parameter("format", "query", "json (default) or csv.", required: false));
        }

        if (route.Operation == "StartRun")
        {
            parameters.Add(Parameter("Idempotency-Key", "header", "Repeating a request under the same key is safe; another body under it is refused with 422.", required: false));
            operation["requestBody"] = new JsonObject
            {
                ["required"] = true,
                ["description"] = $"A run specification (docs/run-specification.md), at most {RunApiContext.BodyLimit} bytes; 'model' names a model of this service.",
                ["content"] = Content("application/json", new JsonObject { ["type"] = "object" }),
            };
        }

        if (parameters.Count > 0)
        {
            operation["parameters"] = new JsonArray([.. parameters]);
        }

        operation["responses"] = new JsonObject
        {
            [route.Success.ToString(System.Globalization.CultureInfo.InvariantCulture)] = Success(route),
            ["default"] = new JsonObject
            {
                ["description"] = "A refusal (RFC 9457).",
                ["content"] = Content("application/problem+json", new JsonObject { ["$ref"] = "#/components/schemas/Problem" }),
            },
        };
        return operation;
    }

    private static JsonObject Success(ApiRoute route)
    {
        var answer = new JsonObject { ["description"] = route.Success == 204 ? "Done." : "The answer." };
        if (route.ContentTypes.Count > 0)
        {
            var isRun = route.Operation is "GetRun" or "PauseRun" or "ResumeRun" or "StopRun";
            var content = new JsonObject();
            foreach (var type in route.ContentTypes)
            {
                content[type] = new JsonObject { ["schema"] = isRun ? new JsonObject { ["$ref"] = "#/components/schemas/Run" } : new JsonObject() };
            }

            answer["content"] = content;
        }

        return answer;
    }

    private static JsonObject Content(string type, JsonObject schema) => new() { [type] = new JsonObject { ["schema"] = schema } };

    private static JsonObject Parameter(string name, string place, string description, bool required) => new()
    {
        ["name"] = name, ["in"] = place, ["required"] = required, ["description"] = description, ["schema"] = new JsonObject { ["type"] = "string" },
    };

    private static JsonObject Typed(params (string Name, string Type)[] members)
    {
        var properties = new JsonObject();
        foreach (var (name, type) in members)
        {
            properties[name] = new JsonObject { ["type"] = new JsonArray([.. type.Split('|').Select(t => JsonValue.Create(t))]) };
        }

        return new JsonObject { ["type"] = "object", ["properties"] = properties };
    }

    private static JsonObject Problem()
    {
        var problem = Typed(("type", "string"), ("title", "string"), ("status", "integer"), ("detail", "string"));
        problem["properties"]!["errors"] = new JsonObject { ["type"] = "array", ["items"] = Typed(("field", "string"), ("pointer", "string"), ("detail", "string")) };
        return problem;
    }

    private static JsonObject Run()
    {
        var run = Typed(
            ("id", "string"), ("state", "string"), ("stage", "string"), ("round", "integer"), ("generation", "integer|null"), ("generations", "integer"), ("units", "integer|null"),
            ("unitsDone", "integer|null"), ("best", "object|null"), ("counts", "object"), ("cost", "object"), ("share", "number"), ("secondsLeft", "number|null"), ("objective", "string"),
            ("model", "string"), ("seed", "integer"), ("started", "string"), ("updated", "string"), ("error", "string|null"), ("statusUrl", "string"), ("links", "object"));
        run["properties"]!["state"]!["enum"] = new JsonArray("pending", "running", "paused", "finished", "failed", "stopped");
        return run;
    }
}
