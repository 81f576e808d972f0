using BatchEval.Core.Metrics;

namespace BatchEval.Core.Search.Schedules;

/// <summary>
/// Costs of all steps on a grid from a <see cref="DenoiserTable"/>: C(i, j) = int sigma^-3 G[t][i] d sigma from sigma_j to sigma_i, by the
/// trapezoid rule in U = -1 / (2 sigma^2), in which the integrand of Gaussian data is nearly linear. A second-order step's cost follows
/// from the same distances, because ||D_t - (1+g) D_i + g D_p||^2 = (1+g) G_ti - g G_tp + g (1+g) G_ip.
/// </summary>
public sealed class KlubCosts
{
    private readonly double[,] first;
    private readonly double[] mass;

    public KlubCosts(DenoiserTable table)
        : this(table?.Sigmas ?? throw new ArgumentNullException(nameof(table)), table.Distance, table.StartMismatch)
    {
    }

    private KlubCosts(IReadOnlyList<double> sigmas, double[,] distance, IReadOnlyList<double> mismatch)
    {
        (Sigmas, Distance) = (sigmas, distance);
        mass = [.. sigmas.Select(s => 1 / (2 * s * s))];
        first = Integrate(distance);
        Start = IntegrateStart(mismatch);
    }

    /// <summary>The grid, largest first.</summary>
    public IReadOnlyList<double> Sigmas { get; }

    /// <summary>G.</summary>
    public double[,] Distance { get; }

    /// <summary>
    /// Cost of starting at a level from pure noise: KL(p_sigma || start) = int_sigma^infinity s^-3 E ||D(x_s) - D_start(x_s)||^2 ds, the tail above the
    /// grid taken as the last value decaying like its weight. Exact for continuous time, in the unit of the steps' costs.
    /// </summary>
    public IReadOnlyList<double> Start { get; }

    /// <summary>KLUB of the step from grid point i down to j &gt; i with D frozen at i.</summary>
    public double FirstOrder(int i, int j) => first[i, j];

    /// <summary>KLUB of the step from i down to j with D extrapolated through p &lt; i; p = -1 for a first step.</summary>
    public double SecondOrder(int p, int i, int j)
    {
        if (p < 0)
        {
            return first[i, j];
        }

        var gamma = Math.Log(Sigmas[i] / Sigmas[j]) / (2 * Math.Log(Sigmas[p] / Sigmas[i]));
        return ((1 + gamma) * first[i, j]) - (gamma * (first[p, j] - first[p, i])) + (gamma * (1 + gamma) * Distance[i, p] * (mass[j] - mass[i]));
    }

    /// <summary>KLUB of a schedule on the grid, with a standard error from the table's groups of paths.</summary>
    /// <param name="path">Grid indices, ascending.</param>
    public static ScoreWithError Total(DenoiserTable table, IReadOnlyList<int> path, KlubSolver solver)
    {
        double Sum(double[,] distance) => new KlubCosts(table.Sigmas, distance, table.StartMismatch).Total(path, solver);
        double[] groups = [.. table.Groups.Select(Sum)];
        var mean = groups.Average();
        var error = Math.Sqrt(groups.Sum(g => (g - mean) * (g - mean)) / (groups.Length - 1) / groups.Length);
        return new ScoreWithError(Sum(table.Distance), error, table.Paths, $"{groups.Length} groups of paths");
    }

    /// <summary>KLUB of a schedule on the grid.</summary>
    public double Total(IReadOnlyList<int> path, KlubSolver solver) => Enumerable.Range(0, path.Count - 1).Sum(n =>
        solver == KlubSolver.FirstOrder ? FirstOrder(path[n], path[n + 1]) : SecondOrder(n == 0 ? -1 : path[n - 1], path[n], path[n + 1]));

    /// <summary>
    /// Position of every grid point on the way from noise to data, measured by local cost: the sum of sqrt(C(k, k+1)). Equal distances on it
    /// have equal local costs (score-optimal schedules, Williams et al. 2024).
    /// </summary>
    public double[] ArcLength()
    {
        var length = new double[Sigmas.Count];
        for (var k = 1; k < length.Length; k++)
        {
            length[k] = length[k - 1] + Math.Sqrt(Math.Max(0, first[k - 1, k]));
        }

        return length;
    }

    private double[,] Integrate(double[,] distance)
    {
        var count = Sigmas.Count;
        var costs = new double[count, count];
        for (var i = 0; i < count; i++)
        {
            for (var j = i + 1; j < count; j++)
            {
                costs[i, j] = costs[i, j - 1] + ((mass[j] - mass[j - 1]) * (distance[j, i] + distance[j - 1, i]) / 2);
            }
        }

        return costs;
    }

    private double[] IntegrateStart(IReadOnlyList<double> mismatch)
    {
        var start = new double[Sigmas.Count];
        start[0] = mismatch[0] * mass[0];
        for (var j = 1; j < start.Length; j++)
        {
            start[j] = start[j - 1] + ((mass[j] - mass[j - 1]) * (mismatch[j] + mismatch[j - 1]) / 2);
        }

        return start;
    }
}
