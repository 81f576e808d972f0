using BatchEval.Core.Metrics;
using BatchEval.Onnx.Numpy;
using BatchEval.Onnx.Packages;

namespace BatchEval.Workflow.Models;

/// <summary>Reads a package's reference statistics.</summary>
internal static class ReferenceStatistics
{
    public static FrechetReference Read(ModelPackage package, ReferenceEntry reference, StatisticsEntry entry)
    {
        var path = package.PathOf(reference.File);
        var statistics = Read(path, entry);
        var wanted = package.Manifest.Features!.Dimensions;
        if (statistics.Dimensions != wanted)
        {
            throw new ProblemException($"'{path}' holds statistics of {statistics.Dimensions} dimensions; the feature network gives {wanted}.");
        }

        try
        {
            return new FrechetReference(statistics);
        }
        catch (ArgumentException error)
        {
            throw new ProblemException($"The covariance '{entry.Covariance}' in '{path}' cannot be used: {error.Message}");
        }
    }

    private static GaussianStatistics Read(string path, StatisticsEntry entry)
    {
        try
        {
            return StatisticsFile.Read(path, entry.Mean, entry.Covariance, entry.Count);
        }
        catch (InvalidDataException error)
        {
            throw new ProblemException(error.Message);
        }
    }
}
