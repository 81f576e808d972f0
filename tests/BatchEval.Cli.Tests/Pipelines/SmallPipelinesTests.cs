using BatchEval.Onnx.Graph.Proto;
using BatchEval.Onnx.Numpy;
using BatchEval.Tests.Shared;
using Google.Protobuf;

namespace BatchEval.Cli.Tests.Pipelines;

/// <summary>
/// Pipelines with the architectures of the real ones and random weights, through the command line, against PyTorch's loops (tools/pipelines/tiny.py and exported.py):
/// latents to 1e-4 of their size, images to one grey level. Solver, grid, guidance, encoders and decoder are what the folders say unless given here.
/// </summary>
public sealed class SmallPipelinesTests : IDisposable
{
    private readonly TestShell shell = new();

    // The first two with the pipeline's own number of steps: PNDM without Runge-Kutta steps calls its second level twice; LCM adds noise.
    public static TheoryData<string, int, string[]> Pipelines => new()
    {
        { "sd15", 51, ["--prompt", "a red cat", "--negative", "blue dog"] },
        { "lcm", 4, ["--prompt", "a red cat", "--seed", "11", "--noise", "torch-cpu"] },
        { "sdxl", 5, ["--steps", "5", "--prompt", "a red cat"] },
        { "sd3", 5, ["--steps", "5", "--prompt", "a red cat", "--negative", "blue dog"] },
        { "sd3", 5, ["--steps", "5", "--embeddings", Path.Combine(Folder("sd3"), "golden.npz")] },
        { "flux", 4, ["--steps", "4"] },
        { "ldm", 5, ["--solver", "ddim", "--steps", "801,601,401,201,1", "--end-time", "0", "--label", "4", "--guidance", "3"] },
        { "adm", 5, ["--solver", "ddim(clip-noise=0)", "--steps", "800,600,400,200,0", "--label", "4", "--classifier-scale", "6"] },
        { "edm-song", 5, ["--solver", "ddim", "--steps", "80,20,5,1,0.2", "--label", "4"] },
        { "edm-song-ve", 5, ["--solver", "ddim", "--steps", "80,20,5,1,0.2"] },
        { "edm-adm", 5, ["--solver", "ddim", "--steps", "80,20,5,1,0.2", "--label", "4"] },
        { "ddpm", 5, ["--solver", "ddim(clip-noise=0)", "--steps", "800,600,400,200,0"] },
        { "dit-official", 5, ["--solver", "ddim", "--steps", "800,600,400,200,0", "--label", "4", "--guidance", "4"] },
    };

    public static string Folder(string name) => Path.Combine(RepoPaths.Root, "tests", "Golden", "pipelines", name);

    [Theory]
    [MemberData(nameof(Pipelines))]
    public Task A_pipeline_samples_what_pytorch_samples(string name, int calls, string[] options) => SampleAsync(name, calls, options);

    [Theory]
    [MemberData(nameof(Pipelines))]
    public async Task Its_states_may_stay_on_the_device(string name, int calls, string[] options)
    {
        if (options.Contains("--classifier-scale"))
        {
            (await shell.RunAsync(["sample", "--model", Folder(name), "--out", "latents.npy", "--loop", "device", .. options]))
                .ShouldBeRefused("cannot be sampled by the loop 'device': its classifier guides (classifierScale), which is done on the processor. Use the loop 'host'.");
            return;
        }

        await SampleAsync(name, calls, [.. options, "--loop", "device"]);
    }

    private async Task SampleAsync(string name, int calls, string[] options)
    {
        using var golden = NpzFile.Open(Path.Combine(Folder(name), "golden.npz"));
        var start = golden.Read("start");
        NpyFormat.WriteFile(shell.PathOf("start.npy"), start);

        string[] from = options.Contains("--noise") ? [] : ["--start", "start.npy"];
        var result = (await shell.RunAsync(["sample", "--model", Folder(name), "--out", "latents.npy", "--images", "images.npy", "--json", .. from, .. options])).ShouldSucceed();

        ((int)result.Json["samples"]![0]!["networkCalls"]!).ShouldBe(calls);
        var (latents, images) = (golden.Read("latents").ToFloat32(), golden.Read("image").ToFloat32());
        Difference(NpyFormat.ReadFile(shell.PathOf("latents.npy")).ToFloat32(), latents).ShouldBeLessThan(1e-4 * Math.Max(1, latents.Max(Math.Abs)));
        Difference(NpyFormat.ReadFile(shell.PathOf("images.npy")).ToFloat32(), images).ShouldBeLessThan(2.0 / 255);
    }

    [Fact]
    public async Task What_is_left_out_or_changed_on_the_way_is_said()
    {
        var words = string.Join(' ', Enumerable.Repeat("cat", 80));
        var result = (await shell.RunAsync("sample", "--model", Folder("sd15"), "--steps", "2", "--prompt", words, "--out", "png")).ShouldSucceed();
        result.Error.ShouldContain("note: The safety checker is not run");
        result.Error.ShouldContain("a prompt has more than 75 tokens; this part of it is left out: 'cat cat cat cat cat'");
    }

