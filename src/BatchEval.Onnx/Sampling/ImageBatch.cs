using BatchEval.Onnx.Images;

namespace BatchEval.Onnx.Sampling;

/// <summary>Images as they are published and scored: unsigned bytes [N, C, H, W].</summary>
/// <param name="Shape">[N, C, H, W].</param>
public sealed record ImageBatch(byte[] Pixels, IReadOnlyList<int> Shape)
{
    public int Count => Shape[0];

    /// <summary>Values per image.</summary>
    public int Size => Shape[1] * Shape[2] * Shape[3];

    public ReadOnlySpan<byte> this[int index] => Pixels.AsSpan(index * Size, Size);

    /// <summary>Rounds samples to bytes: [Low, High] onto 0..255, half to even, clipped.</summary>
    public static ImageBatch Quantise(IReadOnlyList<float[]> samples, SampleEntry shape)
    {
        var range = new PixelRange(shape.Low, shape.High);
        var pixels = new byte[samples.Count * shape.Size];
        for (var i = 0; i < pixels.Length; i++)
        {
            pixels[i] = TensorImages.Quantise(samples[i / shape.Size][i % shape.Size], range, shape.Rounding);
        }

        return new ImageBatch(pixels, [samples.Count, shape.Channels, shape.Height, shape.Width]);
    }

    /// <summary>One image for people: three channels as they are, anything else as grey from the first channel.</summary>
    public RgbImage ToRgb(int index)
    {
        var (channels, height, width) = (Shape[1], Shape[2], Shape[3]);
        var planes = this[index];
        var area = height * width;
        var rgb = new byte[area * 3];
        for (var i = 0; i < area; i++)
        {
            for (var c = 0; c < 3; c++)
            {
                rgb[(3 * i) + c] = planes[channels == 3 ? (c * area) + i : i];
            }
        }

        return new RgbImage(width, height, rgb);
    }

    /// <summary>The images back in the model's range.</summary>
    public float[] ToModelRange(SampleEntry shape)
    {
        var scale = (shape.High - shape.Low) / 255;
        return Array.ConvertAll(Pixels, p => (float)(shape.Low + (p * scale)));
    }
}
