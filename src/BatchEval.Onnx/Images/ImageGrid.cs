namespace BatchEval.Onnx.Images;

/// <summary>Puts images side by side on one contact sheet.</summary>
public static class ImageGrid
{
    // Below this many pixels the shorter side of an image is hard to see.
    private const int VisibleSize = 64;

    private const int LargestPixels = 100_000_000;

    /// <summary>Composes a white sheet; rows are filled from the left, each pixel becomes a square of <paramref name="scale"/> x <paramref name="scale"/>.</summary>
    /// <param name="images">At least one image, all of one size.</param>
    /// <param name="columns">Images per row; if left out, about as many as rows.</param>
    /// <param name="padding">Pixels between images and around them.</param>
    /// <param name="scale">Magnification; if left out, <see cref="VisibleScale"/>.</param>
    /// <exception cref="ArgumentException">No image, several sizes, numbers out of range, or a sheet of more than 100 megapixels.</exception>
    public static RgbImage Compose(IReadOnlyList<RgbImage> images, int? columns = null, int padding = 2, int? scale = null)
    {
        (int width, int height) = TensorImages.CommonSize(images);
        int across = columns ?? (int)Math.Ceiling(Math.Sqrt(images.Count));
        int factor = scale ?? VisibleScale(width, height);
        ArgumentOutOfRangeException.ThrowIfLessThan(across, 1, nameof(columns));
        ArgumentOutOfRangeException.ThrowIfNegative(padding);
        ArgumentOutOfRangeException.ThrowIfLessThan(factor, 1, nameof(scale));
        across = Math.Min(across, images.Count);

        long stepX = ((long)width * factor) + padding;
        long stepY = ((long)height * factor) + padding;
        int down = (images.Count + across - 1) / across;
        RgbImage sheet = Blank((stepX * across) + padding, (stepY * down) + padding);
        for (var i = 0; i < images.Count; i++)
        {
            Place(images[i], sheet, padding + (int)(i % across * stepX), padding + (int)(i / across * stepY), factor);
        }

        return sheet;
    }

    /// <summary>The smallest magnification that makes the shorter side at least 64 pixels: 4 for 16 x 16, 1 from 64 x 64.</summary>
    public static int VisibleScale(int width, int height)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        int shorter = Math.Min(width, height);
        return Math.Max(1, (VisibleSize + shorter - 1) / shorter);
    }

    private static RgbImage Blank(long width, long height)
    {
        if ((Int128)width * height > LargestPixels)
        {
            throw new ArgumentException($"The sheet would be {width} x {height} pixels; at most {LargestPixels / 1_000_000} megapixels are allowed. Use fewer images or a smaller scale.");
        }

        var pixels = new byte[3 * width * height];
        pixels.AsSpan().Fill(byte.MaxValue);
        return new RgbImage((int)width, (int)height, pixels);
    }

    private static void Place(RgbImage image, RgbImage sheet, int left, int top, int scale)
    {
        int length = 3 * image.Width * scale;
        for (var y = 0; y < image.Height; y++)
        {
            Span<byte> first = sheet.Row(top + (y * scale)).Slice(3 * left, length);
            ReadOnlySpan<byte> source = image.Row(y);
            for (var x = 0; x < image.Width * scale; x++)
            {
                source.Slice(3 * (x / scale), 3).CopyTo(first[(3 * x)..]);
            }

            for (var copy = 1; copy < scale; copy++)
            {
                first.CopyTo(sheet.Row(top + (y * scale) + copy)[(3 * left)..]);
            }
        }
    }
}
