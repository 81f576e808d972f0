namespace BatchEval.Core.Search.Joint;

/// <summary>How much worse a base schedule gets without one block; negative where it gets better.</summary>
/// <param name="All">Dropped at every step.</param>
/// <param name="Early">Dropped at the steps of high noise.</param>
/// <param name="Late">Dropped at the steps of low noise.</param>
public sealed record BlockSensitivity(int Block, double All, double Early, double Late);

/// <summary>Which blocks are missed least per cost saved, at high noise and at low noise. Ranks only, so that no scale of scores matters.</summary>
/// <param name="Split">Times from here on upwards count as high noise.</param>
/// <param name="Early">Rank by block id at high noise; 0 is missed least.</param>
/// <param name="Late">Rank by block id at low noise.</param>
internal sealed record BlockPrior(double Split, IReadOnlyList<int> Early, IReadOnlyList<int> Late)
{
    /// <summary>Makes a prior from measured sensitivities.</summary>
    /// <param name="split">Where high noise begins.</param>
    /// <param name="sensitivities">One per block, in the order of ids.</param>
    /// <param name="saved">What dropping a block saves, by id.</param>
    public static BlockPrior From(double split, IReadOnlyList<BlockSensitivity> sensitivities, IReadOnlyList<double> saved)
    {
        // What a half costs was measured twice: alone, and as what the other half leaves of the whole.
        return new BlockPrior(split, Ranks(s => (s.Early + s.All - s.Late) / 2), Ranks(s => (s.Late + s.All - s.Early) / 2));

        int[] Ranks(Func<BlockSensitivity, double> damage)
        {
            var ranks = new int[sensitivities.Count];
            var order = sensitivities.OrderBy(s => PerSaving(damage(s), saved[s.Block])).ThenBy(s => s.Block).ToList();
            for (var rank = 0; rank < order.Count; rank++)
            {
                ranks[order[rank].Block] = rank;
            }

            return ranks;
        }
    }

    public int RankOf(int block, double time) => (time >= Split ? Early : Late)[block];

    private static double PerSaving(double damage, double saved) =>
        double.IsNaN(damage) ? double.PositiveInfinity : damage > 0 ? damage / Math.Max(saved, double.Epsilon) : damage * saved;
}
