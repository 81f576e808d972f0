using System.Numerics;
using BatchEval.Core.Sampling.Solvers;

namespace BatchEval.Core.Sampling.Skipping;

/// <summary>
/// The last network outputs of one sample, and the output expected where the network is not called: the Lagrange polynomial of
/// <paramref name="order"/> through the newest outputs, in the half log signal-to-noise ratio lambda, which exists for every noise process
/// and in which outputs vary evenly. Order 0 holds the last output, as published; while fewer outputs are there, the order is lower.
/// What is kept is the output that the solver sees, so with guidance the guided combination: combination and extrapolation are both linear.
/// </summary>
/// <typeparam name="T">Element type of outputs.</typeparam>
/// <param name="order">0 to 3.</param>
internal sealed class OutputCache<T>(int order)
    where T : unmanaged, INumberBase<T>
{
    // Newest first.
    private readonly List<(double At, T[] Output)> computed = [];
    private T[]? extrapolated;

    /// <summary>True when nothing has been computed yet.</summary>
    public bool IsEmpty => computed.Count == 0;

    /// <summary>Keeps an output of the network. The array is not copied and must not change.</summary>
    /// <param name="at">Where it was computed.</param>
    public void Add(double at, T[] output)
    {
        // Heun evaluates one level twice; the later state is the better one.
        computed.RemoveAll(c => c.At.Equals(at));
        computed.Insert(0, (at, output));
        computed.RemoveRange(Math.Min(computed.Count, order + 1), Math.Max(0, computed.Count - order - 1));
    }

    /// <summary>The output to use at a level without a call; valid until the next call of this method.</summary>
    /// <exception cref="InvalidOperationException">Nothing has been computed yet.</exception>
    public T[] At(double at)
    {
        if (IsEmpty)
        {
            throw new InvalidOperationException("A step without a call needs an earlier output.");
        }

        if (computed.Count == 1)
        {
            return computed[0].Output;
        }

        var weights = Weights([.. computed.Select(c => c.At)], at);
        extrapolated ??= new T[computed[0].Output.Length];
        for (var i = 0; i < extrapolated.Length; i++)
        {
            var sum = 0.0;
            for (var j = 0; j < weights.Length; j++)
            {
                sum += weights[j] * double.CreateChecked(computed[j].Output[i]);
            }

            extrapolated[i] = T.CreateSaturating(sum);
        }

        return extrapolated;
    }

    /// <summary>By how much <see cref="At"/> would have missed an output, relative to the output's Euclidean norm.</summary>
    public double Miss(double at, T[] output)
    {
        var expected = At(at);
        var (miss, norm) = (0.0, 0.0);
        for (var i = 0; i < output.Length; i++)
        {
            var value = double.CreateChecked(output[i]);
            var difference = value - double.CreateChecked(expected[i]);
            miss += difference * difference;
            norm += value * value;
        }

        return Math.Sqrt(miss / norm);
    }

    // They sum to 1.
    private static double[] Weights(double[] nodes, double at) => [.. nodes.Select((_, j) => AdamsBashforth.Lagrange(nodes, j, at))];
}
