using System.Text.Json;
using System.Text.Json.Nodes;

namespace BatchEval.Workflow.Serialization;

/// <summary>Candidates inside other documents, in their canonical form.</summary>
internal sealed class CandidateConverter : DataConverter<Candidate>
{
    public override JsonObject Schema => JsonNode.Parse("""
        {
          "type": "object",
          "additionalProperties": false,
          "required": ["solver", "steps"],
          "properties": {
            "solver": { "type": "string" },
            "steps": {
              "type": "array",
              "minItems": 1,
              "items": {
                "type": "object",
                "additionalProperties": false,
                "required": ["t"],
                "properties": {
                  "t": { "type": "number", "description": "The model's own time." },
                  "drop": { "type": "array", "items": { "type": "integer", "minimum": 0 }, "description": "Ids of blocks that are not executed." },
                  "reuse": { "type": "boolean", "default": false, "description": "Take the last network output instead of a call." },
                  "guidance": { "enum": ["full", "positive", "cached"], "default": "full", "description": "With the negative evaluation, without, or with the difference of an earlier step." },
                  "numbers": {
                    "type": "object",
                    "additionalProperties": false,
                    "description": "What the step changes in the solver's table.",
                    "properties": {
                      "networkTime": { "type": "number" },
                      "outputScale": { "type": "number", "default": 1 },
                      "firstDifference": { "type": "number", "default": 0 },
                      "secondDifference": { "type": "number", "default": 0 },
                      "state": { "type": "number", "default": 0 },
                      "data": { "type": "number", "default": 0 }
                    }
                  }
                }
              }
            },
            "end": { "type": "number", "description": "Time at which sampling stops; left out: no noise at all." },
            "startScale": { "type": "number", "exclusiveMinimum": 0, "default": 1, "description": "Factor on the noise that sampling starts from." },
            "skip": {
              "type": "object",
              "additionalProperties": false,
              "required": ["threshold"],
              "properties": {
                "threshold": { "type": "number", "minimum": 0 },
                "maxConsecutive": { "type": "integer", "minimum": 1, "default": 4 },
                "warmup": { "type": "integer", "minimum": 3, "default": 4 },
                "order": { "type": "integer", "minimum": 0, "maximum": 3, "default": 0 },
                "guard": { "type": "integer", "minimum": 0, "default": 0 },
                "maxCalls": { "type": "integer", "minimum": 1, "description": "Hard limit of network calls per sample." },
                "criterion": { "enum": ["tensor", "adaptive-released", "output"], "default": "tensor" }
              }
            }
          }
        }
        """)!.AsObject();

    public override void Check(JsonElement value, string path, ICollection<Problem> problems) => CandidateJson.Read(value, path, problems);

    public override Candidate Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        var problems = new List<Problem>();
        using var document = JsonDocument.ParseValue(ref reader);
        return CandidateJson.Read(document.RootElement, "candidate", problems) ?? throw new JsonException(string.Join(" ", problems));
    }

    public override void Write(Utf8JsonWriter writer, Candidate value, JsonSerializerOptions options) => CandidateJson.Write(writer, value);
}
