namespace BatchEval.Core.Sampling.Solvers;

/// <summary>SDE-DPM-Solver++ of order 1 or 2 (Lu et al. 2022b, midpoint form), in the data prediction.</summary>
/// <param name="order">1 or 2.</param>
public sealed class SdeDpmSolverPlusPlus(int order) : Solver
{
    /// <inheritdoc/>
    public override string Name => order == 1 ? "sde-dpmpp-1" : $"sde-dpmpp-{order}m";

    /// <inheritdoc/>
    protected override CoefficientTable Build(NoiseLevel[] levels) =>
        new([.. Enumerable.Range(0, levels.Length - 1).Select(k => new SolverRow(k, levels[k], Step(levels, k)))], History: order);

    // x' = (sigma'/sigma) e^-h x + alpha' (1 - e^-2h) (D0 + D1/2) + sigma' sqrt(1 - e^-2h) z
    private LinearCombination Step(NoiseLevel[] levels, int k)
    {
        var (from, to) = (levels[k], levels[k + 1]);
        if (to.IsClean)
        {
            return new LinearCombination { Data = [to.Alpha] };
        }

        var h = to.Lambda - from.Lambda;
        var share = -Exponential.MinusOne(-2 * h);
        var half = order == 1 || k == 0 ? 0 : 0.5 * h / (from.Lambda - levels[k - 1].Lambda);
        return new LinearCombination
        {
            State = to.Sigma / from.Sigma * Math.Exp(-h),
            Data = half == 0 ? [to.Alpha * share] : [to.Alpha * share * (1 + half), -to.Alpha * share * half],
            Noise = to.Sigma * Math.Sqrt(share),
        };
    }
}
