using System.Globalization;
using BatchEval.Onnx.Graph;

namespace BatchEval.Onnx.Sampling;

/// <summary>Memory of one network of a model.</summary>
/// <param name="WeightBytes">Bytes of its files.</param>
public sealed record MemoryPart(string Part, long WeightBytes);

/// <summary>
/// What a model's networks take, said before anything is opened. One of them is open at a time while <c>sample</c> works; weights count twice, since ONNX
/// Runtime keeps those of products and convolutions in packed form beside the file's own while it loads (1.7 times with a first call, docs/models.md).
/// </summary>
/// <param name="AvailableBytes">Memory that this process may use.</param>
public sealed record MemoryPlan(IReadOnlyList<MemoryPart> Parts, long AvailableBytes)
{
    private const double Loading = 2;

    /// <summary>Bytes needed at the peak, of weights alone.</summary>
    public double PeakBytes => Loading * Parts.Max(p => p.WeightBytes);

    public static MemoryPlan Of(ModelPackage package)
    {
        var manifest = package.Manifest;
        var parts = (manifest.Text?.Encoders ?? []).Select(e => (Part: "text encoder", File: e.File)).Append((Part: "denoiser", File: manifest.Denoiser.File));
        if (manifest.Decoder is { } decoder)
        {
            parts = parts.Append((Part: "decoder", File: decoder.File));
        }

        return new MemoryPlan([.. parts.Select(p => new MemoryPart(p.Part, Size(package.PathOf(p.File))))], GC.GetGCMemoryInfo().TotalAvailableMemoryBytes);
    }

    /// <summary>Refuses a model that cannot fit.</summary>
    /// <exception cref="ProblemException">The largest network needs more than there is.</exception>
    public MemoryPlan Require() => PeakBytes <= AvailableBytes ? this
        : throw new ProblemException($"The model does not fit into memory: {this}.");

    public override string ToString() =>
        $"{string.Join(", ", Parts.Select(p => $"{p.Part} {Text(p.WeightBytes)}"))} of weights, one network open at a time, about {Text(PeakBytes)} while the largest is loaded; {Text(AvailableBytes)} there are";

    private static long Size(string file)
    {
        var folder = Path.GetDirectoryName(file)!;
        return LinkedFile.Of(file).Length + OnnxModel.Open(file).WeightFiles.Sum(w => LinkedFile.Of(Path.Combine(folder, w)).Length);
    }

    private static string Text(double bytes) => bytes >= 1e9 ? (bytes / 1e9).ToString("0.0 GB", CultureInfo.InvariantCulture) : (bytes / 1e6).ToString("0.# MB", CultureInfo.InvariantCulture);
}
