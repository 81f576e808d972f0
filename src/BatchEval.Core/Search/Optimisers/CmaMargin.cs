using MathNet.Numerics.Distributions;

namespace BatchEval.Core.Search.Optimisers;

/// <summary>
/// The margin of CMA-ES for variables on a grid (Hamano, Saito, Nomura, Shirakawa 2022, algorithm 1): the chance that a coordinate of the next point
/// leaves the grid value of the centre stays at least 1 / (n lambda), so that a small step size cannot freeze it.
/// </summary>
internal static class CmaMargin
{
    public static OptimiserState Apply(OptimiserState state, IReadOnlyList<Variable> variables, int lambda)
    {
        var cma = state.Cma!;
        if (variables.All(v => v.Grid == 0))
        {
            return state;
        }

        var n = variables.Count;
        var alpha = 1.0 / (n * lambda);
        double[] mean = [.. state.Mean], margins = [.. cma.Margins];
        for (var j = 0; j < n; j++)
        {
            if (variables[j] is { Grid: > 0 } v)
            {
                Correct(v, state.Step * Math.Sqrt(cma.Covariance[j * (n + 1)]), alpha, ref mean[j], ref margins[j]);
            }
        }

        return state with { Mean = mean, Cma = cma with { Margins = margins } };
    }

    // deviation is sigma sqrt(C_jj), without A_j
    private static void Correct(Variable variable, double deviation, double alpha, ref double mean, ref double margin)
    {
        var centre = variable.Clamp(variable.Offset + (variable.Grid * Math.Round((mean - variable.Offset) / variable.Grid)));
        var (low, high) = (centre - (variable.Grid / 2), centre + (variable.Grid / 2));
        var (first, last) = (low < variable.Low, high > variable.High);
        if (first && last)
        {
            return;
        }

        if (first || last)
        {
            // At the end of the grid there is one threshold only: the centre moves to where the chance of crossing it is alpha.
            var (threshold, sign) = first ? (high, -1) : (low, 1);
            var away = Math.Max(0, sign * (mean - threshold));
            var furthest = deviation * margin * Normal.InvCDF(0, 1, 1 - alpha);
            mean = threshold + (sign * Math.Min(away, furthest));
            return;
        }

        var spread = deviation * margin;
        var below = Math.Max(alpha / 2, Normal.CDF(0, 1, (low - mean) / spread));
        var above = Math.Max(alpha / 2, Normal.CDF(0, 1, (mean - high) / spread));
        var middle = Math.Max(0, Normal.CDF(0, 1, (high - mean) / spread) - Normal.CDF(0, 1, (low - mean) / spread));
        var excess = (1 - below - above - middle) / (below + above + middle - (1.5 * alpha));
        var (p, q) = (below + (excess * (below - (alpha / 2))), above + (excess * (above - (alpha / 2))));
        if (p >= 0.5 || q >= 0.5)
        {
            return;
        }

        var (x, y) = (Normal.InvCDF(0, 1, 1 - p), Normal.InvCDF(0, 1, 1 - q));
        margin = (high - low) / (deviation * (x + y));
        mean = ((low * y) + (high * x)) / (x + y);
    }
}
