namespace BatchEval.Onnx.Images;

/// <summary>Resizes 8-bit images to float planes, in single precision as the libraries do whose results it matches.</summary>
internal static class ImageResizer
{
    /// <summary>Resizes an image.</summary>
    /// <param name="method">How; <see cref="ResizeMethod.None"/> needs the size to fit already.</param>
    /// <returns>[3, height, width] from 0 to 255, red first, not rounded.</returns>
    public static float[] Resize(RgbImage image, int width, int height, ResizeMethod method)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        bool fits = image.Width == width && image.Height == height;
        if (method == ResizeMethod.None && !fits)
        {
            throw new ArgumentException($"The image is {image.Width} x {image.Height} and {width} x {height} is needed, but no resize is named; choose one: {string.Join(", ", ResizeMethods.Names.Skip(1))}.", nameof(image));
        }

        var result = new float[3 * width * height];
        var plane = new float[image.Width * image.Height];
        for (var channel = 0; channel < 3; channel++)
        {
            for (var p = 0; p < plane.Length; p++)
            {
                plane[p] = image.Pixels[(3 * p) + channel];
            }

            Span<float> to = result.AsSpan(channel * width * height, width * height);
            if (fits)
            {
                plane.CopyTo(to);
            }
            else if (method == ResizeMethod.AntialiasedBicubic)
            {
                BicubicFilter.Resize(plane, image.Width, image.Height, to, width, height);
            }
            else
            {
                Bilinear(plane, image.Width, image.Height, to, width, height, method);
            }
        }

        return result;
    }

    private static void Bilinear(float[] from, int inWidth, int inHeight, Span<float> to, int width, int height, ResizeMethod method)
    {
        (int Low, int High, float Part)[] columns = Positions(inWidth, width, method);
        (int Low, int High, float Part)[] rows = Positions(inHeight, height, method);
        for (var y = 0; y < height; y++)
        {
            ReadOnlySpan<float> above = from.AsSpan(rows[y].Low * inWidth, inWidth);
            ReadOnlySpan<float> below = from.AsSpan(rows[y].High * inWidth, inWidth);
            float v = rows[y].Part;
            for (var x = 0; x < width; x++)
            {
                (int left, int right, float u) = columns[x];
                float top = above[left] + ((above[right] - above[left]) * u);
                float bottom = below[left] + ((below[right] - below[left]) * u);
                to[(y * width) + x] = top + ((bottom - top) * v);
            }
        }
    }

    private static (int Low, int High, float Part)[] Positions(int size, int target, ResizeMethod method)
    {
        float scale = size / (float)target;
        var positions = new (int, int, float)[target];
        for (var i = 0; i < target; i++)
        {
            float at = method == ResizeMethod.Tf1Bilinear ? i * scale : Math.Max(0, (scale * (i + 0.5f)) - 0.5f);
            int low = Math.Min((int)at, size - 1);
            positions[i] = (low, Math.Min(low + 1, size - 1), at - low);
        }

        return positions;
    }
}
