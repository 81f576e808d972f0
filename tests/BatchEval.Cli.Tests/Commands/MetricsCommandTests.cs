using System.Text.Json.Nodes;
using BatchEval.Onnx.Numpy;
using BatchEval.Tests.Shared;

namespace BatchEval.Cli.Tests.Commands;

public sealed class MetricsCommandTests : IDisposable
{
    private readonly TestShell shell = new();

    public void Dispose() => shell.Dispose();

    [Fact]
    public async Task Two_sets_of_images_get_every_distribution_metric_with_its_provenance()
    {
        Pictures.Random(60, 16, 1).WriteFolder(shell.PathOf("a"));
        Pictures.Random(50, 16, 2).WriteArray(shell.PathOf("b.npy"));

        var report = (await Run("a", "b.npy", "--features", TestShell.Digits, "--json")).ShouldSucceed().Json;

        Names(report).ShouldBe(["fid", "inception-score", "kid", "precision", "recall", "density", "coverage", "cmmd", "mind"]);
        foreach (var score in report["scores"]!.AsArray())
        {
            score!["standardError"]!.GetValue<double>().ShouldBeGreaterThanOrEqualTo(0);
            score["preprocessing"]!.GetValue<string>().ShouldBe("model-range");
            score["network"]!.GetValue<string>().Length.ShouldBe(64);
            score["method"]!.GetValue<string>().ShouldNotBeEmpty();
            score["count"]!.GetValue<int>().ShouldBeInRange(50, 60);
        }

        Score(report, "fid")["reference"]!.GetValue<string>().ShouldEndWith("-50");
        report["skipped"]![0]!["metric"]!.GetValue<string>().ShouldBe("fid-infinity");
        report["warnings"]!.AsArray().ShouldContain(w => w!.GetValue<string>().Contains("covariance is singular"));
        var fid = (await shell.RunAsync("fid", "a", "a", "--features", TestShell.Digits, "--json")).ShouldSucceed();
        fid.Json["fid"]!.GetValue<double>().ShouldBe(0);
    }

    [Fact]
    public async Task Sets_with_many_samples_per_dimension_get_the_extrapolated_distance()
    {
        var values = new float[300 * 4];
        new Core.Randomness.NoiseBank(3).Fill(0, 0, values);
        NpyFormat.WriteFile(shell.PathOf("x.npy"), NpyArray.From(values, 300, 4));
        new Core.Randomness.NoiseBank(4).Fill(0, 0, values);
        NpyFormat.WriteFile(shell.PathOf("y.npy"), NpyArray.From(values, 300, 4));

        var report = (await Run("x.npy", "y.npy", "--json")).ShouldSucceed().Json;

        Score(report, "fid-infinity")["value"]!.GetValue<double>().ShouldBeInRange(-0.1, 0.1);
        Score(report, "kid")["value"]!.GetValue<double>().ShouldBeInRange(-0.1, 0.1);
        report["warnings"]!.AsArray().ShouldContain(w => w!.GetValue<string>().Contains("could not be checked"));
    }

    [Fact]
    public async Task Statistics_allow_the_frechet_distance_alone_and_other_tags_are_refused()
    {
        Pictures.Random(40, 24, 1).WriteFolder(shell.PathOf("a"));
        (await shell.RunAsync("stats", "--images", "a", "--features", TestShell.Digits, "-o", "bicubic.npz", "--resize", "antialiased-bicubic")).ShouldSucceed();

        string[] same = ["a", "bicubic.npz", "--features", TestShell.Digits, "--resize", "antialiased-bicubic"];
        var report = (await Run([.. same, "--json"])).ShouldSucceed().Json;
        Names(report).ShouldBe(["fid", "inception-score"]);
        Score(report, "fid")["value"]!.GetValue<double>().ShouldBeInRange(0, 1e-3);
        var refused = await Run("a", "bicubic.npz", "--features", TestShell.Digits, "--resize", "tf1-bilinear");
        refused.ShouldBeRefused("cannot be compared", "tf1-bilinear", "antialiased-bicubic");
        (await Run("a", "bicubic.npz")).ShouldBeRefused("--features");
    }

