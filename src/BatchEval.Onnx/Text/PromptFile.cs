using System.Text.Json;

namespace BatchEval.Onnx.Text;

/// <summary>Prompt sets as files: a text with one prompt a line, JSON lines, or the captions of COCO.</summary>
public static class PromptFile
{
    /// <summary>Reads a set.</summary>
    /// <exception cref="ProblemException">The file is missing or damaged, or has no prompt; everything wrong is listed by line.</exception>
    public static IReadOnlyList<Prompt> Read(string path)
    {
        if (!File.Exists(path))
        {
            throw new ProblemException($"The prompt file '{path}' does not exist.");
        }

        var problems = new List<Problem>();
        List<Prompt> prompts = Path.GetExtension(path).ToLowerInvariant() switch
        {
            ".json" => Captions(path, problems),
            ".jsonl" or ".ndjson" => Lines(path).Select(l => OfLine(l.Text, $"line {l.Number}", problems)).ToList(),
            _ => Lines(path).Select(l => new Prompt(l.Text)).ToList(),
        };
        return problems.Count > 0 ? throw new ProblemException($"The prompt file '{path}'", problems)
            : prompts.Count > 0 ? prompts
            : throw new ProblemException($"The prompt file '{path}' holds no prompt.");
    }

    private static IEnumerable<(string Text, int Number)> Lines(string path) =>
        File.ReadLines(path).Select((line, i) => (Text: line.Trim(), i + 1)).Where(l => l.Text.Length > 0);

    private static Prompt OfLine(string line, string place, List<Problem> problems)
    {
        var here = new List<Problem>();
        var prompt = new Prompt(string.Empty);
        if (JsonInspector.Parse(line, here) is { } parsed)
        {
            using (parsed.Document)
            {
                prompt = Prompt.Read(parsed.Root);
            }
        }

        problems.AddRange(here.Select(p => new Problem(place, p.ToString())));
        return prompt;
    }

    // {"annotations": [{"caption": ..., "image_id": ..., "id": ...}, ...]}: one caption of every image in the order of ids, then a second one of every image, and so on.
    private static List<Prompt> Captions(string path, List<Problem> problems)
    {
        if (JsonInspector.Parse(File.ReadAllText(path), problems) is not { } parsed)
        {
            return [];
        }

        using (parsed.Document)
        {
            var captions = new List<(string Text, long? Image, long Id)>();
            foreach (var (value, place) in parsed.Root.Items("annotations", required: true))
            {
                if (value.ValueKind == JsonValueKind.Object && value.TryGetProperty("caption", out var caption) && caption.ValueKind == JsonValueKind.String)
                {
                    captions.Add((caption.GetString()!.Trim(), Number(value, "image_id"), Number(value, "id") ?? captions.Count));
                }
                else
                {
                    problems.Add(new Problem(place, "has no text named 'caption'."));
                }
            }

            return [.. captions.OrderBy(c => c.Id).GroupBy(c => c.Image ?? ~c.Id).SelectMany(image => image.Select((c, turn) => (c, turn))).OrderBy(c => c.turn).ThenBy(c => c.c.Id).Select(c => new Prompt(c.c.Text))];
        }
    }

    private static long? Number(JsonElement value, string name) => value.TryGetProperty(name, out var member) && member.ValueKind == JsonValueKind.Number && member.TryGetInt64(out var number) ? number : null;
}
