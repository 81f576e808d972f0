using BatchEval.Onnx.Numpy;

namespace BatchEval.Cli.Tests.Commands;

public sealed class StatsCommandTests : IDisposable
{
    private readonly TestShell shell = new();

    public void Dispose() => shell.Dispose();

    [Fact]
    public async Task Statistics_of_a_folder_are_those_of_the_same_images_in_one_array()
    {
        var pictures = Pictures.Random(30, 16, 1);
        pictures.WriteFolder(shell.PathOf("folder"));
        pictures.WriteArray(shell.PathOf("array.npy"));

        var folder = (await Run("folder", "a.npz", "--json")).ShouldSucceed().Json;
        (await Run("array.npy", "out/b.npz", "--batch", "7", "--save-features", "out/features.npy", "--resumable", "out/state")).ShouldSucceed().Out.ShouldContain("30 images, 64 features");

        folder["count"]!.GetValue<int>().ShouldBe(30);
        var (a, b) = (StatisticsFile.Read(shell.PathOf("a.npz")), StatisticsFile.Read(shell.PathOf("out/b.npz")));
        a.Mean.ShouldBe(b.Mean, 1e-4);
        StatisticsTags.Read(shell.PathOf("a.npz")).ShouldBe(StatisticsTags.Read(shell.PathOf("out/b.npz")));
        NpyFormat.ReadFile(shell.PathOf("out/features.npy")).Shape.ShouldBe([30, 64]);
        File.Exists(shell.PathOf("out/state")).ShouldBeFalse();
        (await shell.RunAsync("fid", "a.npz", "out/b.npz", "--json")).ShouldSucceed().Json["fid"]!.GetValue<double>().ShouldBeInRange(0, 1e-3);
    }

    [Fact]
    public async Task Images_of_another_size_need_a_named_resize()
    {
        Pictures.Random(6, 24, 2).WriteFolder(shell.PathOf("large"));
        (await Run("large", "a.npz")).ShouldBeRefused("24 x 24", "antialiased-bicubic");
        File.Exists(shell.PathOf("a.npz")).ShouldBeFalse();
        (await Run("large", "a.npz", "--resize", "antialiased-bicubic")).ShouldSucceed();
        StatisticsTags.Read(shell.PathOf("a.npz"))!.Preprocessing.ShouldStartWith("antialiased-bicubic 16x16");
        (await Run("large", "b.npz", "--resize", "lanczos")).ShouldBeRefused("'lanczos'", "half-pixel-bilinear");
    }

    [Fact]
    public async Task What_is_no_source_of_images_is_refused_and_nothing_is_written()
    {
        File.WriteAllBytes(shell.PathOf("stats.pkl"), [0x80, 4, 0x7D]);
        (await Run("stats.pkl", "a.npz")).ShouldBeRefused("pickle", "np.savez");
        (await Run("missing", "a.npz")).ShouldBeRefused("missing", "does not exist");
        Pictures.Random(3, 16, 2).WriteFolder(shell.PathOf("cut"));
        File.WriteAllBytes(shell.PathOf("cut/000001.png"), File.ReadAllBytes(shell.PathOf("cut/000001.png"))[..60]);
        (await Run("cut", "a.npz")).ShouldBeRefused("000001.png", "truncated");
        (await shell.RunAsync("stats", "--images", "cut", "--features", "cut", "-o", "a.npz")).ShouldBeRefused("features.json");
        Directory.EnumerateFiles(shell.Folder).Select(Path.GetFileName).ShouldBe(["stats.pkl"]);
    }

    [Fact]
    public async Task A_package_gets_its_reference_from_images_before_it_has_one()
    {
        foreach (var file in Directory.GetFiles(TestShell.Digits).Where(f => !f.EndsWith("ref_stats.npz", StringComparison.Ordinal)))
        {
            Directory.CreateDirectory(shell.PathOf("mine"));
            File.Copy(file, shell.PathOf($"mine/{Path.GetFileName(file)}"));
        }

        Pictures.Random(30, 16, 1).WriteArray(shell.PathOf("array.npy"));
        (await shell.RunAsync("stats", "--images", "array.npy", "--features", "mine", "--write-reference")).ShouldSucceed().Out.ShouldContain("model.json names them as its reference");
        var package = BatchEval.Onnx.Packages.ModelPackage.Open(shell.PathOf("mine"));
        package.Manifest.Reference!.Training.Count.ShouldBe(30);
        StatisticsFile.Read(package.PathOf(package.Manifest.Reference.File)).Count.ShouldBe(30);
    }

    [Fact]
    public async Task Arrays_of_floating_point_are_read_with_a_known_range()
    {
        Pictures.Random(30, 16, 1).WriteArray(shell.PathOf("bytes.npy"));
        var bytes = NpyFormat.ReadFile(shell.PathOf("bytes.npy"));
        float[] values = [.. bytes.ToFloat32().Select(v => (v / 127.5f) - 1)];
        NpyFormat.WriteFile(shell.PathOf("floats.npy"), NpyArray.From(values, [.. bytes.Shape]));
        (await Run("bytes.npy", "a.npz")).ShouldSucceed();
        (await Run("floats.npy", "b.npz")).ShouldSucceed();
        (await Run("floats.npy", "c.npz", "--range", "-1,1")).ShouldSucceed();
        var (a, b, c) = (StatisticsFile.Read(shell.PathOf("a.npz")), StatisticsFile.Read(shell.PathOf("b.npz")), StatisticsFile.Read(shell.PathOf("c.npz")));
        b.Mean.ShouldBe(a.Mean);
        c.Mean.ShouldBe(a.Mean);
        (await Run("floats.npy", "d.npz", "--range", "1,-1")).ShouldBeRefused("--range", "the lower first");
    }

    private Task<CliResult> Run(string images, string output, params string[] more) =>
        shell.RunAsync(["stats", "--images", images, "--features", TestShell.Digits, "-o", output, .. more]);
}
