namespace BatchEval.Core.Search.Schedules;

/// <summary>
/// The model-free optimum of Xue et al. 2024 ("Accelerating Diffusion Sampling with Optimized Time Steps"): with an exponential
/// integrator of order p, the final state is a sum of the network's outputs with known weights; the knots minimise
/// sum_n |weight_n| * err(lambda_n), err = sigma^q / alpha. No network call is made.
/// </summary>
public static class DmnSchedule
{
    private const int MaxSweeps = 400;
    private const double Tolerance = 1e-7;

    /// <summary>Places n + 1 knots (sigma / alpha), largest first.</summary>
    /// <param name="min">Smallest sigma / alpha.</param>
    /// <param name="max">Largest sigma / alpha.</param>
    /// <param name="steps">n.</param>
    /// <param name="order">Order p of the solver, 1 to 3; grows over the first steps.</param>
    /// <param name="errorPower">q: 1 for pixels, 2 for latents, as in the authors' code.</param>
    /// <param name="variancePreserving">True when alpha = 1 / sqrt(1 + ratio^2), false when alpha = 1.</param>
    public static double[] Create(double min, double max, int steps, int order = 2, int errorPower = 1, bool variancePreserving = true)
    {
        SigmaKnots.CheckRange(min, max, steps);
        if (order is < 1 or > 3)
        {
            throw new ArgumentException($"The order must be 1, 2 or 3, got {order}.", nameof(order));
        }

        double[] lambdas = [.. SigmaKnots.Between(max, min, steps, u => Math.Exp(double.Lerp(Math.Log(max), Math.Log(min), u))).Select(s => -Math.Log(s))];
        double Cost() => Objective(lambdas, order, errorPower, variancePreserving);
        var reach = 0.5;
        for (var (sweep, best) = (0, Cost()); sweep < MaxSweeps && reach > Tolerance; sweep++)
        {
            var before = best;
            for (var i = 1; i < steps; i++)
            {
                best = Improve(lambdas, i, reach, best, Cost);
            }

            reach = best < before * (1 - 1e-10) ? reach : reach / 2;
        }

        double[] knots = [.. lambdas.Select(l => Math.Exp(-l))];
        (knots[0], knots[^1]) = (max, min);
        return knots;
    }

    /// <summary>The bound sum_n |w_n| err(lambda_n) for knots given as ascending lambda = -ln(sigma / alpha).</summary>
    public static double Objective(IReadOnlyList<double> lambdas, int order, int errorPower, bool variancePreserving)
    {
        var weights = Weights(lambdas, order);
        var total = 0.0;
        for (var n = 0; n < weights.Length; n++)
        {
            var ratio = Math.Exp(-lambdas[n]);
            var alpha = variancePreserving ? 1 / Math.Sqrt(1 + (ratio * ratio)) : 1;
            total += Math.Abs(weights[n]) * Math.Pow(ratio * alpha, errorPower) / alpha;
        }

        return total;
    }

    // x_N / sigma_N = x_0 / sigma_0 + sum_k int_{lambda_k}^{lambda_k+1} e^lambda P_k(lambda) d lambda, P_k the Lagrange polynomial
    // through the outputs at knots k, k-1, .. (data prediction); returns the weight of each output
    private static double[] Weights(IReadOnlyList<double> lambdas, int order)
    {
        var weights = new double[lambdas.Count - 1];
        for (var k = 0; k < weights.Length; k++)
        {
            var h = lambdas[k + 1] - lambdas[k];
            // moments m_j = int_0^h e^x x^j dx, scaled by e^lambda_k
            var m0 = Math.Exp(h) - 1;
            var m1 = (h * Math.Exp(h)) - m0;
            var m2 = (h * h * Math.Exp(h)) - (2 * m1);
            var scale = Math.Exp(lambdas[k] - lambdas[^1]);
            switch (Math.Min(order, k + 1))
            {
                case 1:
                    weights[k] += scale * m0;
                    break;
                case 2:
                    var a = lambdas[k - 1] - lambdas[k];
                    weights[k] += scale * (m0 - (m1 / a));
                    weights[k - 1] += scale * m1 / a;
                    break;
                default:
                    var (p, q) = (lambdas[k - 1] - lambdas[k], lambdas[k - 2] - lambdas[k]);
                    weights[k] += scale * (m2 - ((p + q) * m1) + (p * q * m0)) / (p * q);
                    weights[k - 1] += scale * (m2 - (q * m1)) / (p * (p - q));
                    weights[k - 2] += scale * (m2 - (p * m1)) / (q * (q - p));
                    break;
            }
        }

        return weights;
    }

    private static double Improve(double[] lambdas, int i, double reach, double best, Func<double> cost)
    {
        var (current, low, high) = (lambdas[i], lambdas[i - 1], lambdas[i + 1]);
        var kept = current;
        foreach (var candidate in new[] { double.Lerp(current, low, reach), double.Lerp(current, high, reach), double.Lerp(current, low, reach / 3), double.Lerp(current, high, reach / 3) })
        {
            lambdas[i] = candidate;
            var value = candidate > low && candidate < high ? cost() : double.PositiveInfinity;
            if (value < best)
            {
                (best, kept) = (value, candidate);
            }
        }

        lambdas[i] = kept;
        return best;
    }
}
