namespace BatchEval.Core.Sampling.Solvers;

/// <summary>Euler on the probability-flow ODE in x / alpha against sigma / alpha (Karras et al. 2022, algorithm 1 without the correction).</summary>
public sealed class EulerSolver : Solver
{
    /// <inheritdoc/>
    public override string Name => "euler";

    /// <summary>x' = (r'/r) x + (1 - r'/r) D in units of x / alpha, written for the model's own state.</summary>
    internal static LinearCombination Step(NoiseLevel from, NoiseLevel to, double targetRatio)
    {
        var shrink = targetRatio / from.Ratio;
        return new LinearCombination { State = to.Alpha / from.Alpha * shrink, Data = [to.Alpha * (1 - shrink)] };
    }

    /// <inheritdoc/>
    protected override CoefficientTable Build(NoiseLevel[] levels) =>
        new([.. Enumerable.Range(0, levels.Length - 1).Select(k => new SolverRow(k, levels[k], Step(levels[k], levels[k + 1], levels[k + 1].Ratio)))], History: 1);
}
