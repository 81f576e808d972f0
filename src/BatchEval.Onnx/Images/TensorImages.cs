namespace BatchEval.Onnx.Images;

/// <summary>Between a model's tensors [N, C, H, W] and 8-bit images. C is 3 (red, green, blue) or 1 (grey, shown as equal channels).</summary>
public static class TensorImages
{
    /// <summary>Turns a batch into images.</summary>
    /// <param name="values">[N, C, H, W]; N follows from the length.</param>
    /// <param name="channels">C, 1 or 3.</param>
    /// <param name="height">H.</param>
    /// <param name="width">W.</param>
    /// <param name="range">The model's black and white; values beyond are clipped.</param>
    /// <exception cref="ArgumentException">Sizes that do not fit, other channel counts, or a value that is not a number.</exception>
    public static RgbImage[] ToImages(ReadOnlySpan<float> values, int channels, int height, int width, PixelRange range)
    {
        RequireChannels(channels);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        int size = checked(channels * height * width);
        if (values.Length % size != 0)
        {
            throw new ArgumentException($"{values.Length} values are no whole number of images of {channels} x {height} x {width}.", nameof(values));
        }

        var images = new RgbImage[values.Length / size];
        for (var i = 0; i < images.Length; i++)
        {
            images[i] = ToImage(values.Slice(i * size, size), channels, height, width, range);
        }

        return images;
    }

    /// <summary>Turns images of one size into a batch [N, C, H, W].</summary>
    /// <param name="images">At least one image.</param>
    /// <param name="channels">C: 3, or 1 for images whose channels are equal.</param>
    /// <param name="range">The model's black and white.</param>
    /// <exception cref="ArgumentException">No image, several sizes, or colour where grey is asked for.</exception>
    public static float[] ToTensor(IReadOnlyList<RgbImage> images, int channels, PixelRange range)
    {
        RequireChannels(channels);
        (int width, int height) = CommonSize(images);
        float[] levels = [.. Enumerable.Range(0, 256).Select(level => (float)(range.Low + (level / 255.0 * (range.High - range.Low))))];
        var tensor = new float[checked(images.Count * channels * height * width)];
        int plane = width * height;
        for (var i = 0; i < images.Count; i++)
        {
            byte[] pixels = images[i].Pixels;
            if (channels == 1 && !images[i].IsGrey)
            {
                throw new ArgumentException($"Image {i} is in colour; one channel was asked for.", nameof(images));
            }

            for (var channel = 0; channel < channels; channel++)
            {
                Span<float> target = tensor.AsSpan(((i * channels) + channel) * plane, plane);
                for (var p = 0; p < plane; p++)
                {
                    target[p] = levels[pixels[(3 * p) + channel]];
                }
            }
        }

        return tensor;
    }

    /// <summary>(x - low) / (high - low) * 255, rounded (half to even unless told otherwise), clipped to 0..255; computed in double precision.</summary>
    /// <exception cref="ArgumentException">Not a number.</exception>
    public static byte Quantise(float value, PixelRange range, PixelRounding rounding = PixelRounding.Nearest)
    {
        if (float.IsNaN(value))
        {
            throw new ArgumentException("A pixel value is not a number (NaN); the image cannot be shown.", nameof(value));
        }

        var level = (value - range.Low) / (range.High - range.Low) * 255;
        return (byte)Math.Clamp(rounding switch { PixelRounding.Truncate => Math.Truncate(level), PixelRounding.HalfUp => Math.Floor(level + 0.5), _ => Math.Round(level, MidpointRounding.ToEven) }, 0, 255);
    }

    /// <summary>The one size that all images have.</summary>
    /// <exception cref="ArgumentException">No image, or several sizes.</exception>
    internal static (int Width, int Height) CommonSize(IReadOnlyList<RgbImage> images)
    {
        if (images.Count == 0)
        {
            throw new ArgumentException("At least one image is needed.", nameof(images));
        }

        RgbImage first = images[0];
        int odd = images.TakeWhile(image => image.Width == first.Width && image.Height == first.Height).Count();
        return odd == images.Count
            ? (first.Width, first.Height)
            : throw new ArgumentException($"All images must have one size, but image 0 is {first.Width} x {first.Height} and image {odd} is {images[odd].Width} x {images[odd].Height}.", nameof(images));
    }

    private static RgbImage ToImage(ReadOnlySpan<float> values, int channels, int height, int width, PixelRange range)
    {
        int plane = width * height;
        var pixels = new byte[checked(3 * plane)];
        for (var channel = 0; channel < 3; channel++)
        {
            ReadOnlySpan<float> source = values.Slice(channels == 1 ? 0 : channel * plane, plane);
            for (var p = 0; p < plane; p++)
            {
                pixels[(3 * p) + channel] = Quantise(source[p], range);
            }
        }

        return new RgbImage(width, height, pixels);
    }

    private static void RequireChannels(int channels)
    {
        if (channels is not (1 or 3))
        {
            throw new ArgumentException($"Images have 1 or 3 channels, not {channels}. Latents must be decoded first.", nameof(channels));
        }
    }
}
