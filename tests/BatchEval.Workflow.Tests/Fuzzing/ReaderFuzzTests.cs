using System.Text;
using System.Text.Json;
using BatchEval.Core.Sampling;
using BatchEval.Onnx.Blocks;
using BatchEval.Onnx.Graph;
using BatchEval.Onnx.Images;
using BatchEval.Onnx.Numpy;
using BatchEval.Onnx.Packages;
using BatchEval.Onnx.Runtime;
using BatchEval.Tests.Shared;
using BatchEval.Workflow.Specifications;
using BatchEval.Workflow.Tests.Local;

namespace BatchEval.Workflow.Tests.Fuzzing;

/// <summary>Everything that is read from files of others, damaged: see <see cref="Fuzzer"/>.</summary>
public sealed class ReaderFuzzTests
{
    private static readonly string Golden = Path.Combine(RepoPaths.Root, "tests", "Golden");

    [Fact]
    public void Specifications()
    {
        string[] seeds = [TinyRun.Json, .. Directory.GetFiles(RepoPaths.Samples, "*.json", SearchOption.AllDirectories).Where(f => File.ReadAllText(f).Contains("\"budget\"", StringComparison.Ordinal)).Order(StringComparer.Ordinal).Select(File.ReadAllText)];
        seeds.Length.ShouldBeGreaterThan(2);
        Fuzzer.Run("specification", 1, random => Mutations.Json(Any(seeds, random), random), input => SpecificationJson.Read(Encoding.UTF8.GetString(input)));
    }

    [Fact]
    public void Candidates()
    {
        string[] seeds =
        [
            """{ "solver": "ddim", "steps": [ { "t": 0.9 }, { "t": 0.5, "drop": [1, 2] }, { "t": 0.1, "reuse": true } ] }""",
            """{ "solver": "dpmpp-2m", "steps": [ { "t": 1 }, { "t": 0.25, "numbers": { "outputScale": 1.1, "networkTime": 300 } } ], "end": 0.01, "startScale": 1.02, "skip": { "threshold": 0.1, "maxConsecutive": 2, "order": 2 } }""",
        ];
        Array.ForEach(seeds, seed => CandidateJson.Read(seed));
        Fuzzer.Run("candidate", 1, random => Mutations.Json(Any(seeds, random), random), input => CandidateJson.Read(Encoding.UTF8.GetString(input)));
    }

