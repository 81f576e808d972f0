using System.Text.Json;
using System.Text.Json.Nodes;
using BatchEval.Core.Sampling.Solvers;

namespace BatchEval.Workflow.Specifications;

/// <summary>A solver as <see cref="Solver.Parse"/> takes it.</summary>
internal sealed class SolverNameAttribute : ConstraintAttribute
{
    public override string Words => string.Join(", ", Solver.Names);

    public override bool Allows(JsonElement value) => Violation(value) is null;

    public override string? Violation(JsonElement value)
    {
        try
        {
            _ = Solver.Parse(value.GetString()!);
            return null;
        }
        catch (ArgumentException error)
        {
            return ErrorText.Of(error);
        }
    }

    // Arguments in brackets make the set of names open.
    public override void Describe(JsonObject schema) => schema["examples"] = new JsonArray([.. Solver.Names.Select(n => JsonValue.Create(n))]);
}
