namespace BatchEval.Core.Sampling;

/// <summary>One step of a candidate: where on the noise axis, which blocks are left out, and whether the network is called at all.</summary>
public sealed class CandidateStep
{
    /// <param name="time">The model's own time.</param>
    /// <param name="drop">Ids of blocks not executed; order and repetition do not matter.</param>
    /// <param name="reuse">True to take the last network output instead of a call.</param>
    /// <param name="numbers">What the step changes in the solver's table; null, or numbers that change nothing, for none.</param>
    /// <exception cref="ArgumentException">A time that is not finite, a negative block id, or dropped blocks or guidance of its own on a reused step.</exception>
    public CandidateStep(double time, IEnumerable<int>? drop = null, bool reuse = false, StepNumbers? numbers = null, StepGuidance guidance = StepGuidance.Full)
    {
        if (!double.IsFinite(time))
        {
            throw new ArgumentException($"A step's time must be a finite number, got {time}.", nameof(time));
        }

        Time = time;
        Drop = [.. new SortedSet<int>(drop ?? [])];
        Reuse = reuse;
        Guidance = guidance;
        Numbers = numbers is null || numbers.IsNeutralAt(time) ? null : numbers.At(time);
        if (Drop.Count > 0 && Drop[0] < 0)
        {
            throw new ArgumentException($"Block ids start at 0, got {Drop[0]} at t = {time}.", nameof(drop));
        }

        if (reuse && guidance != StepGuidance.Full)
        {
            throw new ArgumentException($"The step at t = {time} reuses the last output, so it has no guidance of its own.", nameof(guidance));
        }

        if (reuse && Drop.Count > 0)
        {
            throw new ArgumentException($"The step at t = {time} reuses the last output, so it cannot also drop blocks.", nameof(drop));
        }
    }

    /// <summary>The model's own time (training index, or sigma).</summary>
    public double Time { get; }

    /// <summary>Ids of blocks not executed at this step, ascending and distinct.</summary>
    public IReadOnlyList<int> Drop { get; }

    /// <summary>True when the last network output is used instead of a call.</summary>
    public bool Reuse { get; }

    public StepGuidance Guidance { get; }

    /// <summary>What the step changes in the solver's table, or null.</summary>
    public StepNumbers? Numbers { get; }
}
