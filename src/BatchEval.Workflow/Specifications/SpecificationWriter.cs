using System.Text.Json.Nodes;
using BatchEval.Core.Sampling;
using BatchEval.Onnx.Networks;

namespace BatchEval.Workflow.Specifications;

/// <summary>Writes a specification back as JSON with every default spelled out; <see cref="SpecificationReader"/> reads it to an equal one.</summary>
public static class SpecificationWriter
{
    /// <summary>The full JSON.</summary>
    public static JsonObject Write(RunSpecification specification)
    {
        ArgumentNullException.ThrowIfNull(specification);
        var json = WriteWhatMatters(specification);
        json["execution"] = new JsonObject
        {
            ["unitEvaluations"] = specification.Execution.UnitEvaluations,
            ["cellSamples"] = specification.Execution.CellSamples,
            ["batchSize"] = specification.Execution.BatchSize,
        };
        return json;
    }

    /// <summary>The JSON without what cannot change a result; a run's id is made from it.</summary>
    public static JsonObject WriteWhatMatters(RunSpecification specification)
    {
        ArgumentNullException.ThrowIfNull(specification);
        return new JsonObject
        {
            ["formatVersion"] = RunSpecification.FormatVersion,
            ["name"] = specification.Name,
            ["model"] = specification.Model,
            ["seed"] = specification.Seed,
            ["solver"] = specification.Solver,
            ["conditions"] = new JsonObject
            {
                ["label"] = specification.Conditions.Label switch { null => null, Conditions.RandomLabel => JsonValue.Create("random"), { } label => JsonValue.Create(label) },
                ["guidanceScale"] = specification.Conditions.GuidanceScale,
            },
            ["budget"] = BudgetReader.Write(specification.Budget),
            ["search"] = SearchReader.Write(specification.Search),
            ["objective"] = new JsonObject { ["metric"] = specification.Objective.Metric },
            ["validation"] = new JsonObject { ["samples"] = specification.Validation.Samples, ["elites"] = specification.Validation.Elites },
            ["final"] = new JsonObject { ["samples"] = specification.Final.Samples, ["images"] = specification.Final.Images },
            ["reference"] = new JsonObject
            {
                ["solver"] = specification.Reference.Solver,
                ["steps"] = specification.Reference.Steps,
                ["spacing"] = specification.Reference.Spacing,
                ["samples"] = specification.Reference.Samples,
            },
            ["baselines"] = new JsonArray([.. specification.Baselines.Select(b => JsonValue.Create(b))]),
            ["candidates"] = new JsonArray([.. specification.Candidates.Select(c => JsonNode.Parse(CandidateJson.Write(c)))]),
        };
    }
}
