using System.IO.Compression;
using System.Text;
using System.Text.Json;
using BatchEval.Core.Metrics;
using BatchEval.Tests.Shared;

namespace BatchEval.Core.Tests.Metrics.Golden;

/// <summary>Reads tests/Golden/metrics, written by tools/golden/metrics.py with SciPy and scikit-image.</summary>
internal static class GoldenFiles
{
    private static string Folder => Path.Combine(RepoPaths.Root, "tests", "Golden", "metrics");

    public static JsonElement Json(string name) => JsonDocument.Parse(File.ReadAllText(Path.Combine(Folder, name))).RootElement;

    /// <summary>The features that a set description {n, d, seed, shift} stands for; the recipe is in sets.json.</summary>
    public static FeatureMatrix Features(JsonElement set, double times = 1)
    {
        var (n, d) = (set.GetProperty("n").GetInt32(), set.GetProperty("d").GetInt32());
        var shift = set.GetProperty("shift").GetDouble();
        var u = Uniform(3 * n * d, set.GetProperty("seed").GetUInt64());
        var values = new float[n * d];
        for (var i = 0; i < n; i++)
        for (var j = 0; j < d; j++)
            values[(i * d) + j] = (float)times * (float)(((1 + (0.5 * Math.Sin(j))) * Z(i, j)) + (0.5 * Z(i, (j + 1) % d)) + (shift * Math.Cos(j)));
        return new FeatureMatrix(values, n, d);

        double Z(int i, int j)
        {
            var at = (i * d) + j;
            return u[at] + u[(n * d) + at] + u[(2 * n * d) + at] - 1.5;
        }
    }

    public static double[] Uniform(int count, ulong seed)
    {
        var values = new double[count];
        for (var i = 0; i < count; i++)
        {
            seed = unchecked((seed * 6364136223846793005) + 1442695040888963407);
            values[i] = ((seed >> 11) + 0.5) / (1UL << 53);
        }

        return values;
    }

    /// <summary>A two-dimensional uint8 array of images.npz as numbers.</summary>
    public static (float[] Pixels, int Height, int Width) Image(string name)
    {
        using var archive = ZipFile.OpenRead(Path.Combine(Folder, "images.npz"));
        using var stream = archive.GetEntry(name + ".npy")!.Open();
        using var memory = new MemoryStream();
        stream.CopyTo(memory);
        var bytes = memory.ToArray();
        var start = 10 + BitConverter.ToUInt16(bytes, 8);
        var header = Encoding.ASCII.GetString(bytes, 10, start - 10);
        header.ShouldContain("'|u1'");
        var shape = header[(header.IndexOf('(') + 1)..header.IndexOf(')')].Split(',', StringSplitOptions.TrimEntries).Select(int.Parse).ToArray();
        return (Array.ConvertAll(bytes[start..], b => (float)b), shape[0], shape[1]);
    }
}
