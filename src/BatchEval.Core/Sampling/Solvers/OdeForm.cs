namespace BatchEval.Core.Sampling.Solvers;

/// <summary>
/// The probability-flow ODE in the variable in which its right side is the network's own quantity: dx/du = v for flow models, and
/// d(x / alpha)/d(sigma / alpha) = eps for all others. Solvers on it remember the right side d in place of the data prediction.
/// </summary>
internal sealed class OdeForm(NoiseProcess process)
{
    private readonly bool flow = process == NoiseProcess.Flow;

    /// <summary>u, or sigma / alpha.</summary>
    public double At(NoiseLevel level) => flow ? level.Sigma : level.Ratio;

    /// <summary>d = (x - D) / u, or eps = (x - alpha D) / sigma, for <see cref="SolverRow.Remembered"/>.</summary>
    public LinearCombination Slope(NoiseLevel level) => flow ? new() { State = 1 / level.Sigma, Data = [-1 / level.Sigma] } : SolverRow.NoisePrediction(level);

    /// <summary>x' = x + sum_j w_j d_j in the form's variables, from one level to another.</summary>
    /// <param name="from">Where x is.</param>
    /// <param name="to">Where x' is.</param>
    /// <param name="weights">Weights of the remembered slopes, the newest first; they sum to the length of the step.</param>
    /// <exception cref="ArgumentException">There is no signal at <paramref name="from"/>, so that eps says nothing about x.</exception>
    public LinearCombination Step(NoiseLevel from, NoiseLevel to, params double[] weights) =>
        flow ? new() { State = 1, Data = weights }
        : from.IsPureNoise ? throw new ArgumentException($"No signal is left at t = {from.Time}, where a solver in the noise prediction cannot start; start lower, or use one in the data prediction such as ddim or dpmpp-2m.")
        : new() { State = to.Alpha / from.Alpha, Data = Array.ConvertAll(weights, w => to.Alpha * w) };
}
