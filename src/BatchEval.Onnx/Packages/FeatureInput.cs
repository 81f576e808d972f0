using System.Globalization;
using BatchEval.Onnx.Images;

namespace BatchEval.Onnx.Packages;

/// <summary>How 8-bit images become the input of a feature network: resize to its size, then (value - mean) / std per channel on the scale 0 to 255.</summary>
/// <param name="Channels">3, or 1 for images whose channels are equal.</param>
/// <param name="Height">Height that the network takes.</param>
/// <param name="Mean">One value per channel, 0..255.</param>
/// <param name="Deviation">One value per channel, above 0.</param>
/// <param name="FixedTag">Tag that replaces the derived one where nothing is resized, or null.</param>
public sealed record FeatureInput(int Channels, int Height, int Width, ResizeMethod Resize, IReadOnlyList<double> Mean, IReadOnlyList<double> Deviation, string? FixedTag = null)
{
    /// <summary>Numbers per image.</summary>
    public int Size => Channels * Height * Width;

    /// <summary>
    /// Tag that comparable scores share. It is derived from what is done, so that it cannot lie: for example <c>antialiased-bicubic 299x299 (x-128)/128</c>.
    /// </summary>
    public string Tag => FixedTag is { } tag && Resize == ResizeMethod.None ? tag : $"{Resize.Name()} {Width}x{Height} (x-{Text(Mean)})/{Text(Deviation)}";

    /// <summary>The input for images in a model's own size and range.</summary>
    public static FeatureInput OfModel(SampleEntry sample, string tag)
    {
        double span = (sample.High - sample.Low) / 255;
        return new FeatureInput(
            sample.Channels, sample.Height, sample.Width, ResizeMethod.None,
            [.. Enumerable.Repeat(-sample.Low / span, sample.Channels)], [.. Enumerable.Repeat(1 / span, sample.Channels)], tag);
    }

    /// <summary>Writes one image as the network takes it.</summary>
    /// <param name="image">Any size if a resize is named.</param>
    /// <param name="to">[C, H, W].</param>
    /// <exception cref="ProblemException">The size does not fit and no resize is named, or colour where grey is needed.</exception>
    public void Write(RgbImage image, string name, Span<float> to)
    {
        if (Resize == ResizeMethod.None && (image.Width != Width || image.Height != Height))
        {
            throw new ProblemException($"{name} is {image.Width} x {image.Height}; the network takes images of {Width} x {Height}, and nothing is resized. Name a resize: {string.Join(", ", ResizeMethods.Names.Skip(1))}.");
        }

        if (Channels == 1 && !image.IsGrey)
        {
            throw new ProblemException($"{name} is in colour; the network takes grey images.");
        }

        float[] planes = ImageResizer.Resize(image, Width, Height, Resize);
        int area = Height * Width;
        for (var c = 0; c < Channels; c++)
        {
            (double mean, double deviation) = (Mean[c], Deviation[c]);
            for (var p = c * area; p < (c + 1) * area; p++)
            {
                to[p] = (float)((planes[p] - mean) / deviation);
            }
        }
    }

    private static string Text(IReadOnlyList<double> values)
    {
        string[] texts = [.. values.Select(v => v.ToString("G9", CultureInfo.InvariantCulture)).Distinct()];
        return texts.Length == 1 ? texts[0] : $"[{string.Join(' ', values.Select(v => v.ToString("G9", CultureInfo.InvariantCulture)))}]";
    }
}
