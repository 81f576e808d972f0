using System.Globalization;
using BatchEval.Onnx.Graph;

namespace BatchEval.Onnx.Sampling;

/// <summary>Memory of one network of a model.</summary>
/// <param name="WeightBytes">Bytes of its files.</param>
public sealed record MemoryPart(string Part, long WeightBytes);

/// <summary>
/// What a model's networks take, said before anything is opened. While <c>sample</c> works, one of them is open at a time; a run keeps all of them open, and opens text
/// encoders beside them one after another. On the processor weights count twice while they are loaded, since ONNX Runtime keeps those of products and convolutions in
/// packed form beside the file's own (1.7 times with a first call, docs/models.md). What calls take beside the weights is measured once the denoiser is open
/// (<see cref="SamplingModel.RowBytes"/>).
/// </summary>
/// <param name="AvailableBytes">Memory that this process may use, of the device where networks run on one.</param>
public sealed record MemoryPlan(IReadOnlyList<MemoryPart> Parts, long AvailableBytes)
{
    private const string TextEncoder = "text encoder", Classifier = "classifier", Denoiser = "denoiser";

    /// <summary>Whether all are open at once, as in a run.</summary>
    public bool Together { get; init; }

    /// <summary>How many times the weights of a network count while it is loaded.</summary>
    public double Loading { get; init; } = 2;

    /// <summary>Bytes needed at the peak, of weights alone.</summary>
    public double PeakBytes
    {
        get
        {
            var encoder = Loading * Largest(Parts.Where(p => p.Part == TextEncoder));
            var others = Parts.Where(p => p.Part != TextEncoder).ToList();
            var sampling = others.Where(p => p.Part is Denoiser or Classifier).ToList();
            return !Together
                ? new[] { encoder, Total(sampling) + ((Loading - 1) * Largest(sampling)), Loading * Largest(others) }.Max()
                : Total(others) + Math.Max(encoder, (Loading - 1) * Largest(others));
        }
    }

    /// <summary>The plan of a model.</summary>
    /// <param name="together">Whether for a run, which also opens what it measures with.</param>
    public static MemoryPlan Of(ModelPackage package, DeviceOptions device, bool together = false)
    {
        var manifest = package.Manifest;
        List<(string Part, string? File)> parts = [.. (manifest.Text?.Encoders ?? []).Select(e => (TextEncoder, (string?)e.File)), (Denoiser, manifest.Denoiser.File), (Classifier, manifest.Classifier?.File), ("decoder", manifest.Decoder?.File)];
        if (together)
        {
            parts.AddRange([("feature network", manifest.Features?.File), ("perceptual network", manifest.Perceptual?.File)]);
            if (manifest.SecondFolder is { } second)
            {
                var network = FeaturePackage.Open(package.PathOf(second)).Manifest.Features;
                parts.Add(("second feature network", network is null ? null : Path.Combine(second, network.File)));
            }

            if (manifest.ClipFolder is { } clip)
            {
                var networks = FeaturePackage.Open(package.PathOf(clip)).Manifest;
                parts.AddRange(new[] { networks.Features?.File, networks.Text?.File }.Select(file => ("CLIP", file is null ? null : Path.Combine(clip, file))));
            }
        }

        var available = device.CudaIndex is null ? GC.GetGCMemoryInfo().TotalAvailableMemoryBytes : DeviceMemory.FreeBytes(device) ?? long.MaxValue;
        return new MemoryPlan([.. parts.Where(p => p.File is not null).Select(p => new MemoryPart(p.Part, Size(package.PathOf(p.File!))))], available)
        {
            Together = together,
            Loading = device.CudaIndex is null ? 2 : 1,
        };
    }

    /// <summary>Refuses a model that cannot fit.</summary>
    /// <exception cref="ProblemException">The networks need more than there is.</exception>
    public MemoryPlan Require() => PeakBytes <= AvailableBytes ? this
        : throw new ProblemException($"The model does not fit into memory: {this}.");

    public override string ToString() =>
        $"{string.Join(", ", Parts.Select(p => $"{p.Part} {Text(p.WeightBytes)}"))} of weights, {(Together ? "open at once in a run" : "one network open at a time")}, about {Text(PeakBytes)} while the largest is loaded{(AvailableBytes == long.MaxValue ? string.Empty : $"; {Text(AvailableBytes)} there are")}";

    /// <summary>A number of bytes for people.</summary>
    public static string Text(double bytes) => bytes switch
    {
        >= 1e9 => (bytes / 1e9).ToString("0.0 GB", CultureInfo.InvariantCulture),
        >= 1e6 => (bytes / 1e6).ToString("0.# MB", CultureInfo.InvariantCulture),
        _ => (bytes / 1e3).ToString("0 kB", CultureInfo.InvariantCulture),
    };

    private static long Size(string file)
    {
        var folder = Path.GetDirectoryName(file)!;
        return LinkedFile.Of(file).Length + OnnxModel.Open(file).WeightFiles.Sum(w => LinkedFile.Of(Path.Combine(folder, w)).Length);
    }

    private static double Total(IEnumerable<MemoryPart> parts) => parts.Sum(p => (double)p.WeightBytes);

    private static double Largest(IEnumerable<MemoryPart> parts) => parts.Select(p => (double)p.WeightBytes).DefaultIfEmpty().Max();
}
