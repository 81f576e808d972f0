using System.Globalization;

namespace BatchEval.Core.Sampling.Placement;

/// <summary>guided-diffusion's respacing strings (<c>space_timesteps</c> in <c>respace.py</c>): <c>ddim25</c>, <c>50</c>, or <c>10,15,20</c>.</summary>
public static class GuidedRespacing
{
    /// <summary>The kept training indices, largest first.</summary>
    /// <param name="trainSteps">T.</param>
    /// <exception cref="ArgumentException">The string is not a respacing, or cannot be met on this model.</exception>
    public static double[] Parse(int trainSteps, string text)
    {
        var times = text.StartsWith("ddim", StringComparison.Ordinal)
            ? Strided(trainSteps, Count(text[4..], text))
            : Sections(trainSteps, [.. text.Split(',', StringSplitOptions.TrimEntries).Select(part => Count(part, text))]);
        return [.. times.Distinct().OrderDescending().Select(t => (double)t)];
    }

    // the smallest integer stride with which range(0, T, stride) has exactly n entries
    private static IEnumerable<int> Strided(int trainSteps, int n)
    {
        for (var stride = 1; stride < trainSteps; stride++)
        {
            if ((trainSteps + stride - 1) / stride == n)
            {
                return Enumerable.Range(0, n).Select(i => i * stride);
            }
        }

        throw new ArgumentException($"No integer stride gives exactly {n} of {trainSteps} steps.", nameof(n));
    }

    // T // k indices per section (one more in the first T % k), spread by a float stride that is rounded half to even
    private static List<int> Sections(int trainSteps, int[] counts)
    {
        var (size, extra) = Math.DivRem(trainSteps, counts.Length);
        var (kept, start) = (new List<int>(), 0);
        for (var section = 0; section < counts.Length; section++)
        {
            var length = size + (section < extra ? 1 : 0);
            if (length < counts[section])
            {
                throw new ArgumentException($"A section of {length} steps cannot give {counts[section]}.", nameof(counts));
            }

            var stride = counts[section] <= 1 ? 1 : (length - 1.0) / (counts[section] - 1);
            var position = 0.0;
            for (var i = 0; i < counts[section]; i++, position += stride)
            {
                kept.Add(start + (int)Math.Round(position, MidpointRounding.ToEven));
            }

            start += length;
        }

        return kept;
    }

    private static int Count(string part, string whole) =>
        int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count >= 1
            ? count
            : throw new ArgumentException($"'{whole}' is not a respacing; write ddim25, 50 or 10,15,20 with counts of at least 1.", nameof(whole));
}
