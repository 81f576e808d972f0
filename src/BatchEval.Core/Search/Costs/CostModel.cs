using System.Text.Json.Serialization;
using BatchEval.Core.Sampling;
using BatchEval.Core.Sampling.Solvers;

namespace BatchEval.Core.Search.Costs;

/// <summary>
/// Costs of a network, whole and by block, per sample and call. Savings of several blocks add up: exact for multiply-adds where blocks
/// are not nested, close for milliseconds. Immutable; measured elsewhere.
/// </summary>
/// <param name="Macs">Multiply-adds of the whole network.</param>
/// <param name="Milliseconds">Measured milliseconds of the whole network.</param>
/// <param name="PeakBytes">Most memory in use at once while the whole network runs.</param>
/// <param name="Blocks">One entry per droppable block, in the order of their ids, which start at 0.</param>
public sealed record CostModel(double Macs, double Milliseconds, long PeakBytes, IReadOnlyList<BlockCost> Blocks)
{
    /// <summary>Evaluations that a guided call takes: 2 for classifier-free guidance, 1 where the network takes the scale as an input.</summary>
    public int GuidedEvaluations { get; init; } = 2;

    /// <summary>Multiply-adds of the classifier that guides every call, its gradient included; 0 without one.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public double ClassifierMacs { get; init; }

    /// <summary>Measured milliseconds of the same.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public double ClassifierMilliseconds { get; init; }

    /// <summary>A network of unit cost without blocks: budgets count its calls.</summary>
    public static CostModel CallsOnly { get; } = new(1, 1, 0, []);

    /// <summary>Multiply-adds of one call without the given blocks.</summary>
    /// <param name="drop">Distinct block ids.</param>
    /// <exception cref="ArgumentOutOfRangeException">A block id that does not exist.</exception>
    public double MacsWithout(IReadOnlyList<int> drop) => Less(Macs, drop, b => b.Macs);

    /// <summary>Milliseconds of one call without the given blocks.</summary>
    /// <param name="drop">Distinct block ids.</param>
    /// <exception cref="ArgumentOutOfRangeException">A block id that does not exist.</exception>
    public double MillisecondsWithout(IReadOnlyList<int> drop) => Less(Milliseconds, drop, b => b.Milliseconds);

    /// <summary>The cost of one sample.</summary>
    /// <param name="candidate">The candidate; a run-time skip policy can only make it cheaper than what is returned.</param>
    /// <param name="guided">True where samples are guided: every call of a step with full guidance then takes <see cref="GuidedEvaluations"/> evaluations.</param>
    /// <exception cref="ArgumentOutOfRangeException">A block id that does not exist.</exception>
    public CandidateCost Of(Candidate candidate, bool guided = false)
    {
        var solver = Solver.Parse(candidate.Solver);
        var (macs, milliseconds, total) = (0.0, 0.0, 0);
        for (var k = 0; k < candidate.Steps.Count; k++)
        {
            var (calls, step) = (solver.NetworkCalls(candidate, k), candidate.Steps[k]);
            var evaluations = calls * (guided && step.Guidance == StepGuidance.Full ? GuidedEvaluations : 1);
            macs += (evaluations * MacsWithout(step.Drop)) + (calls * ClassifierMacs);
            milliseconds += (evaluations * MillisecondsWithout(step.Drop)) + (calls * ClassifierMilliseconds);
            total += calls;
        }

        return new CandidateCost(macs, milliseconds, total, PeakBytes);
    }

    private double Less(double whole, IReadOnlyList<int> drop, Func<BlockCost, double> saving)
    {
        foreach (var id in drop)
        {
            whole -= id >= 0 && id < Blocks.Count
                ? saving(Blocks[id])
                : throw new ArgumentOutOfRangeException(nameof(drop), id, $"Block {id} does not exist; the model has {Blocks.Count} blocks.");
        }

        return Math.Max(0, whole);
    }
}

/// <summary>What one droppable block costs per sample and network call; dropping it saves that much.</summary>
/// <param name="Id">Block id, as in <see cref="Sampling.CandidateStep.Drop"/>.</param>
/// <param name="Name">Readable name from the graph.</param>
/// <param name="Milliseconds">Measured milliseconds.</param>
/// <param name="Parameters">Weights that only this block uses.</param>
public sealed record BlockCost(int Id, string Name, double Macs, double Milliseconds, long Parameters);

/// <summary>What sampling one image with a candidate costs.</summary>
/// <param name="Milliseconds">Milliseconds inside the network.</param>
/// <param name="NetworkCalls">Network calls; guidance does not double them.</param>
/// <param name="PeakBytes">Most memory in use at once.</param>
public sealed record CandidateCost(double Macs, double Milliseconds, int NetworkCalls, long PeakBytes);
