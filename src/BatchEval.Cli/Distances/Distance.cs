using BatchEval.Core.Json;
using BatchEval.Core.Metrics;

namespace BatchEval.Cli.Distances;

/// <summary>A Frechet distance with what is known about its error.</summary>
/// <param name="Fid">The distance.</param>
/// <param name="StandardError">Standard error from the sides whose features are known, or null.</param>
/// <param name="Note">What the error covers, or why there is none.</param>
internal sealed record Distance(double Fid, double? StandardError, string Note)
{
    /// <summary>The distance of two sides.</summary>
    /// <exception cref="ProblemException">They do not come from the same kind of features.</exception>
    public static Distance Between(DistanceSide a, DistanceSide b)
    {
        if (a.Statistics.Dimensions != b.Statistics.Dimensions)
        {
            throw new ProblemException($"The first side has {a.Statistics.Dimensions} dimensions and the second {b.Statistics.Dimensions}; both must come from the same layer of the same feature network.");
        }

        var first = new FrechetReference(a.Statistics, Environment.ProcessorCount);
        var second = new FrechetReference(b.Statistics, Environment.ProcessorCount);
        var fid = b.Features is { } features && a.Features is null ? first.DistanceTo(features)
            : a.Features is { } others && b.Features is null ? second.DistanceTo(others)
            : first.DistanceTo(b.Statistics);
        double?[] errors = [ErrorOf(second, a.Features), ErrorOf(first, b.Features)];
        double[] known = [.. errors.OfType<double>()];
        var note = known.Length switch
        {
            0 => $"no standard error: it needs features of at least {2 * FrechetJackknife.DefaultGroups} samples",
            1 => $"delete-group jackknife over {FrechetJackknife.DefaultGroups} groups of the side with features; the other side counts as fixed",
            _ => $"delete-group jackknife over {FrechetJackknife.DefaultGroups} groups of each side",
        };
        return new Distance(fid, known.Length == 0 ? null : Math.Sqrt(known.Sum(e => e * e)), note);
    }

    private static double? ErrorOf(FrechetReference reference, FeatureMatrix? features) =>
        features is null || features.Count < 2 * FrechetJackknife.DefaultGroups ? null : FrechetJackknife.Estimate(reference, features).StandardError;
}