    [Fact]
    public async Task Pairs_get_every_paired_metric()
    {
        var pictures = Pictures.Random(20, 16, 1);
        pictures.WriteFolder(shell.PathOf("a"));
        pictures.Darker().WriteFolder(shell.PathOf("b"));

        var report = (await Run("b", "a", "--paired", "--features", TestShell.Digits, "--json")).ShouldSucceed().Json;
        Names(report).ShouldContain("fid");
        Score(report, "psnr-mean-of-images")["value"]!.GetValue<double>().ShouldBeInRange(15, 60);
        Score(report, "psnr-pooled-error")["standardError"].ShouldBeNull();
        Score(report, "ssim")["value"]!.GetValue<double>().ShouldBeInRange(0.5, 1);
        Score(report, "lpips")["value"]!.GetValue<double>().ShouldBePositive();
        report["skipped"]!.AsArray().ShouldContain(s => s!["metric"]!.GetValue<string>() == "ms-ssim");

        var self = (await Run("a", "a", "--paired", "--json")).ShouldSucceed().Json;
        Names(self).ShouldBe(["psnr-mean-of-images", "psnr-pooled-error", "ssim"]);
        Score(self, "psnr-pooled-error")["value"]!.GetValue<string>().ShouldBe("Infinity");
        Score(self, "ssim")["value"]!.GetValue<double>().ShouldBe(1);
    }

    [Fact]
    public async Task Large_pairs_get_ms_ssim_and_lpips_of_a_package_of_their_own()
    {
        var pictures = Pictures.Random(2, 180, 1);
        pictures.WriteFolder(shell.PathOf("a"));
        pictures.Darker().WriteFolder(shell.PathOf("b"));
        var lpips = Path.Combine(RepoPaths.Root, "tests", "Golden", "features", "lpips-alex");

        var report = (await Run("b", "a", "--paired", "--perceptual", lpips, "--json")).ShouldSucceed().Json;

        Names(report).ShouldBe(["psnr-mean-of-images", "psnr-pooled-error", "ssim", "ms-ssim", "lpips"]);
        Score(report, "lpips")["network"]!.GetValue<string>().Length.ShouldBe(64);
    }

    [Fact]
    public async Task Pairs_that_are_none_are_refused()
    {
        Pictures.Random(3, 16, 1).WriteFolder(shell.PathOf("three"));
        Pictures.Random(2, 16, 1).WriteFolder(shell.PathOf("two"));
        Pictures.Random(3, 17, 1).WriteFolder(shell.PathOf("large"));
        (await Run("three", "two", "--paired")).ShouldBeRefused("3", "2", "equally many");
        (await Run("three", "large", "--paired")).ShouldBeRefused("000000.png'", "17 x 17");
        (await Run("three", Path.Combine(TestShell.Digits, "ref_stats.npz"), "--paired")).ShouldBeRefused("statistics");
    }

    [Fact]
    public async Task An_earlier_report_is_compared_or_refused_with_the_reason()
    {
        Pictures.Random(40, 16, 1).WriteFolder(shell.PathOf("a"));
        Pictures.Random(40, 16, 2).WriteFolder(shell.PathOf("b"));
        Pictures.Random(40, 16, 3).WriteFolder(shell.PathOf("c"));
        shell.Write("earlier.json", (await Run("b", "a", "--features", TestShell.Digits, "--json")).ShouldSucceed().Out);

        (await Run("c", "a", "--features", TestShell.Digits, "--compare", "earlier.json")).ShouldSucceed().Out.ShouldMatch(@"fid: -?[\d.]+ ± ");
        var refused = await Run("b", "c", "--features", TestShell.Digits, "--compare", "earlier.json");
        refused.Out.ShouldContain("fid: The scores cannot be compared: the reference is");
        shell.Write("other.json", "{}");
        (await Run("b", "c", "--features", TestShell.Digits, "--compare", "other.json")).ShouldBeRefused("other.json", "no scores");
    }

    private static string[] Names(JsonNode report) => [.. report["scores"]!.AsArray().Select(s => s!["metric"]!.GetValue<string>())];

    private static JsonNode Score(JsonNode report, string metric) => report["scores"]!.AsArray().Single(s => s!["metric"]!.GetValue<string>() == metric)!;

    private Task<CliResult> Run(params string[] arguments) => shell.RunAsync(["metrics", .. arguments]);
}
