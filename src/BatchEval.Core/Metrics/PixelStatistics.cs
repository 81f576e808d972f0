namespace BatchEval.Core.Metrics;

/// <summary>What a distribution score of images can be moved by without better images: how light they are and how strong their contrast is.</summary>
internal static class PixelStatistics
{
    /// <summary>Mean of all values of an image, 0 to 255.</summary>
    public static double Mean(ReadOnlyMemory<byte> image)
    {
        var sum = 0L;
        foreach (var value in image.Span)
        {
            sum += value;
        }

        return (double)sum / image.Length;
    }

    /// <summary>Standard deviation of all values of an image (dividing by their number), 0 to 127.5.</summary>
    public static double Deviation(ReadOnlyMemory<byte> image)
    {
        var (sum, squares) = (0L, 0L);
        foreach (var value in image.Span)
        {
            sum += value;
            squares += value * value;
        }

        var mean = (double)sum / image.Length;
        return Math.Sqrt(Math.Max(0, ((double)squares / image.Length) - (mean * mean)));
    }
}
