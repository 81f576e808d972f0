using System.Numerics;
using BatchEval.Core.Sampling.Solvers;

namespace BatchEval.Core.Sampling.Skipping;

/// <summary>
/// Which rows of a candidate one sample computes, and what it uses where it does not: <c>reuse</c> steps and run-time policy in one.
/// Decisions are made once per step: the two evaluations of a Heun step run or rest together, and only the state after the step is observed.
/// Call for each row in order: <see cref="NeedsCall"/>, then <see cref="Take"/> if it did, then <see cref="Output"/>, then <see cref="Observe"/>.
/// </summary>
/// <typeparam name="T">Element type of states and outputs.</typeparam>
public sealed class StepOutputs<T>
    where T : unmanaged, INumberBase<T>
{
    private readonly Candidate candidate;
    private readonly CoefficientTable table;
    private readonly SkipDecider<T>? decider;
    private readonly OutputCache<T> cache;
    private readonly bool[] executed;
    private int decidedStep = -1;
    private bool runs;

    public StepOutputs(Candidate candidate, CoefficientTable table, ReadOnlySpan<T> start)
    {
        (this.candidate, this.table) = (candidate, table);
        executed = new bool[table.Rows.Count];
        cache = new OutputCache<T>(candidate.Skip?.Order ?? 0);
        decider = candidate.Skip is { } policy ? new SkipDecider<T>(policy, candidate.Steps.Count, start, candidate.MostComputedSteps) : null;
    }

    /// <summary>Which rows called the network.</summary>
    public IReadOnlyList<bool> Executed => executed;

    /// <summary>Whether a row calls the network. Asking again gives the same answer.</summary>
    public bool NeedsCall(int row)
    {
        var step = table.Rows[row].Step;
        if (step != decidedStep)
        {
            var planned = !candidate.Steps[step].Reuse;
            (decidedStep, runs) = (step, decider?.Decide(planned) ?? planned);
        }

        return runs;
    }

    /// <summary>Takes in what the network returned at a row. The array is kept and must not change.</summary>
    public void Take(int row, T[] output)
    {
        executed[row] = true;
        if (decider is { WantsMisses: true } && !cache.IsEmpty && (row == 0 || table.Rows[row - 1].Step != table.Rows[row].Step))
        {
            decider.ObserveMiss(cache.Miss(table.Rows[row].Level.Lambda, output));
        }

        cache.Add(table.Rows[row].Level.Lambda, output);
    }

    /// <summary>The output that a row works with: the network's, or what the cache gives.</summary>
    public T[] Output(int row) => cache.At(table.Rows[row].Level.Lambda);

    /// <summary>Takes in the state after a row.</summary>
    public void Observe(int row, ReadOnlySpan<T> state)
    {
        if (decider is not null && (row + 1 == table.Rows.Count || table.Rows[row + 1].Step != table.Rows[row].Step))
        {
            decider.Observe(state);
        }
    }
}
