using Microsoft.AspNetCore.Http.HttpResults;

namespace BatchEval.Http.Runs;

/// <summary>What there is to read about the models of the service.</summary>
internal sealed class ModelCards(RunApiContext context)
{
    private const long LargestTemplate = 1 << 20;

    /// <summary>A model's card and the specifications that come with it.</summary>
    public async Task<Ok<ModelCard>> ReadAsync(string name, CancellationToken cancellation)
    {
        if (context.Catalog.Check(name) is not null)
        {
            throw Refusal.NotFound("There is no model of that name.").Exception();
        }

        var folder = context.Catalog.Roots.Select(root => Path.Combine(root, name)).First(Directory.Exists);
        var card = Path.Combine(folder, "README.md");
        var templates = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var file in Directory.EnumerateFiles(folder, "*.json"))
        {
            if (new FileInfo(file).Length <= LargestTemplate && await File.ReadAllTextAsync(file, cancellation) is var text && IsSpecification(text))
            {
                templates[Path.GetFileName(file)] = text;
            }
        }

        return TypedResults.Ok(new ModelCard(name, Describe(name), File.Exists(card) ? await File.ReadAllTextAsync(card, cancellation) : null, templates));
    }

    private string? Describe(string name)
    {
        try
        {
            return context.Models.Find(name).Manifest.Description;
        }
        catch (ProblemException)
        {
            // A package that cannot be opened is still listed; the start of a run says what is wrong with it.
            return null;
        }
    }

    private static bool IsSpecification(string text)
    {
        var problems = new List<Problem>();
        using var document = JsonInspector.Parse(text, problems)?.Document;
        return document is not null && document.RootElement.TryGetProperty("budget", out _) && document.RootElement.TryGetProperty("model", out _);
    }
}
