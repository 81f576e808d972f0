using BatchEval.Core.Metrics;
using BatchEval.Workflow.Skipping;

namespace BatchEval.Cli.Skipping;

/// <summary>Measurements as JSON.</summary>
internal static class SkipDocument
{
    /// <summary>Means of a measurement, with the distribution of its calls and paired metrics.</summary>
    public static JsonObject Of(SkipMeasurement m) => new()
    {
        ["networkCalls"] = Distribution(m.NetworkCalls.Select(c => (double)c)),
        ["psnr"] = Distribution(m.Psnr),
        ["ssim"] = Distribution(m.Ssim),
        ["lpips"] = Distribution(m.Lpips),
        ["fid"] = m.Fid,
        ["milliseconds"] = m.Milliseconds,
        ["processorMilliseconds"] = m.ProcessorMilliseconds,
    };

    private static JsonObject? Distribution(IEnumerable<double>? values)
    {
        if (values?.ToArray() is not { Length: > 0 } all)
        {
            return null;
        }

        var q = Quantiles.Of(all, [0, 0.05, 0.5, 0.95, 1]);
        return new JsonObject { ["mean"] = all.Average(), ["min"] = q[0], ["p05"] = q[1], ["median"] = q[2], ["p95"] = q[3], ["max"] = q[4] };
    }
}
