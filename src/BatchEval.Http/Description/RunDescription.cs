using System.Text;
using BatchEval.Core.Sampling;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.OpenApi;

namespace BatchEval.Http.Description;

/// <summary>The OpenAPI 3.1 description of the HTTP interface, made from its endpoints; <c>docs/openapi.json</c> is a copy that a test keeps equal.</summary>
internal static class RunDescription
{
    private const string Name = "v1";

    private static readonly Dictionary<string, string> Parameters = new()
    {
        ["runId"] = "Id of the run, as the start returned it.",
        ["candidateId"] = "Id of the candidate, as the leaderboard lists it.",
        ["index"] = "Number of the image, from 0.",
        ["file"] = "Name of the file, as the list of the winner's files has it.",
        ["limit"] = "Most runs of the page; all without it.",
        ["after"] = "Id of the last run of the page before.",
        ["since"] = "First round; 0 without it.",
        ["name"] = "Name of the model; may hold slashes.",
        ["format"] = "json (default) or csv.",
        ["Idempotency-Key"] = "Repeating a request under the same key is safe; another body under it is refused with 422.",
    };

    /// <summary>Adds the description.</summary>
    public static IServiceCollection AddRunDescription(this IServiceCollection services) => services.AddOpenApi(Name, options =>
    {
        options.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1;
        options.AddDocumentTransformer(DescribeDocument);
        options.AddOperationTransformer(DescribeOperation);
        options.AddSchemaTransformer(DescribeSchema);
    });

    /// <summary>The description as JSON.</summary>
    public static async Task<FileContentHttpResult> ReadAsync(HttpContext http, CancellationToken cancellation)
    {
        var provider = http.RequestServices.GetRequiredKeyedService<IOpenApiDocumentProvider>(Name);
        var document = await provider.GetOpenApiDocumentAsync(cancellation);
        return Revalidation.Content(Encoding.UTF8.GetBytes(await document.SerializeAsJsonAsync(OpenApiSpecVersion.OpenApi3_1, cancellation)), Revalidation.Json);
    }

    /// <summary>Says that an operation takes a run specification.</summary>
    public static Task TakeSpecification(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellation)
    {
        operation.RequestBody = new OpenApiRequestBody
        {
            Required = true,
            Description = $"A run specification (docs/run-specification.md), at most {RunApiContext.BodyLimit} bytes; 'model' names a model of this service.",
            Content = new Dictionary<string, OpenApiMediaType> { ["application/json"] = new OpenApiMediaType { Schema = new OpenApiSchema { Type = JsonSchemaType.Object } } },
        };
        return Task.CompletedTask;
    }

    private static Task DescribeDocument(OpenApiDocument document, OpenApiDocumentTransformerContext context, CancellationToken cancellation)
    {
        document.Info = new OpenApiInfo
        {
            Title = "BatchEval",
            Version = "1",
            Description = "Searches fast sampling schedules for diffusion models. On Azure every route needs a function key (x-functions-key); locally the server listens on the loopback interface only.",
        };
        // It would name the address of the first caller.
        document.Servers?.Clear();
        document.Tags?.Clear();
        return Task.CompletedTask;
    }

    private static async Task DescribeOperation(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellation)
    {
        operation.Tags?.Clear();
        foreach (var parameter in operation.Parameters ?? [])
        {
            parameter.Description ??= Parameters.GetValueOrDefault(parameter.Name ?? string.Empty);
        }

        var problem = await context.GetOrCreateSchemaAsync(typeof(ProblemDocument), cancellationToken: cancellation);
        context.Document!.AddComponent("Problem", problem);
        operation.Responses ??= [];
        operation.Responses["default"] = new OpenApiResponse
        {
            Description = "A refusal (RFC 9457).",
            Content = new Dictionary<string, OpenApiMediaType> { [Refusal.MediaType] = new OpenApiMediaType { Schema = new OpenApiSchemaReference("Problem", context.Document) } },
        };
    }

    private static Task DescribeSchema(OpenApiSchema schema, OpenApiSchemaTransformerContext context, CancellationToken cancellation)
    {
        // Read and written by a converter of its own.
        if (context.JsonTypeInfo.Type == typeof(Candidate))
        {
            schema.Type = JsonSchemaType.Object;
        }

        // Only files of results hold numbers that are not finite, as text; documents of the interface do not.
        if (context.JsonTypeInfo.Type == typeof(double) || context.JsonTypeInfo.Type == typeof(double?))
        {
            (schema.AnyOf, schema.OneOf, schema.Enum) = (null, null, null);
            schema.Type = context.JsonTypeInfo.Type == typeof(double) ? JsonSchemaType.Number : JsonSchemaType.Number | JsonSchemaType.Null;
        }

        return Task.CompletedTask;
    }
}
