namespace BatchEval.Core.Metrics;

/// <summary>Separable Gaussian filter without padding: of H x W numbers, (H - size + 1) x (W - size + 1) remain.</summary>
internal sealed class GaussianWindow
{
    private readonly double[] weights;

    public GaussianWindow(int size, double sigma)
    {
        weights = new double[size];
        var centre = (size - 1) / 2.0;
        for (var i = 0; i < size; i++) weights[i] = Math.Exp(-(i - centre) * (i - centre) / (2 * sigma * sigma));
        var sum = weights.Sum();
        for (var i = 0; i < size; i++) weights[i] /= sum;
    }

    public int Size => weights.Length;

    public double[] Filter(double[] plane, int height, int width)
    {
        var (outHeight, outWidth) = (height - Size + 1, width - Size + 1);
        var horizontal = new double[height * outWidth];
        for (var y = 0; y < height; y++)
        {
            var to = horizontal.AsSpan(y * outWidth, outWidth);
            for (var t = 0; t < Size; t++) LinearAlgebra.VectorMath.AddScaled(weights[t], plane.AsSpan((y * width) + t, outWidth), to);
        }

        var filtered = new double[outHeight * outWidth];
        for (var y = 0; y < outHeight; y++)
        {
            var to = filtered.AsSpan(y * outWidth, outWidth);
            for (var t = 0; t < Size; t++) LinearAlgebra.VectorMath.AddScaled(weights[t], horizontal.AsSpan((y + t) * outWidth, outWidth), to);
        }

        return filtered;
    }
}
