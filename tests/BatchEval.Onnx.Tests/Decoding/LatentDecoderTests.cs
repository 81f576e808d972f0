using BatchEval.Core.Json;
using BatchEval.Onnx.Decoding;
using BatchEval.Onnx.Graph.Proto;
using BatchEval.Onnx.Numpy;
using BatchEval.Onnx.Packages;
using BatchEval.Onnx.Runtime;
using BatchEval.Tests.Shared;
using Google.Protobuf;

namespace BatchEval.Onnx.Tests.Decoding;

/// <summary>The autoencoder of the small Stable Diffusion in tiles, against PyTorch (tools/pipelines/tiny.py) and against itself.</summary>
public sealed class LatentDecoderTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("batcheval-").FullName;

    private static string Pipeline { get; } = Path.Combine(RepoPaths.Root, "tests", "Golden", "pipelines", "sd15");

    [Fact]
    public void Tiles_overlap_and_blend_as_in_pytorch()
    {
        using var golden = NpzFile.Open(Path.Combine(Pipeline, "golden.npz"));
        var latents = golden.Read("latents").ToFloat32();
        using var decoder = new LatentDecoder(Open(tile: 32), new DeviceOptions());
        decoder.Decode([latents])[0].ShouldBe(golden.Read("tiled").ToFloat32(), 2e-5);
    }

    [Theory]
    [InlineData(64)]
    [InlineData(96)]
    public void A_tile_that_holds_all_changes_nothing(int tile)
    {
        float[] latents = [.. Enumerable.Range(0, 256).Select(i => MathF.Sin(i))];
        using var whole = new LatentDecoder(Open(tile: null), new DeviceOptions());
        using var tiled = new LatentDecoder(Open(tile), new DeviceOptions());
        tiled.Decode([latents])[0].ShouldBe(whole.Decode([latents])[0]);
    }

    // 14 x 9 positions: the last tiles are cut on two sides, and one is narrower than what it shares.
    [Fact]
    public void A_decoder_that_sees_single_positions_gives_the_same_image_in_tiles()
    {
        var (latent, image) = (new SampleEntry(2, 14, 9, -1, 1), new SampleEntry(2, 28, 18, -1, 1));
        float[] values = [.. Enumerable.Range(0, latent.Size).Select(i => (float)i)];
        float[] Grown(float[] v, int height, int width) => [.. Enumerable.Range(0, 2 * 2 * height * 2 * width).Select(i => v[(((i / (4 * height * width) * height) + (i / (2 * width) % (2 * height) / 2)) * width) + (i % (2 * width) / 2)])];
        new LatentTiles(new DecoderEntry("", "", "", image), latent, 16).Decode(values, Grown).ShouldBe(Grown(values, 14, 9), 1e-4);
    }

    [Fact]
    public void A_side_that_cannot_be_is_refused_and_the_digest_knows_it()
    {
        Should.Throw<ProblemException>(() => Open(tile: 40)).Message.ShouldContain("decoder.tile: is 40; a quarter of a tile overlaps the next, so on this model it must be a multiple of 32 pixels.");
        Copy();
        var before = ModelPackage.Open(folder).Digest;
        File.WriteAllText(Path.Combine(folder, "batcheval.json"), """{ "decoder": { "tile": 32 } }""");
        ModelPackage.Open(folder).Manifest.Decoder!.Tile.ShouldBe(32);
        ModelPackage.Open(folder).Digest.ShouldNotBe(before);
    }

    [Theory]
    [InlineData(null, 512, 512)] // SD 1.5 at 1024: the size that it was trained on first
    [InlineData(512, 512, 256)]
    [InlineData(null, 1024, 512)] // SDXL at 1024
    [InlineData(160, null, 64)] // down to a multiple of 32
    [InlineData(64, null, null)]
    public void Smaller_tiles_are_tried_one_after_another(int? side, int? trained, int? next) =>
        LatentTiles.Smaller(new DecoderEntry("", "", "", new SampleEntry(3, 1024, 768, -1, 1)) { TrainedSide = trained }, new SampleEntry(4, 128, 96, -1, 1), side).ShouldBe(next);

    [Fact]
    public void Where_memory_is_short_tiles_are_taken_and_said_or_the_field_is_named()
    {
        Copy();
        var file = Path.Combine(folder, "vae_decoder", "model.onnx");
        File.WriteAllBytes(file, Greedy(File.ReadAllBytes(file)));
        File.WriteAllText(Path.Combine(folder, "batcheval.json"), """{ "size": [128, 96] }""");
        float[][] latents = [[.. Enumerable.Range(0, 4 * 16 * 12).Select(i => MathF.Cos(i))]];
        var asked = new List<int>();
        using var greedy = new LatentDecoder(ModelPackage.Open(folder), new DeviceOptions()) { Tiling = asked.Add };
        using var plain = new LatentDecoder(Open(64, (128, 96)), new DeviceOptions());
        greedy.Decode(latents)[0].ShouldBe(plain.Decode(latents)[0]);
        asked.ShouldBe([64]);
        using var shared = new LatentDecoder(ModelPackage.Open(folder), new DeviceOptions());
        Should.Throw<NetworkFailedException>(() => shared.Decode(latents)).Message.ShouldContain(". An image of 96 x 128 pixels does not fit into memory whole: give \"decoder\": {\"tile\": 64} in the model's description");
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private static ModelPackage Open(int? tile, (int, int)? size = null) =>
        ModelPackage.Open(Pipeline, complete: c => c with { Size = size, Decoder = tile is null ? null : new LatentScaling(null, null, null, null, tile) });

    private void Copy()
    {
        foreach (var file in Directory.EnumerateFiles(Pipeline, "*", SearchOption.AllDirectories))
        {
            var to = Path.Combine(folder, Path.GetRelativePath(Pipeline, file));
            Directory.CreateDirectory(Path.GetDirectoryName(to)!);
            File.Copy(file, to);
        }
    }

    // Adds a sum of max(h - 6, 1) ^ 14 zeros to the latent of height h: 400 TB of them for 16 rows, 64 kB for 8.
    private static byte[] Greedy(byte[] network)
    {
        var model = ModelProto.Parser.ParseFrom(network);
        foreach (var node in model.Graph.Node)
        {
            for (var i = 0; i < node.Input.Count; i++)
            {
                node.Input[i] = node.Input[i] == "latent_sample" ? "greedy/latent" : node.Input[i];
            }
        }

        TensorProto Integers(string name, params long[] values) => new() { Name = name, DataType = (int)TensorProto.Types.DataType.Int64, Dims = { values.Length }, Int64Data = { values } };
        NodeProto Node(string type, string output, params string[] inputs) => new() { OpType = type, Name = output, Input = { inputs }, Output = { output } };
        model.Graph.Initializer.AddRange([
            Integers("greedy/axes", [.. Enumerable.Repeat(2L, 14)]), Integers("greedy/six", 6), Integers("greedy/one", 1),
            new TensorProto { Name = "greedy/zero", DataType = (int)TensorProto.Types.DataType.Float, Dims = { 1 }, FloatData = { 0 } }]);
        var sum = Node("ReduceSum", "greedy/sum", "greedy/zeros");
        sum.Attribute.Add(new AttributeProto { Name = "keepdims", Type = AttributeProto.Types.AttributeType.Int, I = 0 });
        NodeProto[] first =
        [
            Node("Shape", "greedy/shape", "latent_sample"), Node("Gather", "greedy/heights", "greedy/shape", "greedy/axes"), Node("Sub", "greedy/less", "greedy/heights", "greedy/six"),
            Node("Max", "greedy/extents", "greedy/less", "greedy/one"), Node("Expand", "greedy/zeros", "greedy/zero", "greedy/extents"), sum, Node("Add", "greedy/latent", "latent_sample", "greedy/sum"),
        ];
        NodeProto[] others = [.. model.Graph.Node];
        model.Graph.Node.Clear();
        model.Graph.Node.AddRange([.. first, .. others]);
        return model.ToByteArray();
    }
}
