namespace BatchEval.Core.Search.Optimisers;

/// <summary>Recombination weights and learning rates of CMA-ES for n variables and lambda points (Hansen, arXiv 1604.00772, table 1).</summary>
internal sealed class CmaWeights
{
    public CmaWeights(int n, int lambda)
    {
        // eq. 49
        double[] raw = [.. Enumerable.Range(1, lambda).Select(i => Math.Log((lambda + 1) / 2.0) - Math.Log(i))];
        Parents = lambda / 2;
        var (sum, negative) = (raw.Take(Parents).Sum(), raw.Skip(Parents).ToArray());
        Effective = sum * sum / raw.Take(Parents).Sum(w => w * w);
        var effectiveNegative = negative.Sum() * negative.Sum() / Math.Max(negative.Sum(w => w * w), double.Epsilon);

        // eqs. 55 to 58
        StepRate = (Effective + 2) / (n + Effective + 5);
        Damping = 1 + (2 * Math.Max(0, Math.Sqrt((Effective - 1) / (n + 1)) - 1)) + StepRate;
        PathRate = (4 + (Effective / n)) / (n + 4 + (2 * Effective / n));
        RankOne = 2 / (((n + 1.3) * (n + 1.3)) + Effective);
        RankMu = Math.Min(1 - RankOne, 2 * (0.25 + Effective + (1 / Effective) - 2) / (((n + 2.0) * (n + 2.0)) + Effective));

        // eqs. 50 to 53
        var least = Math.Min(1 + (RankOne / RankMu), Math.Min(1 + (2 * effectiveNegative / (Effective + 2)), (1 - RankOne - RankMu) / (n * RankMu)));
        var scale = least / Math.Max(-negative.Sum(), double.Epsilon);
        Values = [.. raw.Select((w, i) => i < Parents ? w / sum : scale * Math.Min(w, 0))];
    }

    /// <summary>mu.</summary>
    public int Parents { get; }

    /// <summary>mu_eff.</summary>
    public double Effective { get; }

    /// <summary>w_1..w_lambda; those after the first mu are negative.</summary>
    public IReadOnlyList<double> Values { get; }

    /// <summary>c_sigma.</summary>
    public double StepRate { get; }

    /// <summary>d_sigma.</summary>
    public double Damping { get; }

    /// <summary>c_c.</summary>
    public double PathRate { get; }

    /// <summary>c_1.</summary>
    public double RankOne { get; }

    /// <summary>c_mu.</summary>
    public double RankMu { get; }
}
