using BatchEval.Onnx.Numpy;
using BatchEval.Tests.Shared;

namespace BatchEval.Cli.Tests.Pipelines;

/// <summary>
/// End-to-end results of diffusers' own tests (tests/pipelines/{ddim,dit}: image[0, -3:, -3:, -1] after two steps from seed 0, weights from seed 0), through
/// the command line. tools/pipelines/literals.py makes the folders. Tolerance 1e-3, as in those tests; 1e-5 against PyTorch on this machine's weights.
/// </summary>
public sealed class PublishedImagesTests : IDisposable
{
    private readonly TestShell shell = new();

    [Fact]
    public Task Ddim_unconditional_two_steps() =>
        Check("ddim", [0.0, .9979, 0.0, .9999, .9986, .9991, 7.106e-4, 0.0, 0.0]);

    [Fact]
    public Task Dit_with_guidance_4_and_a_decoder_two_steps() =>
        Check("dit", [.2946, .6601, .4329, .3296, .4144, .5319, .7273, .5013, .4457], "--label", "1");

    public void Dispose() => shell.Dispose();

    // Solver, spacing, guidance and decoder are what the folder says.
    private async Task Check(string name, double[] published, params string[] more)
    {
        var folder = Path.Combine(RepoPaths.Root, "tests", "Golden", "pipelines", name);
        (await shell.RunAsync(["sample", "--model", folder, "--steps", "2", "--seed", "0", "--noise", "torch-cpu", "--images", "x.npy", "--out", "png", .. more])).ShouldSucceed();

        var array = NpyFormat.ReadFile(shell.PathOf("x.npy"));
        var (image, side) = (array.ToFloat32(), array.Shape[3]);
        var corner = from y in Enumerable.Range(side - 3, 3) from x in Enumerable.Range(side - 3, 3) select Math.Clamp((image[(((2 * side) + y) * side) + x] / 2) + 0.5, 0, 1);
        corner.ShouldBe(published, 1e-3);
        using var golden = NpzFile.Open(Path.Combine(folder, "golden.npz"));
        image.ShouldBe(golden.Read("image").ToFloat32(), 2e-5);
        File.Exists(shell.PathOf("png/000000.png")).ShouldBeTrue();
    }
}
