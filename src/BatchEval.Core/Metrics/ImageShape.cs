namespace BatchEval.Core.Metrics;

/// <summary>Shape of an image stored plane after plane (CHW), each plane row-major.</summary>
/// <param name="Channels">At least 1.</param>
/// <param name="Height">At least 1.</param>
/// <param name="Width">At least 1.</param>
public readonly record struct ImageShape(int Channels, int Height, int Width)
{
    /// <summary>Numbers per channel.</summary>
    public int PlaneLength => Height * Width;

    /// <summary>Numbers per image.</summary>
    public int Length => Channels * Height * Width;

    internal void Require(ReadOnlySpan<float> image, ReadOnlySpan<float> reference)
    {
        if (Channels < 1 || Height < 1 || Width < 1) throw new ArgumentException($"An image of {Channels} x {Height} x {Width} is empty.");
        if (image.Length != Length || reference.Length != Length)
            throw new ArgumentException($"Images of {Channels} x {Height} x {Width} have {Length} numbers, but the image has {image.Length} and the reference {reference.Length}.");
    }
}
