using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using BatchEval.Core.Json;
using BatchEval.Workflow.Local;
using BatchEval.Workflow.Specifications;

namespace BatchEval.Workflow.Http;

/// <summary>The routes that change something.</summary>
/// <param name="context">What the interface works with.</param>
internal sealed class RunCommands(RunApiContext context)
{
    private readonly RunLookup lookup = new(context);
    private readonly IdempotencyKeys keys = new(context.Store);

    public async Task<ApiResponse> StartAsync(ApiRequest request, CancellationToken cancellation)
    {
        RequireJson(request);
        var body = await ReadBodyAsync(request.Body, cancellation);
        var specification = Read(body);
        if (context.Catalog.Check(specification.Model) is { } problem)
        {
            throw new ProblemException("The run specification", [problem]);
        }

        var submission = new RunSubmission(context.Store, context.Models, context.Time);
        if (request.Header("Idempotency-Key") is { } key)
        {
            // A refused body does not use up its key.
            RunSubmission.Check(specification, context.Models);
            await keys.ClaimAsync(key, Convert.ToHexStringLower(SHA256.HashData(body)), cancellation);
        }

        var (run, isNew) = await submission.SubmitAsync(specification, cancellation);
        var (status, _) = await lookup.RequireAsync(run, cancellation);
        if (status.State is "pending" or "failed" or "stopped")
        {
            await context.Control.StartAsync(run, cancellation);
        }

        return Accepted(run, isNew);
    }

    public async Task PauseAsync(string run, CancellationToken cancellation)
    {
        var (status, _) = await lookup.RequireAsync(run, cancellation);
        switch (status.State)
        {
            case "paused":
                return;
            case "pending" or "running":
                await context.Control.PauseAsync(run, cancellation);
                return;
            default:
                throw RefusedException.Conflict($"Run '{run}' is {status.State}; only a run that is under way can be paused.");
        }
    }

    public async Task ResumeAsync(string run, CancellationToken cancellation)
    {
        var (status, _) = await lookup.RequireAsync(run, cancellation);
        switch (status.State)
        {
            case "pending" or "running":
                return;
            case "paused" or "failed":
                await context.Control.ResumeAsync(run, cancellation);
                return;
            default:
                throw RefusedException.Conflict($"Run '{run}' is {status.State}; only a paused or failed run can be resumed. Post its specification again to go on with a stopped one.");
        }
    }

    public async Task StopAsync(string run, CancellationToken cancellation)
    {
        var (status, _) = await lookup.RequireAsync(run, cancellation);
        switch (status.State)
        {
            case "stopped":
                return;
            case "finished":
                throw RefusedException.Conflict($"Run '{run}' is finished.");
            default:
                await context.Control.StopAsync(run, cancellation);
                return;
        }
    }

    public async Task<ApiResponse> DeleteAsync(string run, CancellationToken cancellation)
    {
        var (status, _) = await lookup.RequireAsync(run, cancellation);
        if (status.State is "pending" or "running")
        {
            throw RefusedException.Conflict($"Run '{run}' is {status.State}; stop it first.");
        }

        await context.Control.ForgetAsync(run, cancellation);
        await context.Store.DeleteRunAsync(run, cancellation);
        return new ApiResponse(204, null, default);
    }

    private ApiResponse Accepted(string run, bool isNew)
    {
        var status = $"/api/runs/{run}";
        var document = new JsonObject { ["id"] = run, ["created"] = isNew, ["statusUrl"] = status };
        foreach (var (name, address) in context.Control.ManagementOf(run).OrderBy(p => p.Key, StringComparer.Ordinal))
        {
            document.TryAdd(name, address);
        }

        return ApiResponse.Json(document, 202) with { Headers = new Dictionary<string, string> { ["Location"] = status, ["Retry-After"] = "2" } };
    }

    private static void RequireJson(ApiRequest request)
    {
        var type = request.Header("Content-Type")?.Split(';')[0].Trim() ?? string.Empty;
        if (!type.Equals("application/json", StringComparison.OrdinalIgnoreCase))
        {
            throw new RefusedException(ApiResponse.Problem(415, "Unsupported media type", "A run specification is sent as Content-Type: application/json."));
        }
    }

    private static async Task<byte[]> ReadBodyAsync(Stream body, CancellationToken cancellation)
    {
        using var content = new MemoryStream();
        var buffer = new byte[16 * 1024];
        for (int count; (count = await body.ReadAsync(buffer, cancellation)) > 0;)
        {
            content.Write(buffer, 0, count);
            if (content.Length > RunApiContext.BodyLimit)
            {
                throw new RefusedException(ApiResponse.Problem(413, "Content too large", $"A run specification has at most {RunApiContext.BodyLimit} bytes."));
            }
        }

        return content.ToArray();
    }

    private static RunSpecification Read(byte[] body)
    {
        try
        {
            return SpecificationReader.Read(new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(body));
        }
        catch (DecoderFallbackException)
        {
            throw new ProblemException("The body is not UTF-8 text.");
        }
    }
}
