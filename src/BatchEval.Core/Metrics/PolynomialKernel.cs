namespace BatchEval.Core.Metrics;

/// <summary>The kernel k(x, y) = (gamma x.y + coef0)^degree of KID.</summary>
/// <param name="Degree">Exponent, at least 1; 3 in all tools.</param>
/// <param name="Gamma">Factor of the inner product, above 0; null for 1 / d, as in all tools.</param>
/// <param name="Coef0">Constant; 1 in all tools.</param>
public sealed record PolynomialKernel(int Degree = 3, double? Gamma = null, double Coef0 = 1)
{
    internal void Apply(Span<double> innerProducts, int dimensions)
    {
        var gamma = Gamma ?? 1.0 / dimensions;
        for (var j = 0; j < innerProducts.Length; j++)
        {
            var u = (gamma * innerProducts[j]) + Coef0;
            var power = u;
            for (var e = 1; e < Degree; e++) power *= u;
            innerProducts[j] = power;
        }
    }

    internal void Validate()
    {
        if (Degree < 1) throw new ArgumentException($"The degree of the kernel is {Degree}; it must be at least 1.");
        if (Gamma is { } gamma && !(gamma > 0 && double.IsFinite(gamma))) throw new ArgumentException($"Gamma of the kernel is {gamma}; it must be a finite number above 0.");
    }
}
