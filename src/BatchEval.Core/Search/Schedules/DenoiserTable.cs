using System.Numerics.Tensors;

namespace BatchEval.Core.Search.Schedules;

/// <summary>
/// Distances between a denoiser's outputs at all pairs of levels of a grid, along the same paths. Everything that KLUB needs of a model,
/// for every schedule on the grid and every number of steps, from (paths x levels) network calls.
/// </summary>
/// <param name="Sigmas">The grid, largest first.</param>
/// <param name="Distance">G[j][k] = E ||D(x_j, sigma_j) - D(x_k, sigma_k)||^2.</param>
/// <param name="StartMismatch">E ||D(x_j, sigma_j) - s_j x_j||^2, with s_j x_j the ideal denoiser of what sampling would start from at that level.</param>
/// <param name="Groups">The same distances for disjoint groups of paths, for standard errors.</param>
/// <param name="Paths">M.</param>
public sealed record DenoiserTable(
    IReadOnlyList<double> Sigmas, double[,] Distance, IReadOnlyList<double> StartMismatch, IReadOnlyList<double[,]> Groups, int Paths, long Calls);

/// <summary>Fills a <see cref="DenoiserTable"/> along forward Brownian paths x_u = x_t + sqrt(u^2 - t^2) eps, which all pairs share.</summary>
public static class DenoiserTables
{
    private const int GroupCount = 8;

    /// <summary>A grid that is uniform in log sigma.</summary>
    /// <param name="min">Smallest level.</param>
    /// <param name="max">Largest level.</param>
    /// <param name="points">K, at least 2.</param>
    public static double[] LogGrid(double min, double max, int points) =>
        SigmaKnots.Between(max, min, points - 1, u => Math.Exp(double.Lerp(Math.Log(max), Math.Log(min), u)));

    /// <summary>Fills the table.</summary>
    /// <param name="data">Clean samples and noise.</param>
    /// <param name="grid">Levels, largest first.</param>
    /// <param name="paths">M.</param>
    /// <param name="startVariance">Variance per element that sampling would start with at a level, in variance-exploding coordinates: sigma^2 + this; 1 for variance-preserving models, 0 otherwise.</param>
    public static DenoiserTable Build(
        IDenoiser denoiser, SampleSet data, IReadOnlyList<double> grid, int paths, double startVariance = 1, CancellationToken cancellation = default)
    {
        SigmaKnots.CheckDescending(grid);
        ArgumentOutOfRangeException.ThrowIfLessThan(paths, GroupCount);
        var sums = Enumerable.Range(0, GroupCount).Select(_ => new double[grid.Count, grid.Count]).ToArray();
        var mismatch = new double[grid.Count];
        for (long path = 0; path < paths; path++)
        {
            cancellation.ThrowIfCancellationRequested();
            var states = Path(data, grid, path);
            var outputs = Outputs(denoiser, grid, states, data.Sample(path));
            AddDistances(sums[path % GroupCount], outputs, data.Size);
            AddMismatch(mismatch, grid, states, outputs, startVariance);
        }

        double GroupSize(int g) => (paths + GroupCount - 1 - g) / GroupCount;
        var total = new double[grid.Count, grid.Count];
        var groups = sums.Select((sum, g) => Scale(sum, 1 / GroupSize(g))).ToArray();
        for (var g = 0; g < GroupCount; g++)
        {
            Accumulate(total, groups[g], GroupSize(g) / paths);
        }

        return new DenoiserTable([.. grid], total, [.. mismatch.Select(m => m / paths)], groups, paths, (long)paths * grid.Count);
    }

    /// <summary>D along one path.</summary>
    private static float[] Outputs(IDenoiser denoiser, IReadOnlyList<double> grid, float[] states, long sample)
    {
        var output = new float[states.Length];
        denoiser.Denoise(states, [.. grid], [.. Enumerable.Repeat(sample, grid.Count)], output);
        return output;
    }

    private static float[] Path(SampleSet data, IReadOnlyList<double> grid, long path)
    {
        var size = data.Size;
        var (states, z) = (new float[grid.Count * size], new float[size]);
        var (x, previous) = (data.Clean(path).ToArray(), 0.0);
        for (var k = grid.Count - 1; k >= 0; k--)
        {
            data.Noise(path, k, z);
            TensorPrimitives.MultiplyAdd(z, (float)Math.Sqrt((grid[k] * grid[k]) - (previous * previous)), x, x);
            x.CopyTo(states, k * size);
            previous = grid[k];
        }

        return states;
    }

    private static void AddDistances(double[,] sum, float[] outputs, int size)
    {
        var count = outputs.Length / size;
        for (var j = 0; j < count; j++)
        {
            var first = outputs.AsSpan(j * size, size);
            for (var k = j + 1; k < count; k++)
            {
                var distance = (double)TensorPrimitives.Distance<float>(first, outputs.AsSpan(k * size, size));
                sum[j, k] += distance * distance;
                sum[k, j] = sum[j, k];
            }
        }
    }

    // the start N(0, sigma^2 + v) has the ideal denoiser v / (sigma^2 + v) x
    private static void AddMismatch(double[] sum, IReadOnlyList<double> grid, float[] states, float[] outputs, double v)
    {
        var size = states.Length / grid.Count;
        for (var j = 0; j < grid.Count; j++)
        {
            var share = (float)(v / ((grid[j] * grid[j]) + v));
            for (var i = j * size; i < (j + 1) * size; i++)
            {
                var difference = outputs[i] - (share * states[i]);
                sum[j] += difference * difference;
            }
        }
    }

    private static double[,] Scale(double[,] matrix, double factor)
    {
        var result = new double[matrix.GetLength(0), matrix.GetLength(1)];
        Accumulate(result, matrix, factor);
        return result;
    }

    private static void Accumulate(double[,] total, double[,] matrix, double factor)
    {
        for (var j = 0; j < total.GetLength(0); j++)
        {
            for (var k = 0; k < total.GetLength(1); k++)
            {
                total[j, k] += factor * matrix[j, k];
            }
        }
    }
}
