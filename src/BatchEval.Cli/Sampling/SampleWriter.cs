using BatchEval.Onnx.Images;
using BatchEval.Onnx.Numpy;
using BatchEval.Onnx.Sampling;

namespace BatchEval.Cli.Sampling;

/// <summary>Writes finished samples: raw states as one array, or images as PNG, and a contact sheet.</summary>
/// <param name="samples">The samples; none of them failed.</param>
/// <param name="decoded">Their images; the samples themselves where nothing decodes them.</param>
internal sealed class SampleWriter(IReadOnlyList<SampleResult> samples, SampleEntry shape, IReadOnlyList<float[]> decoded, SampleEntry image)
{
    private const int GridColumns = 8;
    private readonly Lazy<ImageBatch> images = new(() => ImageBatch.Quantise(decoded, image));

    /// <summary>Whether a path names an array file and not a folder.</summary>
    public static bool IsArray(string path) => path.EndsWith(".npy", StringComparison.OrdinalIgnoreCase);

    /// <summary>Writes states or images.</summary>
    /// <param name="path">A <c>.npy</c> file or a folder.</param>
    /// <returns>The files written.</returns>
    public IReadOnlyList<string> Write(string path) => Input.Read<IReadOnlyList<string>>("--out", () =>
    {
        if (IsArray(path))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            float[] values = [.. samples.SelectMany(s => s.Image)];
            NpyFormat.WriteFile(path, NpyArray.From(values, samples.Count, shape.Channels, shape.Height, shape.Width));
            return [path];
        }

        Directory.CreateDirectory(path);
        return [.. samples.Select((s, i) => WriteImage(path, s, i))];
    });

    /// <summary>Writes decoded images as an array of floating point, before they are rounded.</summary>
    public void WriteDecoded(string path) => Input.Read("--images", () =>
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        float[] values = [.. decoded.SelectMany(d => d)];
        NpyFormat.WriteFile(path, NpyArray.From(values, samples.Count, image.Channels, image.Height, image.Width));
        return path;
    });

    /// <summary>Writes a contact sheet.</summary>
    public void WriteGrid(string path) => Input.Read("--grid", () =>
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        RgbImage[] all = [.. Enumerable.Range(0, samples.Count).Select(images.Value.ToRgb)];
        File.WriteAllBytes(path, ImageCodec.EncodePng(ImageGrid.Compose(all, GridColumns, 2, Math.Clamp(64 / image.Width, 1, 4))));
        return path;
    });

    /// <summary>Refuses images of a model whose samples are none.</summary>
    public static void RequireImages(SampleEntry shape, string option)
    {
        if (shape.Channels is not (1 or 3))
        {
            throw new ProblemException($"{option}: the model's samples have {shape.Channels} channels and are no images; write them as an array with --out <file>.npy.");
        }
    }

    private string WriteImage(string folder, SampleResult sample, int index)
    {
        var path = Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{sample.Sample:D6}.png"));
        File.WriteAllBytes(path, ImageCodec.EncodePng(images.Value.ToRgb(index)));
        return path;
    }
}