    [Fact]
    public async Task What_cannot_be_sampled_is_refused_by_name()
    {
        string[] sample = ["sample", "--steps", "2", "--out", "png", "--model"];
        (await shell.RunAsync([.. sample, Folder("sd15")])).ShouldBeRefused("draws images for prompts, and none is given", "--prompt");
        (await shell.RunAsync([.. sample, Folder("sd15"), "--prompt", "cat", "--size", "70x64"])).ShouldBeRefused("70 x 64 is not a multiple of 8");
        (await shell.RunAsync([.. sample, Folder("ddim"), "--prompt", "cat"])).ShouldBeRefused("takes no prompts");
        Copy("sd15", "copy");
        File.Delete(shell.PathOf("copy/tokenizer/merges.txt"));
        (await shell.RunAsync([.. sample, "copy", "--prompt", "cat"])).ShouldBeRefused("has no merges.txt");
        File.WriteAllText(shell.PathOf("copy/model_index.json"), "{\"_class_name\": \"StableDiffusionInpaintPipeline\"}");
        (await shell.RunAsync([.. sample, "copy", "--prompt", "cat"])).ShouldBeRefused("the pipeline 'StableDiffusionInpaintPipeline', which is not supported; supported: StableDiffusionPipeline");
        Directory.Delete(shell.PathOf("copy"), recursive: true);
        Copy("sd15", "copy");
        File.Move(shell.PathOf("copy/unet/model.onnx"), shell.PathOf("copy/unet/diffusion_pytorch_model.safetensors"));
        (await shell.RunAsync([.. sample, "copy", "--prompt", "cat"])).ShouldBeRefused("holds weights of PyTorch and no ONNX file", "optimum-cli export onnx");
    }

    [Fact]
    public async Task A_network_with_an_input_that_nothing_supplies_is_refused_by_name()
    {
        Copy("sd15", "copy");
        var network = ModelProto.Parser.ParseFrom(File.ReadAllBytes(shell.PathOf("copy/unet/model.onnx")));
        var more = network.Graph.Input[0].Clone();
        more.Name = "mid_block_additional_residual";
        network.Graph.Input.Add(more);
        File.WriteAllBytes(shell.PathOf("copy/unet/model.onnx"), network.ToByteArray());
        (await shell.RunAsync("sample", "--model", "copy", "--steps", "2", "--prompt", "cat", "--out", "png")).ShouldBeRefused("has the input 'mid_block_additional_residual'", "which nothing supplies");
    }

    [Fact]
    public async Task A_half_precision_network_is_computed_between_casts_on_the_processor_and_a_note_says_so()
    {
        var result = (await shell.RunAsync("sample", "--model", Folder("ddim-half"), "--steps", "2", "--seed", "0", "--noise", "torch-cpu", "--images", "half.npy")).ShouldSucceed();
        result.Error.ShouldContain("note: Some networks take half precision; the CPU computes them in single precision between casts of ONNX Runtime");
        using var golden = NpzFile.Open(Path.Combine(Folder("ddim"), "golden.npz"));
        Difference(NpyFormat.ReadFile(shell.PathOf("half.npy")).ToFloat32(), golden.Read("image").ToFloat32()).ShouldBeInRange(1e-6, 0.02);
    }

    [Fact]
    public async Task A_folder_of_links_as_a_hugging_face_cache_has_them_is_read()
    {
        Directory.CreateDirectory(shell.PathOf("blobs"));
        foreach (var file in Directory.EnumerateFiles(Folder("sd15"), "*", SearchOption.AllDirectories))
        {
            var relative = Path.GetRelativePath(Folder("sd15"), file);
            var blob = shell.PathOf($"blobs/{relative.Replace('/', '_')}");
            File.Copy(file, blob);
            Directory.CreateDirectory(Path.GetDirectoryName(shell.PathOf($"snapshot/{relative}"))!);
            File.CreateSymbolicLink(shell.PathOf($"snapshot/{relative}"), Path.GetRelativePath(Path.GetDirectoryName(shell.PathOf($"snapshot/{relative}"))!, blob));
        }

        (await shell.RunAsync("sample", "--model", "snapshot", "--steps", "2", "--prompt", "a red cat", "--seed", "3", "--images", "linked.npy")).ShouldSucceed();
        (await shell.RunAsync("sample", "--model", Folder("sd15"), "--steps", "2", "--prompt", "a red cat", "--seed", "3", "--images", "plain.npy")).ShouldSucceed();
        File.ReadAllBytes(shell.PathOf("linked.npy")).ShouldBe(File.ReadAllBytes(shell.PathOf("plain.npy")));
    }

    public void Dispose() => shell.Dispose();

    private void Copy(string name, string target)
    {
        foreach (var file in Directory.EnumerateFiles(Folder(name), "*", SearchOption.AllDirectories))
        {
            var to = Path.Combine(shell.PathOf(target), Path.GetRelativePath(Folder(name), file));
            Directory.CreateDirectory(Path.GetDirectoryName(to)!);
            File.Copy(file, to, overwrite: true);
        }
    }

    private static double Difference(float[] a, float[] b)
    {
        a.Length.ShouldBe(b.Length);
        return a.Zip(b).Max(p => Math.Abs((double)p.First - p.Second));
    }
}
