namespace BatchEval.Onnx.Images;

/// <summary>An 8-bit RGB image; rows from the top, three bytes per pixel.</summary>
public sealed class RgbImage
{
    /// <summary>Wraps pixels without copying them.</summary>
    /// <param name="width">W, at least 1.</param>
    /// <param name="height">H, at least 1.</param>
    /// <param name="pixels">[H, W, 3] bytes, red first.</param>
    /// <exception cref="ArgumentException">The sizes do not fit.</exception>
    public RgbImage(int width, int height, byte[] pixels)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        if (pixels.LongLength != 3L * width * height)
        {
            throw new ArgumentException($"An RGB image of {width} x {height} has {3L * width * height} bytes, but {pixels.LongLength} were given.", nameof(pixels));
        }

        (Width, Height, Pixels) = (width, height, pixels);
    }

    /// <summary>W.</summary>
    public int Width { get; }

    /// <summary>H.</summary>
    public int Height { get; }

    /// <summary>[H, W, 3] bytes, red first.</summary>
    public byte[] Pixels { get; }

    /// <summary>One row, W x 3 bytes.</summary>
    public Span<byte> Row(int y) => Pixels.AsSpan(3 * Width * y, 3 * Width);

    /// <summary>Whether the three channels are equal everywhere.</summary>
    public bool IsGrey
    {
        get
        {
            for (var p = 0; p < Pixels.Length; p += 3)
            {
                if (Pixels[p] != Pixels[p + 1] || Pixels[p] != Pixels[p + 2])
                {
                    return false;
                }
            }

            return true;
        }
    }
}
