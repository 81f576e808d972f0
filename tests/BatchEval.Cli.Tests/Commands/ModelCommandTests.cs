using BatchEval.Tests.Shared;

namespace BatchEval.Cli.Tests.Commands;

public sealed class ModelCommandTests : IDisposable
{
    private readonly TestShell shell = new();

    [Fact]
    public async Task Inspect_lists_the_blocks_with_their_costs()
    {
        var result = (await shell.RunAsync("model", "inspect", TestShell.Digits, "--batch", "1", "--json")).ShouldSucceed();

        result.Json["macs"]!.GetValue<double>().ShouldBe(58458112);
        var blocks = result.Json["blocks"]!.AsArray();
        blocks.Count.ShouldBe(13);
        blocks[3]!["name"]!.GetValue<string>().ShouldBe("d8_attn");
        blocks[3]!["kind"]!.GetValue<string>().ShouldBe("attention");
        blocks[3]!["resolution"]!.GetValue<string>().ShouldBe("8x8");
        blocks[3]!["macs"]!.GetValue<double>().ShouldBe(1572864);
        blocks.Sum(b => b!["milliseconds"]!.GetValue<double>()).ShouldBePositive();
        result.Error.ShouldContain("13 droppable blocks hold");
    }

    [Fact]
    public async Task Inspect_without_timing_is_a_table_of_counts()
    {
        var result = (await shell.RunAsync("model", "inspect", Network("unet2d"), "--no-timing")).ShouldSucceed();
        result.Out.ShouldContain("down_blocks.1.attentions.0");
        result.Out.ShouldContain("4.581 million multiply-adds");
    }

    [Fact]
    public async Task Compare_times_all_ways()
    {
        var result = (await shell.RunAsync("model", "compare", TestShell.Digits, "--batch", "1", "--rounds", "2", "--json")).ShouldSucceed();
        result.Json.AsArray().Count.ShouldBe(7);
        result.Json[0]!["ratio"]!.GetValue<double>().ShouldBe(1);
    }

    [Fact]
    public async Task A_folder_that_is_no_package_is_refused() =>
        (await shell.RunAsync("model", "inspect", "nowhere")).ShouldBeRefused("is not a model package");

    public void Dispose() => shell.Dispose();

    private static string Network(string name) => Path.Combine(RepoPaths.Root, "tests", "Golden", "networks", name);
}
