using BatchEval.Core.Metrics;
using BatchEval.Core.Randomness;
using BatchEval.Onnx.Numpy;

namespace BatchEval.Cli.Tests.Commands;

public sealed class FidCommandTests : IDisposable
{
    private readonly TestShell shell = new();

    [Fact]
    public async Task Statistics_are_at_distance_zero_from_themselves()
    {
        var statistics = Path.Combine(TestShell.Digits, "ref_stats.npz");
        var result = await shell.RunAsync("fid", statistics, statistics, "--json");
        result.ShouldSucceed().Json["fid"]!.GetValue<double>().ShouldBe(0);
    }

    [Fact]
    public async Task Known_statistics_give_the_closed_form()
    {
        // |(3, 4)|^2 + tr(I + 4 I - 2 * 2 I) = 25 + 2
        StatisticsFile.Write(shell.PathOf("a.npz"), new GaussianStatistics([0, 0], [1, 0, 0, 1], 0));
        StatisticsFile.Write(shell.PathOf("b.npz"), new GaussianStatistics([3, 4], [4, 0, 0, 4], 50));

        var result = (await shell.RunAsync("fid", "a.npz", "b.npz", "--json")).ShouldSucceed();

        result.Json["fid"]!.GetValue<double>().ShouldBe(27, 1e-12);
        result.Json["standardError"].ShouldBeNull();
        result.Json["a"]!["count"].ShouldBeNull();
        result.Json["b"]!["count"]!.GetValue<int>().ShouldBe(50);
    }

    [Fact]
    public async Task Features_give_a_standard_error_and_a_count()
    {
        StatisticsFile.Write(shell.PathOf("a.npz"), new GaussianStatistics([0, 0], [1, 0, 0, 1], 0));
        WriteFeatures("b.npy", rows: 400, columns: 2);

        var result = (await shell.RunAsync("fid", "a.npz", "b.npy", "--json")).ShouldSucceed();

        result.Json["fid"]!.GetValue<double>().ShouldBeInRange(0, 0.1);
        result.Json["standardError"]!.GetValue<double>().ShouldBeInRange(1e-6, 0.1);
        result.Json["b"]!["count"]!.GetValue<int>().ShouldBe(400);
        result.Error.ShouldContain("FID ");
    }

    [Fact]
    public async Task A_small_side_without_features_leaves_no_standard_error_and_few_samples_are_warned_of()
    {
        StatisticsFile.Write(shell.PathOf("few.npz"), new GaussianStatistics([0, 0], [1, 0, 0, 1], 2));
        WriteFeatures("many.npy", rows: 400, columns: 2);

        var result = (await shell.RunAsync("fid", "many.npy", "few.npz", "--json")).ShouldSucceed();

        result.Json["standardError"].ShouldBeNull();
        result.Json["note"]!.GetValue<string>().ShouldContain("has only 2 samples");
        result.Json["warnings"]!.ToJsonString().ShouldContain("covariance is singular");
    }

    [Theory]
    [InlineData(400, 300)]
    [InlineData(12, 9)]
    public async Task Metrics_gives_the_same_distance_with_the_same_error(int rows, int others)
    {
        WriteFeatures("a.npy", rows, columns: 2);
        WriteFeatures("b.npy", others, columns: 2, seed: 2);

        var fid = (await shell.RunAsync("fid", "a.npy", "b.npy", "--json")).ShouldSucceed().Json;
        var metrics = (await shell.RunAsync("metrics", "a.npy", "b.npy", "--json")).ShouldSucceed().Json["scores"]!.AsArray().Single(s => s!["metric"]!.GetValue<string>() == "fid")!;

        metrics["value"]!.GetValue<double>().ShouldBe(fid["fid"]!.GetValue<double>());
        metrics["standardError"]!.GetValue<double>().ShouldBe(fid["standardError"]!.GetValue<double>());
    }

    [Fact]
    public async Task Finite_numbers_beyond_single_precision_are_not_called_infinite()
    {
        NpyFormat.WriteFile(shell.PathOf("large.npy"), NpyArray.From(new double[] { 1, 2, 3, 4e38 }, 2, 2));
        (await shell.RunAsync("fid", "large.npy", "large.npy")).ShouldBeRefused("large.npy", "feature 1 of row 1 is 4E+38", "single precision");
    }

    [Fact]
    public async Task A_file_that_cannot_be_used_is_named_once_and_as_it_was_typed()
    {
        StatisticsFile.Write(shell.PathOf("good.npz"), new GaussianStatistics([0, 0], [1, 0, 0, 1], 50));
        using (var stream = File.Create(shell.PathOf("bad.npz")))
        {
            using var writer = new NpzWriter(stream);
            writer.Add("mu", NpyArray.From([1.0, 2], 1, 2));
            writer.Add("sigma", NpyArray.From(new double[4], 2, 2));
        }

        var refused = await shell.RunAsync("fid", "good.npz", "bad.npz");
        refused.ShouldBeRefused("error: bad.npz[mu] has shape [1, 2]");
        refused.Error.ShouldNotContain(shell.Folder);
        shell.Write("text.npz", "no archive");
        var other = await shell.RunAsync("metrics", "text.npz", "good.npz");
        other.ShouldBeRefused("error: text.npz is not a readable .npz archive");
        other.Error.ShouldNotContain(shell.Folder);
    }

