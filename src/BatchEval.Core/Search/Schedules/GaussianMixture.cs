namespace BatchEval.Core.Search.Schedules;

/// <summary>
/// A mixture of equally likely round Gaussians: data for which the ideal denoiser is known exactly, so that
/// schedules can be judged without any estimate.
/// </summary>
/// <param name="Means">Centres [K][d].</param>
/// <param name="Deviation">Standard deviation s of every component.</param>
public sealed record GaussianMixture(double[][] Means, double Deviation)
{
    /// <summary>d.</summary>
    public int Dimensions => Means[0].Length;

    /// <summary>One Gaussian N(0, c^2 I).</summary>
    public static GaussianMixture Single(int dimensions, double c) => new([new double[dimensions]], c);

    /// <summary>Centres on a rows x columns grid in the plane, scaled so that the data has the given standard deviation per coordinate on average.</summary>
    /// <param name="rows">Centres along the first coordinate.</param>
    /// <param name="columns">Centres along the second.</param>
    /// <param name="relativeDeviation">Deviation of a component over the distance of neighbouring centres.</param>
    /// <param name="scale">Root mean square of the data's coordinates.</param>
    public static GaussianMixture Grid(int rows, int columns, double relativeDeviation, double scale)
    {
        // variance of n equally spaced points is (n^2 - 1) / 12 spacings squared
        double Variance(int n) => ((n * n) - 1) / 12.0;
        var spacing = scale / Math.Sqrt(((Variance(rows) + Variance(columns)) / 2) + (relativeDeviation * relativeDeviation));
        var means =
            from r in Enumerable.Range(0, rows)
            from c in Enumerable.Range(0, columns)
            select new[] { spacing * (r - ((rows - 1) / 2.0)), spacing * (c - ((columns - 1) / 2.0)) };
        return new GaussianMixture([.. means], relativeDeviation * spacing);
    }

    /// <summary>
    /// D(x, sigma) = sum_k w_k (sigma^2 mu_k + s^2 x) / (sigma^2 + s^2), w_k ~ exp(-||x - mu_k||^2 / (2 (sigma^2 + s^2))).
    /// </summary>
    public void Denoise(ReadOnlySpan<double> x, double sigma, Span<double> output)
    {
        var (noise, own) = (sigma * sigma, Deviation * Deviation);
        Span<double> exponents = Means.Length <= 256 ? stackalloc double[Means.Length] : new double[Means.Length];
        var top = Exponents(x, noise + own, exponents);
        output.Clear();
        var total = 0.0;
        for (var k = 0; k < Means.Length; k++)
        {
            var w = Math.Exp(exponents[k] - top);
            total += w;
            for (var i = 0; i < output.Length; i++)
            {
                output[i] += w * Means[k][i];
            }
        }

        for (var i = 0; i < output.Length; i++)
        {
            output[i] = ((noise * output[i] / total) + (own * x[i])) / (noise + own);
        }
    }

    public double[] Denoise(double[] x, double sigma)
    {
        var output = new double[x.Length];
        Denoise(x, sigma, output);
        return output;
    }

    // -||x - mu_k||^2 / (2 v); returns the largest
    internal double Exponents(ReadOnlySpan<double> x, double v, Span<double> exponents)
    {
        var top = double.NegativeInfinity;
        for (var k = 0; k < Means.Length; k++)
        {
            var distance = 0.0;
            for (var i = 0; i < x.Length; i++)
            {
                var difference = x[i] - Means[k][i];
                distance += difference * difference;
            }

            exponents[k] = -distance / (2 * v);
            top = Math.Max(top, exponents[k]);
        }

        return top;
    }
}
