using System.Numerics;
using System.Numerics.Tensors;

namespace BatchEval.Core.Sampling;

/// <summary>What is done to data predictions while sampling.</summary>
/// <param name="Low">They are clamped to values from this.</param>
/// <param name="High">To this. For thresholding the largest limit, at least 1, on either side of 0.</param>
/// <param name="Quantile">Null to clamp; else dynamic thresholding (Saharia et al. 2022): the share of a sample's elements that lie within the limit.</param>
public sealed record DataLimit(double Low, double High, double? Quantile = null)
{
    /// <summary>
    /// Applies it to one sample. Thresholding: s is the quantile of |D|, between elements by linear interpolation, clamped to [1, High]; D is clamped to
    /// plus and minus s and divided by s.
    /// </summary>
    public void Apply<T>(Span<T> data)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        double? s = Quantile is { } q ? Math.Clamp(QuantileOfMagnitudes<T>(data, q), 1, High) : null;
        TensorPrimitives.Max(data, T.CreateChecked(-s ?? Low), data);
        TensorPrimitives.Min(data, T.CreateChecked(s ?? High), data);
        if (s is { } limit)
        {
            TensorPrimitives.Divide(data, T.CreateChecked(limit), data);
        }
    }

    private static double QuantileOfMagnitudes<T>(ReadOnlySpan<T> data, double q)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var magnitudes = new T[data.Length];
        TensorPrimitives.Abs(data, magnitudes);
        Array.Sort(magnitudes);
        var position = q * (magnitudes.Length - 1);
        var low = (int)position;
        return double.Lerp(double.CreateChecked(magnitudes[low]), double.CreateChecked(magnitudes[Math.Min(low + 1, magnitudes.Length - 1)]), position - low);
    }
}
