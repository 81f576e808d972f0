namespace BatchEval.Cli.Tests.Commands;

/// <summary>A search that takes about a second.</summary>
internal static class SmallRun
{
    public static string Specification(string name = "small", string extra = "") => $$"""
        {
          "name": "{{name}}",
          "model": {{System.Text.Json.JsonSerializer.Serialize(TestShell.Digits)}},
          "seed": 4,
          "budget": { "networkCalls": 2 },
          "search": { "population": 4, "generations": 1, "elites": 2, "mutants": 1, "crossovers": 1, "rungs": [20] },
          "validation": { "samples": 20, "elites": 1 },
          "final": { "samples": 20, "images": 0 },
          "reference": { "steps": 4, "samples": 8 },
          "baselines": ["trailing", "random-search"]
          {{extra}}
        }
        """;
}
