namespace BatchEval.Onnx.Images;

/// <summary>
/// Antialiased bicubic resampling in Pillow's convention: the kernel with a = -0.5 is widened by the factor of reduction, its weights within the image
/// are normalised to 1, rows are resampled before columns, sums are double and each pass is stored in single precision.
/// </summary>
internal static class BicubicFilter
{
    private const double Support = 2;

    public static void Resize(float[] from, int inWidth, int inHeight, Span<float> to, int width, int height)
    {
        float[] wide = from;
        if (width != inWidth)
        {
            wide = new float[width * inHeight];
            (int First, double[] Weights)[] columns = Windows(inWidth, width);
            for (var y = 0; y < inHeight; y++)
            {
                ReadOnlySpan<float> row = from.AsSpan(y * inWidth, inWidth);
                for (var x = 0; x < width; x++)
                {
                    wide[(y * width) + x] = (float)Sum(row[columns[x].First..], 1, columns[x].Weights);
                }
            }
        }

        (int First, double[] Weights)[]? rows = height == inHeight ? null : Windows(inHeight, height);
        for (var y = 0; y < height; y++)
        {
            for (var x = 0; x < width; x++)
            {
                float value = rows is null ? wide[(y * width) + x] : (float)Sum(wide.AsSpan((rows[y].First * width) + x), width, rows[y].Weights);
                to[(y * width) + x] = Math.Clamp(value, 0, 255);
            }
        }
    }

    private static double Sum(ReadOnlySpan<float> values, int stride, double[] weights)
    {
        double sum = 0;
        for (var i = 0; i < weights.Length; i++)
        {
            sum += values[i * stride] * weights[i];
        }

        return sum;
    }

    private static (int First, double[] Weights)[] Windows(int size, int target)
    {
        double scale = size / (double)target;
        double widened = Math.Max(scale, 1);
        var windows = new (int, double[])[target];
        for (var i = 0; i < target; i++)
        {
            double centre = (i + 0.5) * scale;
            int first = Math.Max(0, (int)(centre - (Support * widened) + 0.5));
            int end = Math.Min(size, (int)(centre + (Support * widened) + 0.5));
            var weights = new double[end - first];
            for (var j = 0; j < weights.Length; j++)
            {
                weights[j] = Kernel((j + first - centre + 0.5) / widened);
            }

            double total = weights.Sum();
            windows[i] = (first, Array.ConvertAll(weights, weight => weight / total));
        }

        return windows;
    }

    private static double Kernel(double x)
    {
        const double A = -0.5;
        x = Math.Abs(x);
        return x < 1 ? ((((A + 2) * x) - (A + 3)) * x * x) + 1
            : x < 2 ? ((((x - 5) * x) + 8) * x - 4) * A
            : 0;
    }
}
