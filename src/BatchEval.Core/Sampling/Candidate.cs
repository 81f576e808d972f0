namespace BatchEval.Core.Sampling;

/// <summary>
/// What a search varies: solver, steps (with their dropped blocks, reused outputs and numbers of their own) and skip policy. Immutable and canonical: two
/// candidates that sample alike are equal, and <see cref="Id"/> is the SHA-256 of the canonical JSON.
/// </summary>
public sealed record Candidate
{
    private readonly Lazy<string> id;

    /// <summary>Creates a candidate from steps in any order.</summary>
    /// <param name="solver">Solver name, see <see cref="Solvers.Solver.Parse"/>.</param>
    /// <param name="steps">At least one step; all times distinct.</param>
    /// <param name="skip">Run-time skip policy, or null.</param>
    /// <param name="end">Time at which sampling stops; null to go to no noise at all.</param>
    /// <param name="startScale">Factor on the noise that sampling starts from, above 0.</param>
    /// <exception cref="ArgumentException">No steps, two steps at one time, an end above the last step, a first step that reuses, or numbers that cannot be used.</exception>
    public Candidate(string solver, IEnumerable<CandidateStep> steps, SkipPolicy? skip = null, double? end = null, double startScale = 1)
    {
        Solver = Solvers.Solver.Parse(solver).Name;
        Steps = [.. steps.OrderByDescending(s => s.Time)];
        (Skip, End, StartScale) = (skip, end, startScale);
        Check();
        id = new(() => CandidateJson.Hash(this));
    }

    /// <summary>Canonical solver name.</summary>
    public string Solver { get; }

    /// <summary>Steps, strictly descending in time.</summary>
    public IReadOnlyList<CandidateStep> Steps { get; }

    /// <summary>Run-time skip policy, or null.</summary>
    public SkipPolicy? Skip { get; }

    /// <summary>Time at which sampling stops, or null for no noise.</summary>
    public double? End { get; }

    /// <summary>Factor on the noise that sampling starts from; 1 as a rule.</summary>
    public double StartScale { get; }

    /// <summary>True when some steps are guided in another way than by both evaluations.</summary>
    public bool HasGuidance => Steps.Any(s => s.Guidance != StepGuidance.Full);

    /// <summary>True when the candidate changes numbers of its solver's table.</summary>
    public bool HasNumbers => StartScale != 1 || Steps.Any(s => s.Numbers is not null);

    /// <summary>SHA-256 of the canonical JSON, 64 lower-case hexadecimal digits.</summary>
    public string Id => id.Value;

    /// <summary>The first 12 digits of <see cref="Id"/>, for people.</summary>
    public string ShortId => Id[..12];

    /// <summary>Network calls per sample; a run-time skip policy can only lower it.</summary>
    public int NetworkCalls => Math.Min(Solvers.Solver.Parse(Solver).NetworkCalls(this), Skip?.MaxCalls ?? int.MaxValue);

    /// <summary>Most steps that the skip policy's limit of network calls lets a sample compute; null without a limit.</summary>
    public int? MostComputedSteps => Skip?.MaxCalls / Solvers.Solver.Parse(Solver).CallsPerStep;

    /// <summary>A candidate that runs the whole network at each of the given times.</summary>
    public static Candidate At(string solver, IEnumerable<double> times, double? end = null) =>
        new(solver, times.Select(t => new CandidateStep(t)), end: end);

    /// <summary>The same candidate with other steps or another skip policy.</summary>
    public Candidate With(IEnumerable<CandidateStep> steps, SkipPolicy? skip) => new(Solver, steps, skip, End, StartScale);

