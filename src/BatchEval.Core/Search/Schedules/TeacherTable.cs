using System.Numerics.Tensors;
using BatchEval.Core.Randomness;

namespace BatchEval.Core.Search.Schedules;

/// <summary>
/// States and denoiser outputs of an accurate sampler ("teacher") at all levels of a grid, on a few start noises: what trajectory methods
/// (GITS, optimal steps) are computed from. Needs no data.
/// </summary>
/// <param name="Sigmas">The grid, largest first.</param>
/// <param name="States">Per path, x at every grid point [K, size].</param>
/// <param name="Outputs">Per path, D at every grid point [K, size].</param>
/// <param name="Size">Numbers per sample.</param>
/// <param name="FirstSample">Sample index of the first path.</param>
public sealed record TeacherTable(IReadOnlyList<double> Sigmas, IReadOnlyList<float[]> States, IReadOnlyList<float[]> Outputs, int Size, long FirstSample, long Calls)
{
    /// <summary>The last data predictions: samples that stand in for x0 where there is no data.</summary>
    public float[] Samples() => [.. Outputs.SelectMany(o => o.TakeLast(Size))];

    /// <summary>Runs DPM-Solver++(2M), the second-order multistep solver, over the whole grid.</summary>
    /// <param name="grid">Levels, largest first.</param>
    /// <param name="firstSample">Sample index of the first path.</param>
    /// <param name="startVariance">As for <see cref="DenoiserTables.Build"/>.</param>
    public static TeacherTable Run(
        IDenoiser denoiser, IReadOnlyList<double> grid, int paths, NoiseBank noise, long firstSample = 0, double startVariance = 1, CancellationToken cancellation = default)
    {
        SigmaKnots.CheckDescending(grid);
        var size = denoiser.Size;
        var x = Start(grid[0], paths, size, noise, firstSample, startVariance);
        long[] samples = [.. Enumerable.Range(0, paths).Select(m => firstSample + m)];
        var states = Enumerable.Range(0, paths).Select(_ => new float[grid.Count * size]).ToArray();
        var outputs = Enumerable.Range(0, paths).Select(_ => new float[grid.Count * size]).ToArray();
        float[] d = new float[x.Length], previous = new float[x.Length];
        for (var k = 0; k < grid.Count; k++)
        {
            cancellation.ThrowIfCancellationRequested();
            (d, previous) = (previous, d);
            denoiser.Denoise(x, [.. Enumerable.Repeat(grid[k], paths)], samples, d);
            for (var m = 0; m < paths; m++)
            {
                x.AsSpan(m * size, size).CopyTo(states[m].AsSpan(k * size));
                d.AsSpan(m * size, size).CopyTo(outputs[m].AsSpan(k * size));
            }

            if (k < grid.Count - 1)
            {
                Step(x, d, k == 0 ? d : previous, grid, k);
            }
        }

        return new TeacherTable([.. grid], states, outputs, size, firstSample, (long)grid.Count * paths);
    }

    /// <summary>A single step from the teacher's state.</summary>
    /// <param name="path">Whose state.</param>
    /// <param name="p">Grid point before i that a second-order step extrapolates through; -1 for a first-order step.</param>
    /// <param name="i">Where the step starts.</param>
    /// <param name="j">Where it ends, j &gt; i.</param>
    /// <param name="state">Receives the state at j [size].</param>
    public void Land(int path, int p, int i, int j, Span<float> state)
    {
        var ratio = Sigmas[j] / Sigmas[i];
        var gamma = p < 0 ? 0 : Math.Log(Sigmas[i] / Sigmas[j]) / (2 * Math.Log(Sigmas[p] / Sigmas[i]));
        TensorPrimitives.Multiply(States[path].AsSpan(i * Size, Size), (float)ratio, state);
        TensorPrimitives.MultiplyAdd(Outputs[path].AsSpan(i * Size, Size), (float)((1 - ratio) * (1 + gamma)), state, state);
        if (gamma != 0)
        {
            TensorPrimitives.MultiplyAdd(Outputs[path].AsSpan(p * Size, Size), (float)(-(1 - ratio) * gamma), state, state);
        }
    }

    private static float[] Start(double sigma, int paths, int size, NoiseBank noise, long firstSample, double startVariance)
    {
        var x = new float[paths * size];
        var scale = (float)Math.Sqrt((sigma * sigma) + startVariance);
        for (var m = 0; m < paths; m++)
        {
            noise.Fill(firstSample + m, NoiseBank.StartDraw, x.AsSpan(m * size, size));
        }

        TensorPrimitives.Multiply(x, scale, x);
        return x;
    }

    // x' = (b/a) x + (1 - b/a) (D + (D - D_previous) / (2r))
    private static void Step(float[] x, float[] d, float[] previous, IReadOnlyList<double> grid, int k)
    {
        var ratio = grid[k + 1] / grid[k];
        var gamma = k == 0 ? 0 : Math.Log(grid[k] / grid[k + 1]) / (2 * Math.Log(grid[k - 1] / grid[k]));
        TensorPrimitives.Multiply(x, (float)ratio, x);
        TensorPrimitives.MultiplyAdd(d, (float)((1 - ratio) * (1 + gamma)), x, x);
        TensorPrimitives.MultiplyAdd(previous, (float)(-(1 - ratio) * gamma), x, x);
    }
}
