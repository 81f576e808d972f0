using BatchEval.Core.Sampling;
using BatchEval.Core.Search.Costs;

namespace BatchEval.Core.Search;

/// <summary>What one sample may cost; null means no limit.</summary>
/// <param name="Milliseconds">Milliseconds inside the network.</param>
/// <param name="PeakBytes">Most memory in use at once.</param>
public sealed record BudgetLimits(int? NetworkCalls = null, double? Macs = null, double? Milliseconds = null, long? PeakBytes = null);

/// <summary>Limits together with the costs they are measured by. Pure: the same candidate always gets the same answer.</summary>
public sealed class Budget
{
    // Limits given as shares of a sampler are met by that sampler in spite of rounding.
    private const double Slack = 1 + 1e-9;
    private readonly bool guided;

    /// <param name="costs">What the network and its blocks cost.</param>
    /// <param name="limits">At least one limit, all of them positive.</param>
    /// <param name="guided">True where every call evaluates the network twice.</param>
    /// <exception cref="ArgumentException">No limit, a limit that is not positive, or less memory than the network needs.</exception>
    public Budget(CostModel costs, BudgetLimits limits, bool guided = false)
    {
        double?[] given = [limits.NetworkCalls, limits.Macs, limits.Milliseconds, limits.PeakBytes];
        if (given.All(g => g is null) || given.Any(g => g is { } value && !(value > 0)))
        {
            throw new ArgumentException("A budget needs at least one limit, and every limit must be above 0.", nameof(limits));
        }

        if (limits.PeakBytes < costs.PeakBytes)
        {
            throw new ArgumentException($"The budget allows {limits.PeakBytes} bytes of memory, but the network needs {costs.PeakBytes} for one call.", nameof(limits));
        }

        (Costs, Limits, this.guided) = (costs, limits, guided);
    }

    /// <summary>What the network and its blocks cost.</summary>
    public CostModel Costs { get; }

    public BudgetLimits Limits { get; }

    public CandidateCost CostOf(Candidate candidate) => Costs.Of(candidate, guided);

    /// <summary>Share of the budget that a candidate uses: that of its tightest limit; above 1 means outside.</summary>
    public double Use(Candidate candidate)
    {
        var cost = CostOf(candidate);
        return Math.Max(
            Math.Max(cost.NetworkCalls / (double)(Limits.NetworkCalls ?? int.MaxValue), cost.Macs / (Limits.Macs ?? double.MaxValue)),
            cost.Milliseconds / (Limits.Milliseconds ?? double.MaxValue));
    }

    /// <summary>True when a candidate is inside every limit.</summary>
    public bool Allows(Candidate candidate) => Use(candidate) <= Slack;

    /// <summary>True when a candidate makes more calls than allowed, so that dropping blocks cannot bring it inside.</summary>
    public bool NeedsFewerCalls(Candidate candidate) => CostOf(candidate).NetworkCalls > Limits.NetworkCalls;

    /// <summary>Most steps of the whole network that fit.</summary>
    public int WholeSteps(string solver, NoiseSchedule schedule)
    {
        // One more than the model has, so that a budget beyond it shows.
        var (most, steps) = ((schedule.TrainSteps ?? 9_999) + 1, 0);
        while (steps < most && Allows(Candidate.At(solver, Enumerable.Range(0, steps + 1).Select(i => schedule.MinTime + i))))
        {
            steps++;
        }

        return steps;
    }
}
