using System.Text.RegularExpressions;
using BatchEval.Core.Json;
using BatchEval.Core.Sampling;
using BatchEval.Core.Sampling.Solvers;
using BatchEval.Onnx.Networks;

namespace BatchEval.Workflow.Specifications;

/// <summary>Reads a run specification; every violation is reported at once, by member.</summary>
public static partial class SpecificationReader
{
    /// <summary>Reads a specification.</summary>
    /// <exception cref="ProblemException">The text is not a specification; every problem is listed.</exception>
    public static RunSpecification Read(string json)
    {
        var problems = new List<Problem>();
        if (JsonInspector.Parse(json, problems) is { } parsed)
        {
            using (parsed.Document)
            {
                var specification = Read(parsed.Root, problems);
                if (problems.Count == 0)
                {
                    return specification;
                }
            }
        }

        throw new ProblemException("The run specification", problems);
    }

    private static RunSpecification Read(JsonInspector root, List<Problem> problems)
    {
        root.Integer("formatVersion", RunSpecification.FormatVersion, RunSpecification.FormatVersion, RunSpecification.FormatVersion);
        var name = root.Text("name");
        if (name.Length > 0 && !NamePattern().IsMatch(name))
        {
            root.Report("name", $"is '{name}'; allowed: 1 to 40 lower-case letters, digits and single hyphens, beginning with a letter.");
        }

        var solver = ReadSolver(root, "solver", "ddim");
        var specification = new RunSpecification(
            name,
            root.Text("model"),
            root.Unsigned("seed", 0),
            solver,
            ReadConditions(root.Child("conditions")),
            BudgetReader.Read(root.Child("budget", required: true)),
            SearchReader.Read(root.Child("search"), problems),
            ReadObjective(root.Child("objective")),
            ReadValidation(root.Child("validation")),
            ReadFinal(root.Child("final")),
            ReadReference(root.Child("reference"), solver),
            ReadBaselines(root),
            [.. root.Items("candidates").Select(c => CandidateJson.Read(c.Value, c.Path, problems)).OfType<Candidate>()],
            ReadExecution(root.Child("execution")));
        root.Close();
        if (specification.Search.Method == "none" && specification.Candidates.Count == 0 && specification.Baselines.Count == 0)
        {
            root.Report("search", "is 'none', and there are no candidates and no baselines: there is nothing to evaluate.");
        }

        return specification;
    }

    private static string ReadSolver(JsonInspector parent, string member, string fallback)
    {
        var text = parent.Text(member, fallback);
        try
        {
            return Solver.Parse(text).Name;
        }
        catch (ArgumentException error)
        {
            parent.Report(member, error.Message.Split(" (Parameter")[0]);
            return fallback;
        }
    }

    private static Conditions ReadConditions(JsonInspector? conditions)
    {
        if (conditions is null)
        {
            return Conditions.None;
        }

        int? label = conditions.Any("label") switch
        {
            null => null,
            { ValueKind: System.Text.Json.JsonValueKind.String } text when text.GetString() == "random" => Conditions.RandomLabel,
            { ValueKind: System.Text.Json.JsonValueKind.Number } number when number.TryGetInt32(out var value) && value >= 0 => value,
            { } other => Report(conditions, $"is {other.GetRawText()}; allowed: null, \"random\", or a label number."),
        };
        var scale = conditions.Number("guidanceScale", 1, 0, 100);
        conditions.Close();
        return new Conditions(label, scale);

        static int? Report(JsonInspector inspector, string message)
        {
            inspector.Report("label", message);
            return null;
        }
    }

    private static ObjectiveSpecification ReadObjective(JsonInspector? objective)
    {
        var specification = new ObjectiveSpecification(objective?.Text("metric", "fid", ObjectiveSpecification.Metrics) ?? "fid");
        objective?.Close();
        return specification;
    }

    private static ValidationSpecification ReadValidation(JsonInspector? validation)
    {
        var specification = new ValidationSpecification(validation?.Integer("samples", 1000, 2, 10_000_000) ?? 1000, validation?.Integer("elites", 4, 1, 1000) ?? 4);
        validation?.Close();
        return specification;
    }

    private static FinalSpecification ReadFinal(JsonInspector? final)
    {
        var specification = new FinalSpecification(final?.Integer("samples", 2000, 2, 10_000_000) ?? 2000, final?.Integer("images", 64, 0, 100_000) ?? 64);
        final?.Close();
        return specification;
    }

    private static ReferenceSpecification ReadReference(JsonInspector? reference, string solver)
    {
        if (reference is null)
        {
            return new ReferenceSpecification(solver, 50, "trailing", 256);
        }

        var specification = new ReferenceSpecification(
            ReadSolver(reference, "solver", solver),
            reference.Integer("steps", 50, 1, 10_000),
            reference.Text("spacing", "trailing", StepSpacing.Names),
            reference.Integer("samples", 256, 0, 1_000_000));
        reference.Close();
        return specification;
    }

    private static IReadOnlyList<string> ReadBaselines(JsonInspector root)
    {
        var names = root.Texts("baselines") ?? BaselineNames.Default;
        foreach (var name in names.Except(BaselineNames.All))
        {
            root.Report("baselines", $"names '{name}'; allowed: {string.Join(", ", BaselineNames.All)}.");
        }

        return [.. names.Distinct()];
    }

    private static ExecutionSpecification ReadExecution(JsonInspector? execution)
    {
        var specification = new ExecutionSpecification(
            execution?.Integer("unitEvaluations", 4_096, 1) ?? 4_096,
            execution?.Integer("cellSamples", 512, 1, 100_000) ?? 512,
            execution?.Integer("batchSize", 64, 1, 65_536) ?? 64);
        execution?.Close();
        return specification;
    }

    [GeneratedRegex("^[a-z](-?[a-z0-9]){0,39}$")]
    private static partial Regex NamePattern();
}