    /// <summary>Checks the candidate against a model and reports every violation.</summary>
    /// <param name="blocks">Number of droppable blocks in the model.</param>
    /// <returns>One message per violation; empty when the candidate fits.</returns>
    public IReadOnlyList<string> Violations(NoiseSchedule schedule, int blocks)
    {
        var found = new List<string>();
        var times = Steps.Select(s => ("t", s.Time)).Concat(End is { } e ? [("t", e)] : []);
        foreach (var (name, time) in times.Concat(Steps.Select(s => s.Numbers?.NetworkTime).OfType<double>().Select(t => ("networkTime", t))))
        {
            if (!(time >= schedule.MinTime && time <= schedule.MaxTime))
            {
                found.Add($"{name} = {time} lies outside the model's range [{schedule.MinTime}, {schedule.MaxTime}].");
            }
        }

        foreach (var (step, next) in Steps.Zip(Steps.Skip(1)))
        {
            if (schedule.Nearest(step.Time) == schedule.Nearest(next.Time))
            {
                found.Add($"t = {step.Time} and t = {next.Time} are one time for this network, whose time input holds {(schedule.TimeInput == TimeInput.Whole ? "whole numbers" : "half-precision numbers")}: {schedule.Nearest(step.Time)}.");
            }
        }

        foreach (var block in Steps.SelectMany(s => s.Drop).Distinct().Where(b => b >= blocks).Order())
        {
            found.Add(blocks == 0
                ? $"Block {block} cannot be dropped: the model has no droppable blocks."
                : $"Block {block} does not exist; the model has blocks 0 to {blocks - 1}.");
        }

        return found;
    }

    public bool Equals(Candidate? other) => other is not null && Id == other.Id;

    public override int GetHashCode() => Id.GetHashCode(StringComparison.Ordinal);

    public override string ToString() => $"{Solver}[{string.Join(", ", Steps.Select(s => s.Reuse ? $"({s.Time})" : $"{s.Time}"))}]";

    private void Check()
    {
        if (Steps.Count == 0)
        {
            throw new ArgumentException("A candidate needs at least 1 step.", nameof(Steps));
        }

        for (var i = 1; i < Steps.Count; i++)
        {
            if (!(Steps[i].Time < Steps[i - 1].Time))
            {
                throw new ArgumentException($"Two steps share t = {Steps[i].Time}; times must be distinct.", nameof(Steps));
            }
        }

        if (!(StartScale > 0 && double.IsFinite(StartScale)))
        {
            throw new ArgumentException($"The start scale is {StartScale}; allowed: above 0.", nameof(StartScale));
        }

        for (var i = 0; i < Steps.Count; i++)
        {
            if (Steps[i].Numbers?.Violation(i) is { } violation)
            {
                throw new ArgumentException($"The numbers at t = {Steps[i].Time}: {violation}.", nameof(Steps));
            }
        }

        var firstDifference = Steps.TakeWhile(s => s.Reuse || s.Guidance != StepGuidance.Full).Count();
        if (Steps.Take(firstDifference).FirstOrDefault(s => s.Guidance == StepGuidance.Cached) is { } cached)
        {
            throw new ArgumentException($"The step at t = {cached.Time} takes the difference of an earlier guided step, and there is none.", nameof(Steps));
        }

        if (Steps[0].Reuse)
        {
            throw new ArgumentException("The first step cannot reuse an output: there is none yet.", nameof(Steps));
        }

        if (End is { } end && !(end < Steps[^1].Time))
        {
            throw new ArgumentException($"The end {end} must lie below the last step's t = {Steps[^1].Time}.", nameof(End));
        }

        if (Skip is not null && Steps.Count < 2)
        {
            throw new ArgumentException("A skip policy needs at least 2 steps: a one-step schedule has no call to skip.", nameof(Skip));
        }

        if (MostComputedSteps < Skip?.LeastComputed(Steps.Count))
        {
            throw new ArgumentException(
                $"skip.maxCalls is {Skip!.MaxCalls}, but {Steps.Count} steps with warm-up {Skip.Warmup}, guard {Skip.Guard} and at most {Skip.MaxConsecutive} skips in a row need {Skip.LeastComputed(Steps.Count)} computed steps.",
                nameof(Skip));
        }
    }
}
