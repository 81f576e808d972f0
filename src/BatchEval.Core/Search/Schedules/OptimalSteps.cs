using System.Numerics.Tensors;

namespace BatchEval.Core.Search.Schedules;

/// <summary>
/// Optimal steps (Pei et al. 2025, "OSS"): the student's own states are kept, so that errors add up as they do when sampling. For
/// every number of steps and every teacher knot the best student state that arrives there survives. Per path; knots are the median.
/// </summary>
public static class OptimalSteps
{
    private sealed record Layer(float[]?[] States, int[] Parents);

    /// <summary>Finds schedules of 1..maxSteps first-order steps on the teacher's grid.</summary>
    /// <param name="maxSteps">Largest number of steps.</param>
    /// <param name="paths">Teacher paths to use; each costs about maxSteps x K calls.</param>
    /// <returns>n + 1 knots for n = 1..maxSteps, at index n - 1.</returns>
    public static IReadOnlyList<double[]> Find(IDenoiser denoiser, TeacherTable teacher, int maxSteps, int paths, CancellationToken cancellation = default)
    {
        if (maxSteps < 1 || maxSteps >= teacher.Sigmas.Count)
        {
            throw new ArgumentException($"A schedule of {maxSteps} steps does not fit a teacher of {teacher.Sigmas.Count} knots.", nameof(maxSteps));
        }

        var found = Enumerable.Range(0, maxSteps).Select(_ => new List<int[]>()).ToArray();
        for (var m = 0; m < Math.Min(paths, teacher.States.Count); m++)
        {
            var layers = Grow(denoiser, teacher, m, maxSteps, cancellation);
            for (var n = 1; n <= maxSteps; n++)
            {
                found[n - 1].Add(Back(layers, n, teacher.Sigmas.Count - 1));
            }
        }

        return [.. found.Select(paths => Median(paths, teacher.Sigmas))];
    }

    private static List<Layer> Grow(IDenoiser denoiser, TeacherTable teacher, int path, int maxSteps, CancellationToken cancellation)
    {
        var (count, size) = (teacher.Sigmas.Count, teacher.Size);
        var start = new float[]?[count];
        start[0] = teacher.States[path][..size];
        var layers = new List<Layer> { new(start, new int[count]) };
        for (var n = 1; n <= maxSteps; n++)
        {
            cancellation.ThrowIfCancellationRequested();
            layers.Add(Extend(denoiser, teacher, path, layers[^1].States));
        }

        return layers;
    }

    private static Layer Extend(IDenoiser denoiser, TeacherTable teacher, int path, float[]?[] from)
    {
        var (count, size) = (teacher.Sigmas.Count, teacher.Size);
        int[] alive = [.. Enumerable.Range(0, count - 1).Where(i => from[i] is not null)];
        var outputs = new float[alive.Length * size];
        denoiser.Denoise(
            [.. alive.SelectMany(i => from[i]!)], [.. alive.Select(i => teacher.Sigmas[i])], [.. alive.Select(_ => teacher.FirstSample + path)], outputs);
        var (states, parents, errors) = (new float[]?[count], new int[count], new float[count]);
        Array.Fill(errors, float.PositiveInfinity);
        var x = new float[size];
        for (var a = 0; a < alive.Length; a++)
        {
            for (var j = alive[a] + 1; j < count; j++)
            {
                var ratio = (float)(teacher.Sigmas[j] / teacher.Sigmas[alive[a]]);
                TensorPrimitives.Multiply(from[alive[a]]!, ratio, x);
                TensorPrimitives.MultiplyAdd(outputs.AsSpan(a * size, size), 1 - ratio, x, x);
                var error = TensorPrimitives.Distance<float>(x, teacher.States[path].AsSpan(j * size, size));
                if (error < errors[j])
                {
                    (errors[j], parents[j], states[j]) = (error, alive[a], (float[])x.Clone());
                }
            }
        }

        return new Layer(states, parents);
    }

    private static int[] Back(List<Layer> layers, int steps, int last)
    {
        var path = new int[steps + 1];
        path[^1] = last;
        for (var n = steps; n >= 1; n--)
        {
            path[n - 1] = layers[n].Parents[path[n]];
        }

        return path;
    }

    private static double[] Median(List<int[]> paths, IReadOnlyList<double> sigmas)
    {
        var knots = new int[paths[0].Length];
        for (var n = 0; n < knots.Length; n++)
        {
            int[] sorted = [.. paths.Select(p => p[n]).Order()];
            // medians of ordered positions are ordered; equal ones are moved apart
            knots[n] = Math.Max(sorted[sorted.Length / 2], n == 0 ? 0 : knots[n - 1] + 1);
        }

        for (var n = knots.Length - 1; n >= 0; n--)
        {
            knots[n] = Math.Min(knots[n], sigmas.Count - knots.Length + n);
        }

        return [.. knots.Select(k => sigmas[k])];
    }
}
