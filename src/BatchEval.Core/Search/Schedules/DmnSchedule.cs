namespace BatchEval.Core.Search.Schedules;

/// <summary>
/// The model-free optimum of Xue et al. 2024 ("Accelerating Diffusion Sampling with Optimized Time Steps"): with an exponential
/// integrator of order p, the final state is a sum of the network's outputs with known weights; the knots minimise a bound of what errors
/// err(lambda_n) = sigma^q / alpha of the outputs do to it. No network call is made. The bound is that of the authors' <c>step_optim.py</c>: errors
/// of one output add up over the steps that use it before their size is taken, sum_n |sum_k w_nk| err_n, except in the first and the last
/// step and, for few steps, in the first three, where each step's own sqrt(sum_n (w_nk err_n)^2) is added.
/// </summary>
public static class DmnSchedule
{
    private const int MaxSweeps = 400;
    private const double Tolerance = 1e-7;
    private const int FewSteps = 7;

    /// <summary>Highest order that the bound is written out for.</summary>
    public const int MaxOrder = 3;

    /// <summary>Places n + 1 knots (sigma / alpha), largest first.</summary>
    /// <param name="min">Smallest sigma / alpha.</param>
    /// <param name="max">Largest sigma / alpha.</param>
    /// <param name="steps">n.</param>
    /// <param name="order">Order p of the solver, 1 to 3; grows over the first steps and falls to 1 over the last, as in the authors' code.</param>
    /// <param name="errorPower">q: 1 for pixels, 2 for latents, as in the authors' code.</param>
    /// <param name="variancePreserving">True when alpha = 1 / sqrt(1 + ratio^2), false when alpha = 1.</param>
    public static double[] Create(double min, double max, int steps, int order = 2, int errorPower = 1, bool variancePreserving = true)
    {
        SigmaKnots.CheckRange(min, max, steps);
        if (order is < 1 or > MaxOrder)
        {
            throw new ArgumentException($"The order must be 1 to {MaxOrder}, got {order}.", nameof(order));
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

    /// <summary>Steps at the beginning that the authors count one by one: 3 for up to 7 network calls, none for more.</summary>
    public static int Separated(int steps) => steps <= FewSteps ? 3 : 0;

    /// <summary>The bound for knots given as ascending lambda = -ln(sigma / alpha), in units of the final sigma.</summary>
    /// <param name="lambdas">n + 1 knots.</param>
    /// <param name="order">p.</param>
    /// <param name="errorPower">q.</param>
    /// <param name="variancePreserving">As for <see cref="Create"/>.</param>
    /// <param name="separated">Steps at the beginning that are counted one by one; null for <see cref="Separated"/>.</param>
    public static double Objective(IReadOnlyList<double> lambdas, int order, int errorPower, bool variancePreserving, int? separated = null)
    {
        var steps = lambdas.Count - 1;
        var apart = separated ?? Separated(steps);
        var (total, sums) = (0.0, new double[steps]);
        Span<double> weights = stackalloc double[MaxOrder];
        for (var k = 0; k < steps; k++)
        {
            var used = Math.Min(order, Math.Min(k + 1, steps - k));
            Weights(lambdas, k, used, weights);
            var squares = 0.0;
            for (var m = 0; m < used; m++)
            {
                var error = weights[m] * Error(lambdas[k - m], errorPower, variancePreserving);
                squares += error * error;
                sums[k - m] += k == 0 || k == steps - 1 || k < apart ? 0 : error;
            }

            total += k == 0 || k == steps - 1 || k < apart ? Math.Sqrt(squares) : 0;
        }

        return total + sums.Sum(Math.Abs);
    }

    private static double Error(double lambda, int power, bool variancePreserving)
    {
        var ratio = Math.Exp(-lambda);
        var alpha = variancePreserving ? 1 / Math.Sqrt(1 + (ratio * ratio)) : 1;
        return Math.Pow(ratio * alpha, power) / alpha;
    }

    // x_N / sigma_N = x_0 / sigma_0 + sum_k int_{lambda_k}^{lambda_k+1} e^lambda P_k(lambda) d lambda, P_k the Lagrange polynomial
    // through the outputs at knots k, k-1, .. (data prediction); gives the weights of these outputs in step k
    private static void Weights(IReadOnlyList<double> lambdas, int k, int order, Span<double> weights)
    {
        var h = lambdas[k + 1] - lambdas[k];
        // moments m_j = int_0^h e^x x^j dx, scaled by e^lambda_k
        var m0 = Math.Exp(h) - 1;
        var m1 = (h * Math.Exp(h)) - m0;
        var m2 = (h * h * Math.Exp(h)) - (2 * m1);
        var scale = Math.Exp(lambdas[k] - lambdas[^1]);
        switch (order)
        {
            case 1:
                weights[0] = scale * m0;
                break;
            case 2:
                var a = lambdas[k - 1] - lambdas[k];
                weights[0] = scale * (m0 - (m1 / a));
                weights[1] = scale * m1 / a;
                break;
            default:
                var (p, q) = (lambdas[k - 1] - lambdas[k], lambdas[k - 2] - lambdas[k]);
                weights[0] = scale * (m2 - ((p + q) * m1) + (p * q * m0)) / (p * q);
                weights[1] = scale * (m2 - (q * m1)) / (p * (p - q));
                weights[2] = scale * (m2 - (p * m1)) / (q * (q - p));
                break;
        }
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