    [Fact]
    public async Task A_covariance_that_is_none_is_refused_with_its_file()
    {
        StatisticsFile.Write(shell.PathOf("good.npz"), new GaussianStatistics([0, 0], [1, 0, 0, 1], 50));
        StatisticsFile.Write(shell.PathOf("bad.npz"), new GaussianStatistics([0, 0], [1, 3, 3, 1], 50));
        (await shell.RunAsync("fid", "good.npz", "bad.npz")).ShouldBeRefused("bad.npz", "not positive semidefinite");
        (await shell.RunAsync("fid", "bad.npz", "good.npz")).ShouldBeRefused("bad.npz", "not positive semidefinite");
    }

    [Fact]
    public async Task The_order_of_the_sides_does_not_matter()
    {
        WriteFeatures("a.npy", rows: 60, columns: 3);
        WriteFeatures("b.npy", rows: 50, columns: 3, seed: 2);

        var there = (await shell.RunAsync("fid", "a.npy", "b.npy", "--json")).ShouldSucceed().Json;
        var back = (await shell.RunAsync("fid", "b.npy", "a.npy", "--json")).ShouldSucceed().Json;

        there["fid"]!.GetValue<double>().ShouldBe(back["fid"]!.GetValue<double>(), 1e-12);
        there["standardError"]!.GetValue<double>().ShouldBe(back["standardError"]!.GetValue<double>(), 1e-12);
    }

    [Fact]
    public async Task A_folder_of_images_is_measured_with_the_features_of_a_package()
    {
        (await shell.RunAsync("sample", "--model", TestShell.Digits, "--solver", "ddim", "--steps", "4", "--count", "20", "--out", "images")).ShouldSucceed();
        var statistics = Path.Combine(TestShell.Digits, "ref_stats.npz");

        var result = (await shell.RunAsync("fid", "images", statistics, "--features", TestShell.Digits, "--json")).ShouldSucceed();

        result.Json["fid"]!.GetValue<double>().ShouldBeInRange(1, 200);
        result.Json["standardError"]!.GetValue<double>().ShouldBePositive();
        result.Json["a"]!["kind"]!.GetValue<string>().ShouldBe("images");
        (await shell.RunAsync("fid", "images", statistics)).ShouldBeRefused("--features");
    }

    [Fact]
    public async Task Sides_of_different_dimensions_are_refused()
    {
        WriteFeatures("a.npy", rows: 10, columns: 2);
        WriteFeatures("b.npy", rows: 10, columns: 3);
        (await shell.RunAsync("fid", "a.npy", "b.npy")).ShouldBeRefused("has 2 features per image", "has 3");
    }

    [Fact]
    public async Task Files_that_are_no_side_are_refused()
    {
        WriteFeatures("ok.npy", rows: 10, columns: 2);
        shell.Write("text.txt", "x");
        shell.Write("broken.npz", "x");
        shell.Write("broken.npy", "x");
        NpyFormat.WriteFile(shell.PathOf("cube.npy"), NpyArray.From(new float[8], 2, 2, 2));
        Directory.CreateDirectory(shell.PathOf("empty"));

        (await shell.RunAsync("fid", "ok.npy", "missing.npz")).ShouldBeRefused("missing.npz");
        (await shell.RunAsync("fid", "ok.npy", "text.txt")).ShouldBeRefused("text.txt");
        (await shell.RunAsync("fid", "ok.npy", "broken.npz")).ShouldBeRefused("broken.npz");
        (await shell.RunAsync("fid", "ok.npy", "broken.npy")).ShouldBeRefused("broken.npy");
        (await shell.RunAsync("fid", "ok.npy", "cube.npy")).ShouldBeRefused("(2, 2, 2)");
        (await shell.RunAsync("fid", "ok.npy", "empty", "--features", TestShell.Digits)).ShouldBeRefused("0 images");
    }

    // Were called infinite.
    [Fact]
    public async Task Features_too_large_for_single_precision_are_named_as_that()
    {
        WriteFeatures("ok.npy", 10, 2);
        NpyFormat.WriteFile(shell.PathOf("large.npy"), NpyArray.From(new[] { 1.0, 2.0, 3.0, 4e38, 5.0, 6.0 }, 3, 2));
        (await shell.RunAsync("fid", "ok.npy", "large.npy")).ShouldBeRefused("large.npy: feature 1 of row 1 is 4E+38; features are computed with in single precision");
    }

    public void Dispose() => shell.Dispose();

    private void WriteFeatures(string name, int rows, int columns, ulong seed = 1)
    {
        var values = new float[rows * columns];
        new NoiseBank(seed).Fill(0, 0, values);
        NpyFormat.WriteFile(shell.PathOf(name), NpyArray.From(values, rows, columns));
    }
}
