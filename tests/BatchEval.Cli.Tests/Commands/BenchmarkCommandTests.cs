using BatchEval.Tests.Shared;

namespace BatchEval.Cli.Tests.Commands;

public sealed class BenchmarkCommandTests : IDisposable
{
    private readonly TestShell shell = new();

    [Fact]
    public async Task All_that_was_asked_for_is_in_the_document()
    {
        var result = (await shell.RunAsync(
            "benchmark", "--model", TestShell.Digits, "--measure", "calls,bound,engine,device-loop", "--batch", "1,2", "--seconds", "0", "--calls", "1", "--steps", "2",
            "--profile", "--memory", "none,host,device", "--json")).ShouldSucceed();

        var timings = result.Json["timings"]!.AsArray();
        timings.Count.ShouldBe(8);
        timings[7]!["measure"]!.GetValue<string>().ShouldBe("device-loop");
        timings[7]!["batch"]!.GetValue<int>().ShouldBe(2);
        timings.ShouldAllBe(t => t!["perSecond"]!.GetValue<double>() > 0 && t["failure"] == null);
        result.Json["steps"]!.AsArray().Count.ShouldBe(2);
        result.Json["steps"]![0]!["time"]!.GetValue<double>().ShouldBe(999);
        result.Json["profiles"]!.AsArray().Select(p => p!["measure"]!.GetValue<string>()).ShouldBe(["calls", "bound"]);
        result.Json["memory"]!.AsArray().Select(p => p!["sharing"]!.GetValue<string>()).ShouldBe(["none", "host", "device"]);
        result.Json["tf32"].ShouldBeNull();
        result.Error.ShouldContain("digits on cpu, 1 thread; processor time.");
    }

    [Fact]
    public async Task A_table_for_people_by_default()
    {
        var result = (await shell.RunAsync("benchmark", "--model", TestShell.Digits, "--batch", "1", "--seconds", "0", "--calls", "1", "--gated", "--threads", "2")).ShouldSucceed();
        result.Out.ShouldContain("samples per second");
        result.Out.ShouldContain("bound");
        result.Out.ShouldContain("digits on cpu, 2 threads; wall clock.");
    }

    [Theory]
    [InlineData("allowed: calls, bound, engine, device-loop", "--measure", "calls,speed")]
    [InlineData("allowed: none, host, device", "--memory", "cloud")]
    [InlineData("--batch has '0'", "--batch", "1,0")]
    [InlineData("allowed: 0 to 3600", "--seconds", "-1")]
    [InlineData("--device cuda --measure bound", "--cuda-graph")]
    public async Task What_cannot_be_done_is_refused(string words, params string[] args) =>
        (await shell.RunAsync(["benchmark", "--model", TestShell.Digits, .. args])).ShouldBeRefused(words);

    [WithoutCudaFact]
    public async Task Without_a_gpu_the_refusal_names_the_libraries() =>
        (await shell.RunAsync("benchmark", "--model", TestShell.Digits, "--device", "cuda")).ShouldBeRefused("The CUDA provider could not be loaded", "libcudart.so.13", "libcudnn.so.9");

    public void Dispose() => shell.Dispose();
}
