using System.Text.Json;
using BatchEval.Onnx.Blocks;
using BatchEval.Onnx.Graph;
using BatchEval.Onnx.Networks;
using BatchEval.Onnx.Numpy;
using BatchEval.Onnx.Packages;
using BatchEval.Onnx.Runtime;
using BatchEval.Tests.Shared;
using Microsoft.ML.OnnxRuntime;

namespace BatchEval.Onnx.Tests.Blocks;

/// <summary>
/// Blocks of transformers without a U-Net around them: DiT, two streams that meet in one attention (SD3, and Flux' first half), one stream of attention and feed-forward
/// side by side (Flux' second half). Names, parameters and outputs without each block, each pair and all of them are PyTorch's (tools/pipelines/drops.py).
/// </summary>
public class TransformerBlocksTests
{
    private const float Time = 500;

    [Theory]
    [InlineData("dit-official")]
    [InlineData("sd3")]
    [InlineData("flux")]
    public void Blocks_are_those_of_the_modules_and_both_ways_to_drop_them_equal_PyTorch(string name)
    {
        var folder = Path.Combine(RepoPaths.Root, "tests", "Golden", "pipelines", name);
        var package = ModelPackage.Open(folder);
        var graph = BlockDiscovery.Find(OnnxModel.Open(package.PathOf(package.Manifest.Denoiser.File)));
        using var document = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "blocks.json")));
        using var golden = NpzFile.Open(Path.Combine(folder, "blocks.npz"));
        var expected = document.RootElement.GetProperty("blocks").EnumerateArray().Select(b => (b.GetProperty("name").GetString()!, b.GetProperty("parameters").GetInt64())).ToList();
        graph.Blocks.Select(b => (b.Name, b.Parameters)).ShouldBe(expected, ignoreOrder: true);

        var masks = document.RootElement.GetProperty("masks").EnumerateArray().Select(m => m.EnumerateArray().Select(i => IdOf(graph, expected[i.GetInt32()].Item1)).Order().ToArray()).ToList();
        var outputs = golden.Read("outputs").ToFloat32();
        var size = outputs.Length / masks.Count;
        using var gated = new GatedNetwork(graph, package.Manifest, new DeviceOptions());
        var whole = Run(gated.Without([]), package.Manifest, golden);
        Largest(whole, golden.Read("whole").ToFloat32()).ShouldBeLessThan(1e-5);
        for (var i = 0; i < masks.Count; i++)
        {
            var wanted = outputs[(i * size)..((i + 1) * size)];
            Largest(Run(gated.Without(masks[i]), package.Manifest, golden), wanted).ShouldBeLessThan(1e-5, $"gated, without {string.Join(',', masks[i])}");
            Largest(whole, wanted).ShouldBeGreaterThan(1e-4, "leaving blocks out changes something");
            if (masks[i].Length != 2)
            {
                using var pruned = new DenoiserNetwork(GraphSession.Open(GraphPruner.Without(graph, masks[i]), graph.Model, new DeviceOptions(), configure: o => o.GraphOptimizationLevel = GraphOptimizationLevel.ORT_DISABLE_ALL), package.Manifest, "pruned");
                Largest(Run(pruned, package.Manifest, golden), wanted).ShouldBeLessThan(1e-5, $"pruned, without {string.Join(',', masks[i])}");
            }
        }
    }

    private static int IdOf(BlockGraph graph, string name) => graph.Blocks.Single(b => b.Name == name).Id;

    private static float[] Run(DenoiserNetwork network, ModelManifest manifest, NpzFile golden)
    {
        var output = new float[network.OutputSize];
        // Flux' time is divided by 1000 on the way in.
        network.Run(golden.Read("state").ToFloat32(), [Time], [.. manifest.Denoiser.ConditionInputs.Select(name => (Name: name, Array: golden.Read(name))).Select(i => new Feed(i.Name, i.Array.ToFloat32(), [.. i.Array.Shape.Select(d => (long)d)]))], output);
        return output;
    }

    private static double Largest(float[] a, float[] b)
    {
        a.Length.ShouldBe(b.Length);
        return a.Zip(b).Max(p => Math.Abs((double)p.First - p.Second));
    }
}
