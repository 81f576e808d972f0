namespace BatchEval.Core.Sampling.Configurations;

/// <summary>What is done to data predictions while sampling.</summary>
/// <param name="Range">They are clamped to plus and minus this; for thresholding the largest limit.</param>
/// <param name="Quantile">Null to clamp; else dynamic thresholding (Saharia et al. 2022): the share of elements that lie within the limit.</param>
public sealed record DataLimit(double Range, double? Quantile = null);
