using BatchEval.Onnx.Numpy;
using BatchEval.Tests.Shared;

namespace BatchEval.Cli.Tests.Pipelines;

/// <summary>
/// End-to-end results of diffusers' own tests (tests/pipelines/{ddim,ddpm,dit,latent_diffusion}: image[0, -3:, -3:, -1] after two steps from seed 0, weights from seed 0), through
/// the command line. tools/pipelines/literals.py makes the folders. Tolerance 1e-3, within the 1e-2 of those tests; 2e-5 against PyTorch on this machine's weights, 1e-4 where a normalisation
/// of code vectors below 1/256 enlarges the rounding of sums.
/// </summary>
public sealed class PublishedImagesTests : IDisposable
{
    private readonly TestShell shell = new();

    [Fact]
    public Task Ddim_unconditional_two_steps() =>
        Check("ddim", [0.0, .9979, 0.0, .9999, .9986, .9991, 7.106e-4, 0.0, 0.0]);

    [Fact]
    public Task Dit_with_guidance_4_and_a_decoder_two_steps() =>
        Check("dit", [.2946, .6601, .4329, .3296, .4144, .5319, .7273, .5013, .4457], 2e-5, "--label", "1");

    [Fact]
    public Task Ddpm_two_steps() =>
        Check("ddpm-literal", [0.0, .9996672, .00329116, 1.0, .9995991, 1.0, .0060907, .00115037, 0.0]);

    [Fact]
    public Task Super_resolution_of_an_image_behind_the_state_with_a_vq_decoder_two_steps() =>
        Check("super-resolution", [.8678, .8245, .6381, .6830, .4385, .5599, .4641, .6201, .5150], 1e-4);

    [Fact]
    public async Task An_image_that_is_missing_or_does_not_fit_is_refused_by_name()
    {
        string[] sample = ["sample", "--model", "copy", "--steps", "2", "--out", "png"];
        foreach (var file in Directory.EnumerateFiles(Folder("super-resolution"), "*", SearchOption.AllDirectories).Where(f => !f.EndsWith("golden.npz", StringComparison.Ordinal)))
        {
            var to = shell.PathOf(Path.Combine("copy", Path.GetRelativePath(Folder("super-resolution"), file)));
            Directory.CreateDirectory(Path.GetDirectoryName(to)!);
            File.Copy(file, to);
        }

        NpyFormat.WriteFile(shell.PathOf("copy/low.npy"), NpyArray.From(new float[3 * 16 * 16], 1, 3, 16, 16));
        (await shell.RunAsync(sample)).ShouldBeRefused("The images of this model have the shape [3, 16, 16]; they are joined to states of [3, 32, 32]");
        NpyFormat.WriteFile(shell.PathOf("copy/low.npy"), NpyArray.From(new float[32 * 32], 1, 1, 32, 32));
        (await shell.RunAsync(sample)).ShouldBeRefused("Input 'sample' of model.onnx has 6 channels; states have 3, and the images 1.");
        shell.Write("copy/batcheval.json", """{ "images": "low.npy", "size": [32, 64] }""");
        (await shell.RunAsync(sample)).ShouldBeRefused("has the input 'sample' of shape [batch_size, 6, 32, 32]; the manifest's sample wants [batch, 3, 16, 32] with the channels of the images behind its own.");
        File.Delete(shell.PathOf("copy/batcheval.json"));
        (await shell.RunAsync(sample)).ShouldBeRefused("unet/model.onnx takes a low-resolution image behind its state (3 of its channels), and nothing supplies one: give \"images\" in batcheval.json");
        File.WriteAllText(shell.PathOf("copy/model_index.json"), """{ "_class_name": "DDIMPipeline" }""");
        (await shell.RunAsync(sample)).ShouldBeRefused("unet/model.onnx takes 6 channels and gives 3: the others are of an image or a mask (inpainting, image-to-image), which is supported in LDMSuperResolutionPipeline only.");
    }

    public void Dispose() => shell.Dispose();

    private static string Folder(string name) => Path.Combine(RepoPaths.Root, "tests", "Golden", "pipelines", name);

    // Solver, spacing, guidance and decoder are what the folder says.
    private async Task Check(string name, double[] published, double tolerance = 2e-5, params string[] more)
    {
        var folder = Folder(name);
        (await shell.RunAsync(["sample", "--model", folder, "--steps", "2", "--seed", "0", "--noise", "torch-cpu", "--images", "x.npy", "--out", "png", .. more])).ShouldSucceed();

        var array = NpyFormat.ReadFile(shell.PathOf("x.npy"));
        var (image, side) = (array.ToFloat32(), array.Shape[3]);
        var corner = from y in Enumerable.Range(side - 3, 3) from x in Enumerable.Range(side - 3, 3) select Math.Clamp((image[(((2 * side) + y) * side) + x] / 2) + 0.5, 0, 1);
        corner.ShouldBe(published, 1e-3);
        using var golden = NpzFile.Open(Path.Combine(folder, "golden.npz"));
        image.ShouldBe(golden.Read("image").ToFloat32(), tolerance);
        File.Exists(shell.PathOf("png/000000.png")).ShouldBeTrue();
    }
}
