using System.Text.Json;
using BatchEval.Onnx.Blocks;
using BatchEval.Onnx.Graph;
using BatchEval.Onnx.Graph.Proto;
using BatchEval.Onnx.Networks;
using BatchEval.Onnx.Numpy;
using BatchEval.Onnx.Packages;
using BatchEval.Onnx.Runtime;
using BatchEval.Tests.Shared;
using Microsoft.ML.OnnxRuntime;

namespace BatchEval.Onnx.Tests.Blocks;

/// <summary>One of the recorded networks: its graph, what PyTorch says its blocks are, and what PyTorch computes without them.</summary>
public sealed class TestNetwork : IDisposable
{
    public static readonly DeviceOptions Device = new();
    private readonly NpzFile golden;
    private readonly JsonElement document;

    public TestNetwork(string name, string file = "model.onnx")
    {
        var folder = Path.Combine(RepoPaths.Root, "tests", "Golden", "networks", name);
        Package = ModelPackage.Open(folder);
        Manifest = Package.Manifest with { Denoiser = Package.Manifest.Denoiser with { File = file } };
        golden = NpzFile.Open(Path.Combine(folder, "golden.npz"));
        document = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "blocks.json"))).RootElement;
        Tolerance = document.GetProperty("files").EnumerateArray().Single(f => f.GetProperty("file").GetString() == file).GetProperty("relativeTolerance").GetDouble();
        Graph = BlockDiscovery.Find(OnnxModel.Open(Path.Combine(folder, file)));
    }

    public ModelPackage Package { get; }

    public ModelManifest Manifest { get; }

    public BlockGraph Graph { get; }

    /// <summary>1e-4 for single precision; more for half.</summary>
    public double Tolerance { get; }

    public double TotalMacs => document.GetProperty("totalMacs").GetDouble();

    public long TotalParameters => document.GetProperty("totalParameters").GetInt64();

    public IReadOnlyList<JsonElement> Blocks => [.. document.GetProperty("blocks").EnumerateArray()];

    public Conditioning Conditioning => new([.. Feeds().Select(f => new ConstantSource(f.Input, f.Data, [.. f.Shape.Skip(1).Select(d => (int)d)]))]);

    /// <summary>Every block alone and the recorded masks, with what PyTorch computes.</summary>
    public IEnumerable<(int[] Drop, float[] Expected)> Recorded()
    {
        var size = Manifest.Sample.Size;
        var single = golden.Read("single").ToFloat32();
        var masked = golden.Read("masked").ToFloat32();
        var masks = document.GetProperty("masks").EnumerateArray().Select(m => m.EnumerateArray().Select(i => i.GetInt32()).ToArray());
        return Enumerable.Range(0, Graph.Blocks.Count).Select(k => (new[] { k }, single.AsSpan(k * size, size).ToArray()))
            .Concat(masks.Select((m, i) => (m, masked.AsSpan(i * size, size).ToArray())))
            .Append(([], golden.Read("full").ToFloat32()));
    }

    /// <summary>Runs a network on the recorded input.</summary>
    public float[] Run(DenoiserNetwork network)
    {
        var output = new float[Manifest.Sample.Size];
        network.Run(golden.Read(Manifest.Denoiser.SampleInput).ToFloat32(), [golden.Read(Manifest.Denoiser.TimeInput).ToFloat32()[0]], Feeds(), output);
        return output;
    }

    /// <summary>Opens a model as it stands, which is quick and leaves nothing to optimisation.</summary>
    public DenoiserNetwork Open(ModelProto model) =>
        new(GraphSession.Open(model, Graph.Model, Device, configure: o => o.GraphOptimizationLevel = GraphOptimizationLevel.ORT_DISABLE_ALL), Manifest, "test");

    /// <summary>The largest difference, relative to the tolerance that the file has (single precision: absolute).</summary>
    public void ShouldAgree(float[] actual, float[] expected, string because)
    {
        var largest = Tolerance > 1e-4 ? document.GetProperty("largestOutput").GetDouble() : 1;
        actual.Length.ShouldBe(expected.Length, because);
        var difference = actual.Zip(expected, (a, e) => Math.Abs((double)a - e)).Max();
        (difference / largest).ShouldBeLessThan(Tolerance, because);
    }

    public void Dispose() => golden.Dispose();

    private List<Feed> Feeds() => Manifest.Denoiser.ConditionInputs.Select(name =>
    {
        var array = golden.Read(name);
        return new Feed(name, array.ToFloat32(), [.. array.Shape.Select(d => (long)d)]);
    }).ToList();
}
