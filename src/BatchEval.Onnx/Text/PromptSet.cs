using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace BatchEval.Onnx.Text;

/// <summary>Prompts that samples are drawn for: sample i takes prompt i modulo their number.</summary>
/// <param name="File">A file of them (<see cref="PromptFile"/>) that is yet to be read, or null.</param>
/// <param name="Prompts">The prompts; empty while they are in a file.</param>
[JsonConverter(typeof(PromptSetConverter))]
public sealed record PromptSet(string? File, IReadOnlyList<Prompt> Prompts)
{
    /// <summary>Most prompts of a run: its specification holds them, and every process of the run reads it.</summary>
    public const int Most = 50_000;

    // Encoded together and stored as one blob.
    private const int MostOfPiece = 256;
    private const long BytesOfPiece = 256 << 20;

    /// <summary>Reads a file.</summary>
    /// <exception cref="ProblemException">It cannot be used; everything wrong is listed.</exception>
    public static PromptSet Read(string path) => new(null, PromptFile.Read(path));

    /// <summary>SHA-256 of the prompts.</summary>
    public string Digest => Core.Json.Digest.Of(JsonSerializer.SerializeToUtf8Bytes(this));

    /// <summary>The first prompts of the set; all of them where <paramref name="count"/> is null or more than there are.</summary>
    public PromptSet First(int? count) => count is { } some && some < Prompts.Count ? this with { Prompts = [.. Prompts.Take(some)] } : this;

    /// <summary>How many prompts are encoded and stored together for a model.</summary>
    public static int PieceOf(ModelManifest manifest) => manifest.Denoiser.ContextShape is { } context
        ? (int)Math.Clamp(BytesOfPiece / ((long)context.Tokens * context.Width * sizeof(float)), 1, MostOfPiece) : MostOfPiece;

    public Prompt Of(long sample) => Prompts[(int)(sample % Prompts.Count)];

    /// <summary>The same with a negative prompt for those that have none of their own.</summary>
    public PromptSet WithNegative(string? negative) => this with { Prompts = [.. Prompts.Select(p => p with { Negative = p.Negative ?? negative })] };

    /// <summary>The one size that prompts ask for, or null where none does.</summary>
    /// <exception cref="ProblemException">They ask for several.</exception>
    public (int Height, int Width)? Size()
    {
        var sizes = Prompts.Where(p => p.Size is not null).Select(p => (Height: p.Size![0], Width: p.Size[1])).Distinct().ToList();
        return sizes.Count <= 1 ? sizes.Cast<(int, int)?>().FirstOrDefault()
            : throw new ProblemException($"The prompts ask for images of {string.Join(", ", sizes.Select(s => $"{s.Width} x {s.Height}"))}; samples of one run have one size, so give each size a set of its own.");
    }

    /// <summary>Checks that a model draws images of the size that the prompts ask for.</summary>
    /// <exception cref="ProblemException">It takes no prompts, or draws another size.</exception>
    public void Check(ModelManifest manifest)
    {
        if (manifest.Text is null)
        {
            throw new ProblemException($"The model '{manifest.Name}' has no text encoder{(manifest.TakesPrompts ? $" that can be read; name a file of embeddings in its {ModelPackage.CompanionFile}" : " and takes no prompts")}.");
        }

        if (Size() is { } size && size != (manifest.Image.Height, manifest.Image.Width))
        {
            throw new ProblemException($"The prompts ask for {size.Width} x {size.Height} pixels, and the model '{manifest.Name}' draws {manifest.Image.Width} x {manifest.Image.Height}; give \"size\": [{size.Height}, {size.Width}] in {ModelPackage.CompanionFile} beside it.");
        }
    }
}

/// <summary>A set of prompts is the name of a file, or an array of texts and objects.</summary>
internal sealed class PromptSetConverter : DataConverter<PromptSet>
{
    private static readonly JsonSerializerOptions Written = new(JsonSerializerDefaults.Web) { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    public override string Words => """the name of a file (text, JSON lines, COCO captions), or an array of texts and of `{ "prompt": "...", "negative": "...", "seed": 1 }`""";

    public override JsonObject Schema => new()
    {
        ["anyOf"] = new JsonArray(
            new JsonObject { ["type"] = "string" },
            new JsonObject
            {
                ["type"] = "array",
                ["minItems"] = 1,
                ["items"] = new JsonObject
                {
                    ["anyOf"] = new JsonArray(
                        new JsonObject { ["type"] = "string" },
                        new JsonObject
                        {
                            ["type"] = "object",
                            ["properties"] = new JsonObject
                            {
                                ["prompt"] = new JsonObject { ["type"] = "string" },
                                ["negative"] = new JsonObject { ["type"] = "string" },
                                ["seed"] = new JsonObject { ["type"] = "integer", ["minimum"] = 0 },
                                ["size"] = new JsonObject { ["type"] = "array", ["items"] = new JsonObject { ["type"] = "integer" } },
                            },
                            ["required"] = new JsonArray("prompt"),
                            ["additionalProperties"] = false,
                        }),
                },
            }),
    };

    public override void Check(JsonElement value, string path, ICollection<Problem> problems)
    {
        if (value.ValueKind != JsonValueKind.Array)
        {
            if (value.ValueKind != JsonValueKind.String || value.GetString()!.Length == 0)
            {
                problems.Add(new Problem(path, $"must be {Words}."));
            }
        }
        else if (value.GetArrayLength() == 0)
        {
            problems.Add(new Problem(path, "holds no prompt."));
        }
        else
        {
            _ = Items(value, path, problems).Count();
        }
    }

    public override PromptSet Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        using var document = JsonDocument.ParseValue(ref reader);
        return document.RootElement.ValueKind == JsonValueKind.String ? new PromptSet(document.RootElement.GetString(), []) : new PromptSet(null, [.. Items(document.RootElement, string.Empty, [])]);
    }

    public override void Write(Utf8JsonWriter writer, PromptSet value, JsonSerializerOptions options)
    {
        if (value.File is { } file)
        {
            writer.WriteStringValue(file);
            return;
        }

        writer.WriteStartArray();
        foreach (var prompt in value.Prompts)
        {
            if (prompt is { Negative: null, Seed: null, Size: null })
            {
                writer.WriteStringValue(prompt.Text);
            }
            else
            {
                JsonSerializer.Serialize(writer, prompt, Written);
            }
        }

        writer.WriteEndArray();
    }

    private static IEnumerable<Prompt> Items(JsonElement array, string path, ICollection<Problem> problems) => array.EnumerateArray().Select((element, i) =>
        element.ValueKind == JsonValueKind.String ? new Prompt(element.GetString()!) : Prompt.Read(new JsonInspector(element, $"{path}[{i}]", problems)));
}
