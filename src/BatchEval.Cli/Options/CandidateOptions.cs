using System.CommandLine;
using BatchEval.Cli.Sampling;
using BatchEval.Cli.Terminal;
using BatchEval.Core.Json;
using BatchEval.Core.Sampling;
using BatchEval.Core.Sampling.Placement;
using BatchEval.Core.Sampling.Solvers;

namespace BatchEval.Cli.Options;

/// <summary>The options that say which sampler: a candidate, or a solver with steps.</summary>
internal sealed class CandidateOptions
{
    private readonly Option<string?> candidate = new("--candidate") { Description = "Candidate as a JSON file (also a schedule.json or sampler.json) or as JSON itself, in place of --solver and --steps.", HelpName = "json" };
    private readonly Option<string?> solver = new("--solver") { Description = $"Solver: {string.Join(", ", Solver.Names)}; arguments in brackets, as in ddim(eta=0.5).", HelpName = "name" };
    private readonly Option<string?> steps = new("--steps") { Description = "Number of steps, or times as in 999,749,500,250 (one time: 999,).", HelpName = "n | list" };
    private readonly Option<string?> spacing = new("--spacing") { Description = $"How a number of steps is placed: {string.Join(", ", PlacementRules.Names)}. Default: trailing.", HelpName = "name" };
    private readonly Option<double?> startTime = new("--start-time") { Description = "Largest time of the spacing (a trimmed grid). Default: the model's largest.", HelpName = "t" };

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { candidate, solver, steps, spacing, startTime })
        {
            command.Add(option);
        }
    }

    /// <summary>The candidate asked for.</summary>
    /// <exception cref="ProblemException">The options name none, or more than one.</exception>
    public Candidate Read(ParseResult parsed, NoiseSchedule schedule, Shell shell)
    {
        var (given, name, list) = (parsed.GetValue(candidate), parsed.GetValue(solver), parsed.GetValue(steps));
        if (given is not null)
        {
            return name is null && list is null && parsed.GetValue(spacing) is null && parsed.GetValue(startTime) is null
                ? CandidateText.FromJson(given, shell)
                : throw new ProblemException("--candidate says solver and steps, so --solver, --steps, --spacing and --start-time have no place beside it.");
        }

        return name is not null && list is not null
            ? CandidateText.FromSteps(name, list, parsed.GetValue(spacing), parsed.GetValue(startTime), schedule)
            : throw new ProblemException("Which sampler? Give --candidate, or --solver and --steps.");
    }
}
