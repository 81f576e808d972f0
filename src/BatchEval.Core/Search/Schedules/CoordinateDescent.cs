namespace BatchEval.Core.Search.Schedules;

/// <summary>Parameters of <see cref="CoordinateDescent"/>; the defaults are the paper's where it states them.</summary>
/// <param name="Candidates">Values tried per knot, the present one included; 11 in the paper.</param>
/// <param name="MaxSweeps">Sweeps over all free knots; the paper speaks of fewer than 300 iterations.</param>
/// <param name="Reach">First neighbourhood, as a share of the log distance to each neighbour; the paper does not say.</param>
/// <param name="MinReach">The neighbourhood is halved when no knot moves, until it is smaller than this.</param>
public sealed record DescentOptions(int Candidates = 11, int MaxSweeps = 300, double Reach = 0.5, double MinReach = 1e-3);

/// <summary>
/// The optimiser of Align Your Steps (algorithm 1): every knot in turn is moved to the best of some candidates between its neighbours.
/// </summary>
public static class CoordinateDescent
{
    /// <summary>Cost of the steps around knot i when it is moved.</summary>
    /// <param name="knots">The schedule, descending.</param>
    /// <param name="index">The knot that moves.</param>
    /// <param name="candidates">Values to try.</param>
    /// <returns>One cost per candidate; only differences matter.</returns>
    public delegate double[] LocalCost(IReadOnlyList<double> knots, int index, IReadOnlyList<double> candidates);

    /// <summary>The knots after every sweep, each computed when it is asked for: early stopping looks at them by a quality metric and asks no further.</summary>
    /// <param name="start">Where to begin; the ends stay.</param>
    public static IEnumerable<double[]> Sweeps(IReadOnlyList<double> start, LocalCost cost, DescentOptions? options = null)
    {
        SigmaKnots.CheckDescending(start);
        return Descend([.. start], cost, options ?? new DescentOptions());
    }

    private static IEnumerable<double[]> Descend(double[] knots, LocalCost cost, DescentOptions options)
    {
        var reach = options.Reach;
        for (var sweep = 0; sweep == 0 || (sweep < options.MaxSweeps && reach >= options.MinReach); sweep++)
        {
            var moved = false;
            for (var i = 1; i < knots.Length - 1; i++)
            {
                moved |= Move(knots, i, reach, options.Candidates, cost);
            }

            reach = moved ? reach : reach / 2;
            yield return [.. knots];
        }
    }

    private static bool Move(double[] knots, int i, double reach, int count, LocalCost cost)
    {
        var (above, here, below) = (Math.Log(knots[i - 1]), Math.Log(knots[i]), Math.Log(knots[i + 1]));
        var side = (count - 1) / 2;
        var candidates = new double[(2 * side) + 1];
        candidates[0] = knots[i];
        for (var j = 1; j <= side; j++)
        {
            candidates[j] = Math.Exp(double.Lerp(here, above, reach * j / side));
            candidates[side + j] = Math.Exp(double.Lerp(here, below, reach * j / side));
        }

        var costs = cost(knots, i, candidates);
        var best = Array.IndexOf(costs, costs.Min());
        knots[i] = costs[best] < costs[0] ? candidates[best] : knots[i];
        return costs[best] < costs[0];
    }
}
