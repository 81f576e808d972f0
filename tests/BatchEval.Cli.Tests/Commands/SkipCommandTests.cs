using System.Text.Json.Nodes;

namespace BatchEval.Cli.Tests.Commands;

/// <summary>The commands under <c>batcheval skip</c>, on the bundled model.</summary>
public sealed class SkipCommandTests : IDisposable
{
    private readonly TestShell shell = new();

    public void Dispose() => shell.Dispose();

    [Fact]
    public async Task Calibrate_prints_the_threshold_and_what_it_achieves()
    {
        var json = await JsonAsync("calibrate", "--steps", "10", "--count", "4", "--order", "1", "--target-calls", "8");
        json["achieved"]!["networkCalls"]!["value"]!.GetValue<double>().ShouldBeInRange(5, 8);
        json["candidate"]!["skip"]!["threshold"]!.GetValue<double>().ShouldBe(json["threshold"]!.GetValue<double>());
        json["achieved"]!["metrics"]!["psnr"]!["perImage"]!["p05"]!.GetValue<double>().ShouldBeGreaterThan(10);
        json["masks"]!.AsArray().Count.ShouldBe(4);
    }

    [Fact]
    public async Task A_hard_limit_of_calls_holds_for_every_image()
    {
        var json = await JsonAsync("calibrate", "--steps", "12", "--count", "4", "--max-calls", "8", "--target-psnr", "1");
        json["achieved"]!["networkCalls"]!["perImage"]!["max"]!.GetValue<double>().ShouldBeLessThanOrEqualTo(8);
    }

    [Fact]
    public async Task Path_tests_a_rule_against_greedy_paths()
    {
        var json = await JsonAsync("path", "--steps", "8", "--count", "2", "--skips", "2", "3", "--criteria", "tensor", "output");
        json["paths"]!.AsArray().Select(p => p!["skipped"]!.AsArray().Count).ShouldBe([3, 3]);
        json["comparisons"]!.AsArray().Select(c => c!["criterion"]!.GetValue<string>()).ShouldBe(["tensor", "tensor", "output", "output"]);
        json["evaluations"]!.GetValue<long>().ShouldBeLessThan(json["naiveEvaluations"]!.GetValue<long>());
    }

    [Fact]
    public async Task Compare_puts_all_methods_side_by_side()
    {
        var json = await JsonAsync("compare", "--steps", "8", "--count", "3", "--calibration-count", "2", "--calls", "6", "--criteria", "tensor", "output", "--orders", "0", "2");
        var rows = json["rows"]!.AsArray();
        rows.Select(r => r!["method"]!.GetValue<string>()).ShouldBe(
        [
            "8 steps", "6 steps", "every other step, hold", "every other step, order 2", "tensor, hold", "tensor, order 2", "output, hold", "output, order 2",
        ]);
        rows[0]!["metrics"]!["psnr"]!["value"]!.GetValue<double>().ShouldBe(100);
        rows[2]!["networkCalls"]!["value"]!.GetValue<double>().ShouldBe(4);
    }

    [Fact]
    public async Task Any_metric_that_the_samples_allow_can_be_measured()
    {
        var json = await JsonAsync("compare", "--steps", "8", "--calls", "6", "--count", "5", "--calibration-count", "2", "--criteria", "output", "--orders", "0", "--metrics", "kid", "recall", "fid-held-out", "psnr", "pixel-mean");
        json["rows"]!.AsArray().ShouldAllBe(row => row!["metrics"]!.AsObject().Select(m => m.Key).Order().SequenceEqual(new[] { "fid-held-out", "kid", "pixel-mean", "psnr", "recall" }));
        // Every image lies in its own set.
        json["rows"]![0]!["metrics"]!["recall"]!["value"]!.GetValue<double>().ShouldBe(1);

        var path = await JsonAsync("path", "--steps", "8", "--count", "2", "--skips", "2", "--criteria", "output", "--metrics", "psnr");
        var compared = path["comparisons"]!.AsArray().ShouldHaveSingleItem()!;
        compared["greedyMetrics"]!["psnr"]!["value"]!.GetValue<double>().ShouldBeGreaterThanOrEqualTo(compared["ruleMetrics"]!["psnr"]!["value"]!.GetValue<double>());
        var calibrated = await JsonAsync("calibrate", "--steps", "8", "--count", "2", "--target-ssim", "0.9", "--metrics", "psnr-pooled-error");
        calibrated["achieved"]!["metrics"]!["ssim"]!["value"]!.GetValue<double>().ShouldBeGreaterThanOrEqualTo(0.9);
        calibrated["target"]!.GetValue<string>().ShouldBe("SSIM >= 0.9");
    }

    [Theory]
    [InlineData("MS-SSIM cannot be measured: the model 'digits' makes images of 16 x 16", "compare", "--steps", "10", "--metrics", "ms-ssim")]
    [InlineData("clip-score", "compare", "--steps", "10", "--metrics", "clip-score")]
    [InlineData("exactly one target", "calibrate", "--steps", "10")]
    [InlineData("exactly one target", "calibrate", "--steps", "10", "--target-calls", "5", "--target-ms", "3")]
    [InlineData("--target-calls is 0", "calibrate", "--steps", "10", "--target-calls", "0")]
    [InlineData("one-step schedule", "calibrate", "--steps", "1", "--target-calls", "1")]
    [InlineData("skip.maxConsecutive is 0", "calibrate", "--steps", "10", "--target-calls", "5", "--max-consecutive", "0")]
    [InlineData("need 5 computed steps", "calibrate", "--steps", "10", "--target-calls", "5", "--max-calls", "4")]
    [InlineData("measured values reach from", "calibrate", "--steps", "10", "--target-calls", "1", "--count", "1")]
    [InlineData("numbers from 1 to 9", "path", "--steps", "10", "--skips", "10")]
    [InlineData("allowed: 1 to 9", "compare", "--steps", "10", "--calls", "10")]
    public async Task Refuses_what_cannot_be_done(string message, string command, params string[] args)
    {
        var result = await shell.RunAsync(["skip", command, "--model", TestShell.Digits, "--solver", "ddim", .. args]);
        result.Code.ShouldBe(ExitCodes.BadInput);
        result.Out.ShouldBeEmpty();
        result.Error.ShouldContain(message);
    }

    private async Task<JsonNode> JsonAsync(string command, params string[] args)
    {
        var result = await shell.RunAsync(["skip", command, "--model", TestShell.Digits, "--solver", "ddim", "--json", .. args]);
        result.ShouldSucceed();
        return JsonNode.Parse(result.Out)!;
    }
}
