namespace BatchEval.Onnx.Images;

/// <summary>The values a model uses for black and white.</summary>
public sealed record PixelRange
{
    /// <param name="low">Value shown as black (0).</param>
    /// <param name="high">Value shown as white (255).</param>
    /// <exception cref="ArgumentException">Not finite, or the low value is not below the high one.</exception>
    public PixelRange(double low, double high)
    {
        if (!double.IsFinite(low) || !double.IsFinite(high) || low >= high)
        {
            throw new ArgumentException($"A pixel range needs two finite values, the lower first; got {low} and {high}.");
        }

        (Low, High) = (low, high);
    }

    /// <summary>[-1, 1]: diffusion models.</summary>
    public static PixelRange Signed { get; } = new(-1, 1);

    /// <summary>[0, 1].</summary>
    public static PixelRange Unit { get; } = new(0, 1);

    /// <summary>Value shown as black.</summary>
    public double Low { get; }

    /// <summary>Value shown as white.</summary>
    public double High { get; }
}