    [Fact]
    public void Manifests()
    {
        string[] seeds = [.. Directory.GetFiles(RepoPaths.Samples, "model.json", SearchOption.AllDirectories).Concat(Directory.GetFiles(Golden, "model.json", SearchOption.AllDirectories)).Order(StringComparer.Ordinal).Select(File.ReadAllText)];
        Fuzzer.Run("manifest", 1, random => Mutations.Json(Any(seeds, random), random), input => ModelManifestReader.Read(Encoding.UTF8.GetString(input)));
        string[] features = [.. Directory.GetFiles(Golden, "features.json", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(File.ReadAllText)];
        features.ShouldNotBeEmpty();
        Fuzzer.Run("feature-manifest", 1, random => Mutations.Json(Any(features, random), random), input => FeatureManifestReader.Read(Encoding.UTF8.GetString(input)));
    }

    [Fact]
    public void Numpy_arrays()
    {
        byte[][] seeds = [NpyFormat.ToBytes([1f, 2, 3, 4, 5, 6], 2, 3), NpyFormat.ToBytes<byte>([1, 2, 3, 4], 4), NpyFormat.ToBytes([1.5, 2], 2, 1)];
        Fuzzer.Run("npy", 1, random => random.Next(2) == 0 ? Mutations.Bytes(Any(seeds, random), random) : Header(random), input => NpyFormat.FromBytes(input, "x"));
    }

    [Fact]
    public void Numpy_archives()
    {
        byte[][] seeds = [Archive(false), Archive(true)];
        Fuzzer.Run("npz", 1, random => Mutations.Bytes(Any(seeds, random), random), input =>
        {
            using var file = NpzFile.Open(new MemoryStream(input), "x");
            foreach (var name in file.Names)
            {
                _ = file.Read(name);
            }
        });
        Fuzzer.Run("statistics", 1, random => Mutations.Bytes(Any(seeds, random), random), input => StatisticsFile.Read(new MemoryStream(input), "x"));
    }

    [Fact]
    public void Images()
    {
        using var golden = JsonDocument.Parse(File.ReadAllText(Path.Combine(Golden, "images", "decoded.json")));
        byte[][] seeds = [.. golden.RootElement.GetProperty("results").EnumerateArray().Select(row => row.GetProperty("file").GetBytesFromBase64())];
        byte[][] png = [.. seeds.Where(s => s[1] == 'P' && s[2] == 'N')];
        Fuzzer.Run("image", 1, random => Mutations.Bytes(Any(seeds, random), random), input => ImageCodec.Decode(input, "x", 4_000_000));
        Fuzzer.Run("png", 1, random => Mutations.Png(Any(png, random), random), input => ImageCodec.Decode(input, "x", 4_000_000));
    }

    /// <summary>Parsed, searched for blocks, cut, and opened as a session; ONNX Runtime itself is asked in the long run only where it is quick.</summary>
    [Fact]
    public void Onnx_files()
    {
        var folder = Directory.CreateTempSubdirectory("fuzz");
        try
        {
            var seed = File.ReadAllBytes(Path.Combine(Golden, "networks", "unet2d", "model.onnx"));
            var path = Path.Combine(folder.FullName, "model.onnx");
            Fuzzer.Run("onnx", 0.1, random => random.Next(3) == 0 ? Mutations.Bytes(seed, random) : GraphMutations.Damage(seed, random), input =>
            {
                File.WriteAllBytes(path, input);
                var graph = BlockDiscovery.Find(OnnxModel.Open(path));
                _ = GraphPruner.Without(graph, graph.Blocks.Where(b => b.Id % 2 == 0).Select(b => b.Id));
            });
            Fuzzer.Run("onnx-session", 0.1, random => random.Next(3) == 0 ? Mutations.Bytes(seed, random) : GraphMutations.Damage(seed, random), input =>
            {
                File.WriteAllBytes(path, input);
                SessionLoader.Open(path, new DeviceOptions()).Dispose();
            });
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static T Any<T>(T[] seeds, Random random) => seeds[random.Next(seeds.Length)];

    // A header made of parts that are each right, wrong or absurd.
    private static byte[] Header(Random random)
    {
        string[] types = ["<f4", ">f8", "|u1", "<i8", "|O", "<U3", "|b1", "", "<f4'", "<c8"];
        string[] shapes = ["(2, 3)", "()", "(6,)", "(0, 5)", "(-1,)", "(2147483647, 2147483647)", "(3L,)", "(1e3,)", "(((", "(1,,2)", "[2, 3]", $"({string.Join(", ", Enumerable.Repeat("1", 40))},)"];
        string[] orders = ["False", "True", "None", "0", "Falsetrue"];
        var text = $"{{'descr': '{Any(types, random)}', 'fortran_order': {Any(orders, random)}, 'shape': {Any(shapes, random)}, }}";
        text = random.Next(4) == 0 ? text[..random.Next(text.Length)] : text;
        var length = (ushort)(random.Next(4) == 0 ? random.Next(65536) : text.Length);
        return [0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y', (byte)random.Next(5), 0, (byte)length, (byte)(length >> 8), .. Encoding.Latin1.GetBytes(text), .. new byte[random.Next(60)]];
    }

    private static byte[] Archive(bool compress)
    {
        using var stream = new MemoryStream();
        using (var writer = new NpzWriter(stream, compress))
        {
            writer.Add("mu", NpyArray.From([0.0, 1], 2));
            writer.Add("sigma", NpyArray.From([1.0, 0, 0, 1], 2, 2));
        }

        return stream.ToArray();
    }
}
