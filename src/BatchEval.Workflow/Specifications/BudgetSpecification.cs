using BatchEval.Core.Sampling;
using BatchEval.Core.Search;
using BatchEval.Core.Search.Costs;

namespace BatchEval.Workflow.Specifications;

/// <summary>What a candidate may cost per sample: any combination of limits, at least one.</summary>
/// <param name="NetworkCalls">Network calls.</param>
/// <param name="Macs">Multiply-adds.</param>
/// <param name="Milliseconds">Milliseconds inside the network, as measured when the run begins.</param>
/// <param name="PeakMegabytes">Most memory in use at once, in units of 10^6 bytes.</param>
public sealed record BudgetSpecification(int? NetworkCalls, CostLimit? Macs = null, CostLimit? Milliseconds = null, double? PeakMegabytes = null)
{
    /// <summary>True when the model's costs matter, and not only the number of its calls.</summary>
    public bool NeedsCosts => Macs is not null || Milliseconds is not null || PeakMegabytes is not null;

    /// <summary>About how many network calls a candidate makes, for forecasts.</summary>
    public int ExpectedCalls => NetworkCalls ?? (int)Math.Ceiling(new[] { Macs, Milliseconds }.Min(l => l?.OfSteps * l?.Value) ?? 10);

    /// <summary>Turns the limits into numbers.</summary>
    /// <param name="costs">What the model costs.</param>
    /// <param name="solver">The run's solver, for limits relative to a uniform sampler.</param>
    /// <param name="schedule">The model's noise schedule.</param>
    /// <param name="guided">True where every call evaluates the network twice.</param>
    /// <exception cref="ArgumentException">A limit that nothing can meet.</exception>
    public Budget Resolve(CostModel costs, string solver, NoiseSchedule schedule, bool guided)
    {
        ArgumentNullException.ThrowIfNull(costs);
        var limits = new BudgetLimits(
            NetworkCalls,
            Value(Macs, c => c.Macs),
            Value(Milliseconds, c => c.Milliseconds) is { } milliseconds && (milliseconds > 0 || costs.Milliseconds > 0) ? milliseconds : null,
            PeakMegabytes is { } megabytes ? (long)(megabytes * 1e6) : null);
        // Before milliseconds are measured, a limit of a share of them limits nothing.
        return new Budget(costs, limits == new BudgetLimits() ? new BudgetLimits(int.MaxValue) : limits, guided);

        double? Value(CostLimit? limit, Func<CandidateCost, double> cost) => limit is { OfSteps: { } steps }
            ? limit.Value * cost(costs.Of(Candidate.At(solver, StepSpacing.Create("trailing", schedule, steps)), guided))
            : limit?.Value;
    }
}

/// <summary>A limit as a number, or as a share of what the uniform sampler of some steps costs.</summary>
/// <param name="Value">The limit, or the share.</param>
/// <param name="OfSteps">Steps of the uniform sampler; null for an absolute limit.</param>
public sealed record CostLimit(double Value, int? OfSteps = null);
