using BatchEval.Core.Randomness;

namespace BatchEval.Core.Search.Joint;

/// <summary>Draws and changes the set of blocks that a step drops.</summary>
/// <param name="blocks">Number of droppable blocks.</param>
internal sealed class MaskOperators(int blocks, JointOptions options)
{
    // Odds of a block fall with its rank to this power.
    private const double Sharpness = 2;

    /// <summary>True when masks other than the empty one can occur.</summary>
    public bool Open => blocks > 0 && options.Masks != MaskRule.None && options.Window.High > 0;

    /// <summary>A fresh mask: a share of the blocks within the window, those missed least more often.</summary>
    public int[] Draw(double time, PhiloxStream random)
    {
        var share = double.Lerp(options.Window.Low, options.Window.High, random.NextDouble());
        return Open ? Pick([.. Enumerable.Range(0, blocks)], (int)(share * blocks), time, random) : [];
    }

    /// <summary>Adds one block; returns the mask itself when all are dropped.</summary>
    public int[] Add(IReadOnlyList<int> mask, double time, PhiloxStream random) =>
        [.. mask, .. Pick([.. Enumerable.Range(0, blocks).Except(mask)], 1, time, random)];

    /// <summary>Changes a mask: an empty one is drawn anew, of others one block joins or leaves, or each is exchanged with the mutation's chance.</summary>
    public int[] Mutate(IReadOnlyList<int> mask, double time, PhiloxStream random)
    {
        if (!Open)
        {
            return [.. mask];
        }

        if (mask.Count == 0)
        {
            return options.Published || random.NextInt(2) == 0 ? Draw(time, random) : Add(mask, time, random);
        }

        if (random.NextDouble() < options.LocalShare)
        {
            return random.NextInt(2) == 0 ? Add(mask, time, random) : Without(mask, random.NextInt(mask.Count));
        }

        var changed = new List<int>(mask);
        for (var i = 0; i < mask.Count; i++)
        {
            var others = Enumerable.Range(0, blocks).Except(changed).ToArray();
            if (others.Length > 0 && random.NextDouble() < options.MutationProbability)
            {
                changed[i] = Pick(others, 1, time, random)[0];
            }
        }

        return [.. changed];
    }

    private static int[] Without(IReadOnlyList<int> mask, int index) => [.. mask.Where((_, i) => i != index)];

    // Sampling without replacement by weight: the largest keys of log weight plus Gumbel noise.
    private int[] Pick(int[] from, int count, double time, PhiloxStream random)
    {
        var keys = Array.ConvertAll(from, block =>
        {
            var gumbel = -Math.Log(-Math.Log(Math.Max(random.NextDouble(), 1e-300)));
            return gumbel - (options.Prior is { } prior ? Sharpness * Math.Log(1 + prior.RankOf(block, time)) : 0);
        });
        return [.. from.Zip(keys).OrderByDescending(p => p.Second).ThenBy(p => p.First).Take(count).Select(p => p.First)];
    }
}
