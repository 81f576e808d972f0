namespace BatchEval.Core.Sampling.Solvers;

/// <summary>A sampler: turns a descending list of noise levels into a <see cref="CoefficientTable"/>.</summary>
public abstract class Solver
{
    /// <summary>Canonical name: arguments sorted, defaults left out.</summary>
    public abstract string Name { get; }

    /// <summary>Order with which errors fall as steps become smaller, in expectation for stochastic solvers; at least 1.</summary>
    public virtual int Order => 1;

    /// <summary>Network calls of one computed step.</summary>
    public virtual int CallsPerStep => 1;

    /// <summary>Names that <see cref="Parse"/> knows, without arguments.</summary>
    public static IReadOnlyCollection<string> Names => [.. SolverRegistry.All.Select(d => d.Name)];

    /// <summary>Makes a solver known by its name, so that candidates can use it.</summary>
    /// <exception cref="ArgumentException">The name is taken.</exception>
    public static void Register(SolverDefinition definition) => SolverRegistry.Add(definition);

    /// <summary>Reads a solver name such as <c>dpmpp-2m</c>, <c>ddim(eta=0.5)</c> or <c>unipc(order=3)</c>.</summary>
    /// <exception cref="ArgumentException">Unknown solver or argument, or a value out of range; the message says what is allowed.</exception>
    public static Solver Parse(string text)
    {
        var open = text.IndexOf('(', StringComparison.Ordinal);
        var name = (open < 0 ? text : text[..open]).Trim();
        if (open < 0 && SolverRegistry.Variant(name) is { } variant)
        {
            return Parse(variant);
        }

        var definition = SolverRegistry.Find(name)
            ?? throw new ArgumentException($"Unknown solver '{name}'. Known: {string.Join(", ", Names)}.{SolverRegistry.Suggest(name)}", nameof(text));
        return definition.Create(new SolverArguments(text, definition.Parameters));
    }

    /// <summary>Writes the solver out for a list of noise levels.</summary>
    /// <param name="levels">At least one level, strictly descending in noise, none of them clean.</param>
    /// <param name="end">Where to stop; <see cref="NoiseLevel.Clean"/> as a rule.</param>
    /// <param name="schedule">The noise process, for solvers that call the network between levels.</param>
    /// <exception cref="ArgumentException">The levels are empty or not descending.</exception>
    public CoefficientTable Table(IReadOnlyList<NoiseLevel> levels, NoiseLevel end, NoiseSchedule schedule)
    {
        if (levels.Count == 0)
        {
            throw new ArgumentException("A solver needs at least 1 noise level.", nameof(levels));
        }

        NoiseLevel[] all = [.. levels, end];
        for (var i = 1; i < all.Length; i++)
        {
            if (!(all[i].Ratio < all[i - 1].Ratio))
            {
                throw new ArgumentException($"Noise levels must descend strictly; sigma/alpha = {all[i].Ratio} follows {all[i - 1].Ratio}.", nameof(levels));
            }
        }

        return Build(all, schedule);
    }

    /// <summary>The table of a candidate on a model.</summary>
    public static CoefficientTable Table(Candidate candidate, NoiseSchedule schedule)
    {
        var end = candidate.End is { } time ? schedule.At(time) : NoiseLevel.Clean;
        var table = Parse(candidate.Solver).Table([.. candidate.Steps.Select(s => schedule.At(schedule.Nearest(s.Time)))], end, schedule);
        return NumberedTable.Apply(table, candidate, schedule);
    }

    /// <summary>Network calls per sample that a candidate costs with this solver, run-time skips not counted.</summary>
    public int NetworkCalls(Candidate candidate) => Enumerable.Range(0, candidate.Steps.Count).Sum(step => NetworkCalls(candidate, step));

    /// <summary>The same of one step; a last step to no noise is a single call.</summary>
    public virtual int NetworkCalls(Candidate candidate, int step) =>
        candidate.Steps[step].Reuse ? 0 : candidate.End is null && step == candidate.Steps.Count - 1 ? 1 : CallsPerStep;

    /// <summary>The scheduler class of diffusers that computes the same as this solver on a list of levels; null where there is none.</summary>
    public virtual DiffusersScheduler? DiffusersOn(NoiseProcess process) => null;

    /// <summary>
    /// The sampler of k-diffusion that computes the same as this solver; ComfyUI has it under the same name, for flow models (which k-diffusion
    /// does not know) too. Null where there is none.
    /// </summary>
    public virtual KSampler? KSamplerOn(NoiseProcess process) => null;

    /// <summary>Why the samplers of other tools that compute the same elsewhere compute something else on a list of levels, as in "heun: ..."; null where they do not.</summary>
    public virtual string? DepartsOn(IReadOnlyList<NoiseLevel> levels, NoiseProcess process) => null;

    /// <summary>Builds the table.</summary>
    /// <param name="levels">The levels and the end, known to descend.</param>
    /// <param name="schedule">The noise process, for solvers that call the network between levels.</param>
    protected abstract CoefficientTable Build(NoiseLevel[] levels, NoiseSchedule schedule);

    /// <summary>A table with one row per step.</summary>
    /// <param name="step">The next state after the step from level k to level k + 1.</param>
    /// <param name="history">Data predictions that are kept.</param>
    /// <param name="remembered">What is kept in place of the data prediction at a level, or null.</param>
    protected static CoefficientTable RowPerStep(
        NoiseLevel[] levels, Func<int, LinearCombination> step, int history = 1, Func<NoiseLevel, LinearCombination>? remembered = null) =>
        new([.. Enumerable.Range(0, levels.Length - 1).Select(k => new SolverRow(k, levels[k], step(k)) { Remembered = remembered?.Invoke(levels[k]) })], history);
}
