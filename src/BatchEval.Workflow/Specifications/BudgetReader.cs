using System.Text.Json;
using System.Text.Json.Nodes;
using BatchEval.Core.Json;

namespace BatchEval.Workflow.Specifications;

/// <summary>Reads and writes the budget of a specification.</summary>
internal static class BudgetReader
{
    public static BudgetSpecification Read(JsonInspector? budget)
    {
        if (budget is null)
        {
            return new BudgetSpecification(1);
        }

        var calls = budget.Has("networkCalls") ? budget.Integer("networkCalls", low: 1, high: 10_000) : (int?)null;
        var specification = new BudgetSpecification(calls, Limit(budget, "macs"), Limit(budget, "milliseconds"), Positive(budget, "peakMegabytes"));
        if (calls is null && !specification.NeedsCosts && !budget.Has("networkCalls"))
        {
            budget.Report("networkCalls", "is missing; a budget needs at least one of networkCalls, macs, milliseconds, peakMegabytes.");
        }
        else if (calls is null && specification is { Macs: null, Milliseconds: null })
        {
            budget.Report("networkCalls", "is missing; memory alone does not limit the number of steps.");
        }

        budget.Close();
        return specification;
    }

    public static JsonObject Write(BudgetSpecification budget) => new()
    {
        ["networkCalls"] = budget.NetworkCalls,
        ["macs"] = Write(budget.Macs),
        ["milliseconds"] = Write(budget.Milliseconds),
        ["peakMegabytes"] = budget.PeakMegabytes,
    };

    private static JsonNode? Write(CostLimit? limit) => limit switch
    {
        null => null,
        { OfSteps: { } steps } => new JsonObject { ["share"] = limit.Value, ["ofSteps"] = steps },
        _ => JsonValue.Create(limit.Value),
    };

    private static CostLimit? Limit(JsonInspector budget, string name)
    {
        if (budget.Any(name) is not { ValueKind: JsonValueKind.Object })
        {
            return Positive(budget, name) is { } value ? new CostLimit(value) : null;
        }

        var relative = budget.Child(name)!;
        var limit = new CostLimit(Positive(relative, "share") ?? Missing(relative, "share"), relative.Integer("ofSteps", low: 1, high: 10_000));
        relative.Close();
        return limit;
    }

    private static double Missing(JsonInspector inspector, string name)
    {
        inspector.Report(name, "is missing.");
        return 1;
    }

    private static double? Positive(JsonInspector inspector, string name)
    {
        if (!inspector.Has(name))
        {
            return null;
        }

        var value = inspector.Number(name, 1, 0);
        if (value == 0)
        {
            inspector.Report(name, "is 0; allowed: above 0.");
        }

        return value;
    }
}
