using System.ComponentModel;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using BatchEval.Core.Sampling.Placement;
using BatchEval.Core.Search;
using BatchEval.Core.Search.Costs;

namespace BatchEval.Workflow.Specifications;

/// <summary>What a candidate may cost per sample: any combination of limits, at least one.</summary>
public sealed record BudgetSpecification : ICheckedData
{
    [Description("Network calls per sample (Heun takes two per step)."), Bounds(1, 10_000)]
    public int? NetworkCalls { get; init; }

    [Description("Multiply-adds per sample.")]
    public CostLimit? Macs { get; init; }

    [Description("Milliseconds per sample inside the network; measured once, when the run begins (`costs.json`).")]
    public CostLimit? Milliseconds { get; init; }

    [Description("Most memory during a network call, in 10^6 bytes; together with another limit."), Bounds(0, Above = true)]
    public double? PeakMegabytes { get; init; }

    /// <summary>True when the model's costs matter, and not only the number of its calls.</summary>
    public bool NeedsCosts => Macs is not null || Milliseconds is not null || PeakMegabytes is not null;

    /// <summary>About how many network calls a candidate makes, for forecasts.</summary>
    public int ExpectedCalls => NetworkCalls ?? (int)Math.Ceiling(new[] { Macs, Milliseconds }.Min(l => l?.OfSteps * l?.Value) ?? 10);

    public IEnumerable<Problem> Violations() => this switch
    {
        { NetworkCalls: null, NeedsCosts: false } => [new Problem("networkCalls", "is missing; a budget needs at least one of networkCalls, macs, milliseconds, peakMegabytes.")],
        { NetworkCalls: null, Macs: null, Milliseconds: null } => [new Problem("networkCalls", "is missing; memory alone does not limit the number of steps.")],
        _ => [],
    };

    /// <summary>Turns the limits into numbers.</summary>
    /// <param name="solver">The run's solver, for limits relative to a uniform sampler.</param>
    /// <param name="guided">True where every call evaluates the network twice.</param>
    /// <exception cref="ArgumentException">A limit that nothing can meet.</exception>
    public Budget Resolve(CostModel costs, string solver, NoiseSchedule schedule, bool guided)
    {
        var limits = new BudgetLimits(
            NetworkCalls,
            Value(Macs, c => c.Macs),
            Value(Milliseconds, c => c.Milliseconds) is { } milliseconds && (milliseconds > 0 || costs.Milliseconds > 0) ? milliseconds : null,
            PeakMegabytes is { } megabytes ? (long)(megabytes * 1e6) : null);
        // Before milliseconds are measured, a limit of a share of them limits nothing.
        return new Budget(costs, limits == new BudgetLimits() ? new BudgetLimits(int.MaxValue) : limits, guided);

        double? Value(CostLimit? limit, Func<CandidateCost, double> cost) => limit is { OfSteps: { } steps }
            ? limit.Value * cost(costs.Of(Candidate.At(solver, PlacementRules.Create("trailing", schedule, steps).Times), guided))
            : limit?.Value;
    }
}

/// <summary>A limit as a number, or as a share of what the uniform sampler of some steps costs.</summary>
/// <param name="OfSteps">Steps of the uniform sampler; null for an absolute limit.</param>
[JsonConverter(typeof(CostLimitConverter))]
public sealed record CostLimit(double Value, int? OfSteps = null);

/// <summary>How the share of a uniform sampler's cost is written.</summary>
internal sealed record RelativeLimit
{
    [Description("Share of what the uniform sampler costs."), Bounds(0, Above = true)]
    public required double Share { get; init; }

    [Description("Steps of the uniform sampler that the share is of."), Bounds(1, 10_000)]
    public required int OfSteps { get; init; }
}

/// <summary>A cost limit is a number, or an object of two.</summary>
internal sealed class CostLimitConverter : DataConverter<CostLimit>
{
    private static readonly BoundsAttribute Positive = new(0) { Above = true };

    public override string Words => """a number above 0, or `{ "share": 0.6, "ofSteps": 10 }` for a share of what the uniform sampler of 10 steps costs""";

    public override JsonObject Schema => new()
    {
        ["anyOf"] = new JsonArray(
            new JsonObject { ["type"] = new JsonArray("number", "null"), ["exclusiveMinimum"] = 0 },
            DataSchema.Of(typeof(RelativeLimit), SpecificationJson.Options, [], isRoot: false)),
    };

    public override void Check(JsonElement value, string path, ICollection<Problem> problems)
    {
        if (value.ValueKind == JsonValueKind.Object)
        {
            DataReader.Check(value, typeof(RelativeLimit), path, SpecificationJson.Options, problems);
        }
        else if (value.ValueKind != JsonValueKind.Number)
        {
            problems.Add(new Problem(path, $"must be {Words}."));
        }
        else if (Positive.Violation(value) is { } message)
        {
            problems.Add(new Problem(path, message));
        }
    }

    public override CostLimit Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.Number ? new CostLimit(reader.GetDouble())
        : JsonSerializer.Deserialize<RelativeLimit>(ref reader, options) is { } relative ? new CostLimit(relative.Share, relative.OfSteps)
        : throw new JsonException();

    public override void Write(Utf8JsonWriter writer, CostLimit value, JsonSerializerOptions options)
    {
        if (value.OfSteps is { } steps)
        {
            JsonSerializer.Serialize(writer, new RelativeLimit { Share = value.Value, OfSteps = steps }, options);
        }
        else
        {
            writer.WriteNumberValue(value.Value);
        }
    }
}
