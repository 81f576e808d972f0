namespace BatchEval.Core.Sampling.Placement;

/// <summary>Where on the noise axis a rule begins and ends, and its shape parameters.</summary>
/// <param name="Start">Largest time to use; null for the rule's own, as a rule the model's largest.</param>
/// <param name="End">Smallest time to use; null for the model's own.</param>
/// <param name="Rho">Exponent of the Karras rule; 7 in the paper.</param>
/// <param name="Offset">Added to every time of the leading rule (diffusers' <c>steps_offset</c>).</param>
/// <param name="Scale">c of the arctan rule.</param>
/// <param name="Alpha">First parameter of the beta rules.</param>
/// <param name="Beta">Second parameter of the beta rules.</param>
/// <param name="Threshold">Share of the noise that the linear half of linear-quadratic covers.</param>
public sealed record PlacementOptions(
    double? Start = null, double? End = null, double Rho = 7, int Offset = 0, double Scale = 1, double Alpha = 0.6, double Beta = 0.6, double Threshold = 0.025)
{
    /// <summary>The model's full range and every tool's usual parameters.</summary>
    public static PlacementOptions Default { get; } = new();

    /// <summary>The part of a model's range between two levels, as other tools call them.</summary>
    /// <exception cref="ArgumentException">Not inside the model's range, or empty.</exception>
    public static (double? Start, double? End) Between(NoiseSchedule noise, double? sigmaMin, double? sigmaMax)
    {
        var (least, most) = (noise.SigmaAt(noise.MinTime), noise.SigmaAt(noise.MaxTime));
        var (low, high) = (sigmaMin ?? least, sigmaMax ?? most);
        if (!(low > 0 && high > low))
        {
            throw new ArgumentException($"Need 0 < sigma-min < sigma-max, got sigma-min = {low} and sigma-max = {high}.");
        }

        const double Slack = 1e-9;
        foreach (var sigma in new[] { low, high })
        {
            if (sigma < least * (1 - Slack) || sigma > most * (1 + Slack))
            {
                throw new ArgumentException($"sigma = {sigma} lies outside the model's range [{least:G6}, {most:G6}].");
            }
        }

        return (sigmaMax is { } h ? noise.TimeOfSigma(h) : null, sigmaMin is { } l ? noise.TimeOfSigma(l) : null);
    }

    /// <summary>Refuses an empty range or one outside the model's, and parameters that mean nothing.</summary>
    internal void Check(NoiseSchedule noise)
    {
        foreach (var (label, time) in new[] { ("start", Start), ("end", End) })
        {
            if (time is { } t && !(t >= noise.MinTime && t <= noise.MaxTime))
            {
                throw new ArgumentException($"The {label} {t} lies outside the model's range [{noise.MinTime}, {noise.MaxTime}].");
            }
        }

        if (!((Start ?? noise.MaxTime) > (End ?? noise.MinTime)))
        {
            throw new ArgumentException($"The start {Start ?? noise.MaxTime} must lie above the end {End ?? noise.MinTime}.");
        }

        if (!(Rho > 0))
        {
            throw new ArgumentException($"rho must be positive, got {Rho}.");
        }
    }
}
