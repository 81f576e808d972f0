using BatchEval.Core.Metrics;

namespace BatchEval.Core.Search.Schedules;

/// <summary>What a solver freezes during a step, which is all that its KLUB depends on.</summary>
public enum KlubSolver
{
    /// <summary>
    /// D at the step's start: stochastic DDIM, and with it every ER-SDE of order 1 and its limit, DDIM and Euler, whose KLUBs are the same up to
    /// the factor (lambda^2 + 1)^2 / (2 lambda^2) (appendix A.3).
    /// </summary>
    FirstOrder,

    /// <summary>D extrapolated from the last two calls, D_b + (D_b - D_p) / (2r): the 2M solvers. Costs depend on three knots.</summary>
    SecondOrderMultistep,
}

/// <summary>
/// The Monte-Carlo estimate of KLUB (Align Your Steps, algorithm 2) with the normaliser Z that the printed algorithm lacks: Z depends on
/// the knot that is optimised, so without it every candidate of Gaussian data costs the same. Importance-sampled, with common random
/// numbers for all candidates.
/// </summary>
/// <param name="data">Clean samples and noise.</param>
/// <param name="samples">Paths per estimate; 8192 in the paper.</param>
/// <param name="c">Scale of the Gaussian whose optimal proposal is used; changes the error, not the mean.</param>
public sealed class KlubEstimator(IDenoiser denoiser, SampleSet data, int samples = 8192, KlubSolver solver = KlubSolver.FirstOrder, double c = KlubEstimator.DefaultScale)
{
    /// <summary>The paper's c: standard deviation of images scaled to [-1, 1].</summary>
    public const double DefaultScale = 0.5;

    private const int Batch = 512;

    // denoiser calls per path: at t and at the step's start, and at the knot before it where the solver extrapolates
    private readonly int points = solver == KlubSolver.SecondOrderMultistep ? 3 : 2;

    private readonly record struct Step(double From, double To, double Previous)
    {
        // 1 / (2r), r = (lambda_b - lambda_p) / (lambda_a - lambda_b)
        public double Gamma => double.IsNaN(Previous) ? 0 : Math.Log(From / To) / (2 * Math.Log(Previous / From));
    }

    /// <summary>Paper's KLUB of a whole schedule (summed over dimensions), with its standard error.</summary>
    /// <param name="knots">Knots, largest first; the last must be positive.</param>
    public ScoreWithError Total(IReadOnlyList<double> knots)
    {
        SigmaKnots.CheckDescending(knots);
        return Estimate([.. Enumerable.Range(0, knots.Count - 1).Select(j => StepAt(knots, j))]);
    }

    /// <summary>KLUB of the steps around a knot: the local cost of <see cref="CoordinateDescent"/>.</summary>
    public double[] Local(IReadOnlyList<double> knots, int index, IReadOnlyList<double> candidates)
    {
        double[] moved = [.. knots];
        var costs = new double[candidates.Count];
        var last = Math.Min(index + (solver == KlubSolver.SecondOrderMultistep ? 1 : 0), knots.Count - 2);
        for (var k = 0; k < costs.Length; k++)
        {
            moved[index] = candidates[k];
            costs[k] = Estimate([.. Enumerable.Range(index - 1, last - index + 2).Select(j => StepAt(moved, j))]).Value;
        }

        return costs;
    }

    private Step StepAt(IReadOnlyList<double> knots, int j) =>
        new(knots[j], knots[j + 1], solver == KlubSolver.SecondOrderMultistep && j > 0 ? knots[j - 1] : double.NaN);

    private ScoreWithError Estimate(Step[] steps)
    {
        var normalisers = Array.ConvertAll(steps, s => Mass(s, s.From) - Mass(s, s.To));
        var total = normalisers.Sum();
        var (sum, squares) = (0.0, 0.0);
        for (var first = 0; first < samples; first += Batch)
        {
            var count = Math.Min(Batch, samples - first);
            foreach (var ratio in Ratios(steps, normalisers, total, first, count))
            {
                sum += ratio;
                squares += ratio * ratio;
            }
        }

        var mean = sum / samples;
        var variance = Math.Max(0, (squares / samples) - (mean * mean)) / Math.Max(1, samples - 1);
        return new ScoreWithError(total * mean, total * Math.Sqrt(variance), samples, "importance-sampled KLUB");
    }

