using BatchEval.Cli.Sampling;
using BatchEval.Core.Sampling;
using BatchEval.Core.Sampling.Placement;
using BatchEval.Core.Sampling.Solvers;
using BatchEval.Workflow.Specifications;

namespace BatchEval.Cli.Options;

/// <summary>The options that say which sampler: a candidate, or a solver with steps.</summary>
internal sealed class CandidateOptions
{
    private readonly Option<string?> candidate = new("--candidate") { Description = "Candidate as a JSON file (also a schedule.json or sampler.json) or as JSON itself, in place of --solver and --steps.", HelpName = "json" };
    private readonly Option<string?> solver = new("--solver") { Description = $"Solver: {string.Join(", ", Solver.Names)}; arguments in brackets, as in ddim(eta=0.5). Default: what computes as the scheduler of a diffusers folder.", HelpName = "name" };
    private readonly Option<string?> steps = new("--steps") { Description = "Number of steps, or times as in 999,749,500,250 (one time: 999,). Default: the steps of a diffusers pipeline.", HelpName = "n | list" };
    private readonly Option<string?> spacing = new("--spacing") { Description = $"How a number of steps is placed: {string.Join(", ", PlacementRules.Names)}. Default: as the scheduler of a diffusers folder, trailing for packages.", HelpName = "name" };
    private readonly Option<double?> startTime = new("--start-time") { Description = "Largest time of the spacing (a trimmed grid). Default: the model's largest.", HelpName = "t" };
    private readonly Option<double?> endTime = new("--end-time") { Description = "Time at which sampling stops; the noise of that level is left. Default: no noise, or as the scheduler of a diffusers folder.", HelpName = "t" };
    private readonly Option<string?> sigmas = new("--sigmas") { Description = "Sigmas of another tool (u for flow models) in place of --steps, as in \"14.6, 3.4, 0.9, 0\", or a file that holds them.", HelpName = "list | file" };
    private readonly Option<string?> timesteps = new("--timesteps") { Description = "Times of another tool, or a file that holds them; a 0 level follows the last call.", HelpName = "list | file" };
    private readonly Option<string?> ending = new("--ending") { Description = $"What a list that does not end in 0 means: {string.Join(", ", ImportedSchedule.EndingNames)}. Default: recognised, or asked for.", HelpName = "name" };

    private readonly Option<string?> preset = new("--preset") { Description = $"The sampler and guidance that a paper ran (docs/published.md): {string.Join(", ", PublishedSettings.All.Where(s => s.Candidate is not null).Select(s => s.Name))}.", HelpName = "name" };

    public IEnumerable<Option> All => [preset, candidate, solver, steps, spacing, startTime, endTime, sigmas, timesteps, ending];

    public void AddTo(Command command)
    {
        foreach (var option in All)
        {
            command.Add(option);
        }
    }

    /// <summary>Guidance scale of the preset asked for; null for none.</summary>
    public double? Guidance(ParseResult parsed) => parsed.GetValue(preset) is { } name ? PublishedSettings.Find(name).Guidance : null;

    /// <summary>The candidate asked for.</summary>
    /// <exception cref="ProblemException">The options name none, or more than one.</exception>
    public Candidate Read(ParseResult parsed, ModelManifest manifest, Shell shell)
    {
        var (given, name, list) = (parsed.GetValue(candidate), parsed.GetValue(solver), parsed.GetValue(steps));
        if (parsed.GetValue(preset) is { } published)
        {
            return All.Where(o => o != preset).All(o => parsed.GetResult(o) is null)
                ? PublishedSettings.Find(published).Candidate ?? throw new ProblemException($"The preset '{published}' searches a sampler; it is for 'batcheval run'.")
                : throw new ProblemException("--preset says which sampler, so the other options for it have no place beside it.");
        }

        if (parsed.GetValue(ending) is not null && parsed.GetValue(sigmas) is null && parsed.GetValue(timesteps) is null)
        {
            throw new ProblemException("--ending says what the end of --sigmas or --timesteps means; there is no such list.");
        }

        if (given is not null)
        {
            return name is null && list is null && parsed.GetValue(sigmas) is null && parsed.GetValue(timesteps) is null && parsed.GetValue(spacing) is null && parsed.GetValue(startTime) is null && parsed.GetValue(endTime) is null
                ? CandidateText.FromJson(given, shell, manifest.Schedule)
                : throw new ProblemException("--candidate says solver and steps, so --solver, --steps, --spacing, --start-time and --end-time have no place beside it.");
        }

        if ((parsed.GetValue(sigmas) ?? parsed.GetValue(timesteps)) is { } imported)
        {
            if (parsed.GetValue(spacing) is not null || parsed.GetValue(startTime) is not null || parsed.GetValue(endTime) is not null)
            {
                throw new ProblemException("A list of another tool says all levels, so --spacing, --start-time and --end-time have no place beside it; --ending says what its end means.");
            }

            return name is not null && list is null && parsed.GetValue(sigmas) is null != parsed.GetValue(timesteps) is null
                ? CandidateText.FromList(name, parsed.GetValue(sigmas) is null ? "--timesteps" : "--sigmas", imported, parsed.GetValue(sigmas) is null, parsed.GetValue(ending), manifest.Schedule, shell)
                : throw new ProblemException("A list of another tool needs --solver, and stands alone: one of --steps, --sigmas and --timesteps.");
        }

        var defaults = manifest.Defaults;
        name ??= defaults.Scheduler?.Solver;
        list ??= defaults.Steps?.ToString(CultureInfo.InvariantCulture);
        if (name is null || list is null)
        {
            throw new ProblemException("Which sampler? Give --candidate, or --solver with --steps, --sigmas or --timesteps.");
        }

        // The scheduler's start is part of its solver.
        var placed = CandidateText.FromSteps(
            name, list, parsed.GetValue(spacing), parsed.GetValue(startTime), manifest.Schedule,
            defaults.Scheduler is { } own ? n => manifest.OwnGrid(n)!.Value is var (grid, scale) ? (grid, name == own.Solver ? scale : 1) : default : null);
        return parsed.GetValue(endTime) is { } end ? Input.Read("--end-time", () => new Candidate(placed.Solver, placed.Steps, placed.Skip, end, placed.StartScale)) : placed;
    }
}
