using BatchEval.Core.Sampling;
using BatchEval.Core.Sampling.Placement;
using BatchEval.Core.Sampling.Solvers;

namespace BatchEval.Cli.Sampling;

/// <summary>Reads candidates as people type them.</summary>
internal static class CandidateText
{
    /// <summary>A candidate from a solver name and steps.</summary>
    /// <param name="steps">A number of steps, or times separated by commas.</param>
    /// <param name="spacing">Spacing that places a number of steps.</param>
    /// <param name="start">Largest time of the spacing, or null for the model's own.</param>
    /// <param name="own">Places a number of steps where no spacing is named, and scales the start noise: the model's own scheduler; null for trailing.</param>
    /// <exception cref="ProblemException">Something cannot be used.</exception>
    public static Candidate FromSteps(string solver, string steps, string? spacing, double? start, NoiseSchedule schedule, Func<int, (SamplingSchedule Schedule, double StartScale)>? own = null)
    {
        var (solverName, rule) = Named(solver);
        var name = Input.Read("--solver", () => Solver.Parse(solverName).Name);
        spacing ??= rule;
        if (int.TryParse(steps, NumberStyles.Integer, CultureInfo.InvariantCulture, out var count))
        {
            if (own is not null && spacing is null && start is null)
            {
                return Input.Read("--steps", () => own(count) is var (placed, scale) ? new Candidate(name, placed.Times.Select(t => new CandidateStep(t)), end: placed.End, startScale: scale) : null!);
            }

            return Input.Read("--steps", () => Candidate.At(name, PlacementRules.Create(spacing ?? "trailing", schedule, count, new PlacementOptions(Start: start)).Times));
        }

        return spacing is null && start is null
            ? Input.Read("--steps", () => Candidate.At(name, Times(steps)))
            : throw new ProblemException("--steps is a list of times, so there is nothing for --spacing and --start-time to place; give a number of steps or leave them out.");
    }

    /// <summary>A candidate from a file or from JSON itself: a candidate, or a schedule.json that holds one.</summary>
    /// <exception cref="ProblemException">There is no such file, or it holds no candidate.</exception>
    public static Candidate FromJson(string text, Shell shell, NoiseSchedule schedule)
    {
        var inline = text.TrimStart().StartsWith('{');
        var path = shell.PathOf(inline ? "." : text);
        if (!inline && !File.Exists(path))
        {
            throw new ProblemException($"The candidate file '{text}' does not exist.");
        }

        var json = inline ? text : Input.Read("--candidate", () => File.ReadAllText(path));
        var inner = Inner(json);
        return Parsed(inner) is JsonObject o && ImportedCandidates.IsImport(o) ? ImportedCandidates.Read(o, schedule) : CandidateJson.Read(inner);
    }

    /// <summary>A candidate from a list of another tool, or from a file that holds one.</summary>
    /// <exception cref="ProblemException">It is no such list.</exception>
    public static Candidate FromList(string solver, string option, string text, bool areTimes, string? ending, NoiseSchedule schedule, Shell shell)
    {
        var name = Input.Read("--solver", () => Solver.Parse(solver).Name);
        var path = shell.PathOf(text);
        return Input.Read(option, () =>
        {
            var found = ImportedSchedule.Parse(File.Exists(path) ? File.ReadAllText(path) : text, areTimes, ending is null ? null : ImportedSchedule.ParseEnding(ending)).On(schedule);
            return Candidate.At(name, found.Times, found.End);
        });
    }

    // "DPM++ 2M Karras" is a solver and a placement rule.
    private static (string Solver, string? Rule) Named(string text) => SolverRegistry.Split(text) is var (solver, rule) ? (solver, rule) : (text, null);

    private static JsonNode? Parsed(string json)
    {
        try
        {
            return JsonNode.Parse(json);
        }
        catch (System.Text.Json.JsonException)
        {
            return null;
        }
    }

    // A schedule.json, as a run hands it over, holds its candidate as a member.
    private static string Inner(string json)
    {
        try
        {
            return JsonNode.Parse(json) is JsonObject o && o["candidate"] is JsonObject inner ? inner.ToJsonString() : json;
        }
        catch (System.Text.Json.JsonException)
        {
            return json;
        }
    }

    private static double[] Times(string list) =>
    [
        .. list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(text =>
            double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var time)
                ? time
                : throw new ArgumentException($"'{text}' is not a time; expected a number of steps such as 10, or times such as 999,749,500,250.")),
    ];
}