    // ||D(x_t) - frozen||^2 over the proposal's density shape, for some paths
    private double[] Ratios(Step[] steps, double[] normalisers, double total, int first, int count)
    {
        var size = data.Size;
        var (states, sigmas, paths) = (new float[points * count * size], new double[points * count], new long[points * count]);
        var (chosen, times) = (new Step[count], new double[count]);
        for (var n = 0; n < count; n++)
        {
            (chosen[n], times[n]) = Draw(steps, normalisers, data.Uniform(first + n) * total);
            var (t, u) = (times[n], chosen[n].From);
            double[] levels = points == 2 ? [t, u] : [t, u, double.IsNaN(chosen[n].Previous) ? u : chosen[n].Previous];
            Path(first + n, levels, states.AsSpan(n * points * size, points * size));
            for (var k = 0; k < points; k++)
            {
                (sigmas[(n * points) + k], paths[(n * points) + k]) = (levels[k], data.Sample(first + n));
            }
        }

        var output = new float[states.Length];
        denoiser.Denoise(states, sigmas, paths, output);
        return [.. Enumerable.Range(0, count).Select(n => Squared(output.AsSpan(n * points * size, points * size), chosen[n]) / Shape(chosen[n], times[n]))];
    }

    // x_t = x0 + t z, and upwards x_u = x_t + sqrt(u^2 - t^2) z'
    private void Path(long path, double[] levels, Span<float> states)
    {
        var z = new float[data.Size];
        var previous = 0.0;
        for (var k = 0; k < levels.Length; k++)
        {
            data.Noise(path, k, z);
            var spread = (float)Math.Sqrt(Math.Max(0, (levels[k] * levels[k]) - (previous * previous)));
            var source = k == 0 ? data.Clean(path) : states.Slice((k - 1) * data.Size, data.Size);
            for (var i = 0; i < z.Length; i++)
            {
                states[(k * z.Length) + i] = source[i] + (spread * z[i]);
            }

            previous = levels[k];
        }
    }

    private double Squared(ReadOnlySpan<float> outputs, Step step)
    {
        var size = data.Size;
        var (gamma, sum) = (step.Gamma, 0.0);
        for (var i = 0; i < size; i++)
        {
            double d = outputs[i], b = outputs[size + i];
            var difference = d - b - (gamma == 0 ? 0 : gamma * (b - outputs[(2 * size) + i]));
            sum += difference * difference;
        }

        return sum;
    }

    // pi(t) ~ t^-3 (1/(t^2+c^2) - 1/(u^2+c^2)) (eq. 15); without the second term where the integrand does not vanish at t = u
    private double Shape(Step step, double t) => (1 / ((t * t) + (c * c))) - Offset(step);

    private double Offset(Step step) => step.Gamma == 0 ? 1 / ((step.From * step.From) + (c * c)) : 0;

    // antiderivative of t^-3 Shape(t)
    private double Mass(Step step, double t) => Antiderivative(t) + (Offset(step) / (2 * t * t));

    // int t^-3 / (t^2 + c^2) dt = -1/(2 c^2 t^2) - ln t / c^4 + ln(t^2 + c^2) / (2 c^4)
    private double Antiderivative(double t)
    {
        var c2 = c * c;
        return (-1 / (2 * c2 * t * t)) - (Math.Log(t) / (c2 * c2)) + (Math.Log((t * t) + c2) / (2 * c2 * c2));
    }

    // the step and the time at which the proposal's cumulative mass is reached, by bisection in log t
    private (Step Step, double Time) Draw(Step[] steps, double[] normalisers, double mass)
    {
        var k = 0;
        while (k < steps.Length - 1 && mass >= normalisers[k])
        {
            mass -= normalisers[k++];
        }

        var step = steps[k];
        var (low, high) = (Math.Log(step.To), Math.Log(step.From));
        var origin = Mass(step, step.To);
        for (var i = 0; i < 60; i++)
        {
            var middle = (low + high) / 2;
            (low, high) = Mass(step, Math.Exp(middle)) - origin < mass ? (middle, high) : (low, middle);
        }

        // not at the very end of the step, where both numerator and shape vanish
        return (step, Math.Min(Math.Exp((low + high) / 2), step.From * (1 - 1e-6)));
    }
}
