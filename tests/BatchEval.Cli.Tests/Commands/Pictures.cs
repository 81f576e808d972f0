using BatchEval.Onnx.Images;
using BatchEval.Onnx.Numpy;

namespace BatchEval.Cli.Tests.Commands;

/// <summary>Square grey images for tests.</summary>
internal sealed record Pictures(byte[][] Levels, int Side)
{
    /// <summary>Random but smooth: a slope of random direction and brightness.</summary>
    public static Pictures Random(int count, int side, int seed)
    {
        var random = new Random(seed);
        return new Pictures([.. Enumerable.Range(0, count).Select(_ =>
        {
            var (a, b, c) = ((2 * random.NextDouble()) - 1, (2 * random.NextDouble()) - 1, random.NextDouble());
            return Enumerable.Range(0, side * side).Select(i => (byte)Math.Clamp(255 * (c + (a * (i % side) / side) + (b * (i / side) / side)), 0, 255)).ToArray();
        })], side);
    }

    /// <summary>A little darker.</summary>
    public Pictures Darker() => this with { Levels = [.. Levels.Select(l => l.Select(v => (byte)(v * 9 / 10)).ToArray())] };

    public void WriteFolder(string folder)
    {
        Directory.CreateDirectory(folder);
        for (var i = 0; i < Levels.Length; i++)
        {
            File.WriteAllBytes(Path.Combine(folder, $"{i:D6}.png"), ImageCodec.EncodePng(new RgbImage(Side, Side, [.. Levels[i].SelectMany(v => new[] { v, v, v })])));
        }
    }

    public void WriteArray(string file) => NpyFormat.WriteFile(file, NpyArray.From([.. Levels.SelectMany(l => l)], Levels.Length, Side, Side));
}
