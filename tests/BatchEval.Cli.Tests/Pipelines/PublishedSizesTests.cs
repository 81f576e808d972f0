using System.Diagnostics;
using BatchEval.Tests.Shared;

namespace BatchEval.Cli.Tests.Pipelines;

/// <summary>The dry runs of the exporters: parameters and tensors of every published architecture, with no memory for weights.</summary>
public sealed class PublishedSizesTests
{
    private const string Python = "/usr/bin/python3";

    [TorchFact]
    public async Task Architectures_of_the_exporters_have_the_published_sizes()
    {
        var (code, output) = await RunAsync(Path.Combine(RepoPaths.Root, "tools", "pipelines", "dry.py"));
        code.ShouldBe(0, output);
        output.ShouldEndWith("all as published\n");
        output.Split('\n').Count(line => line.Contains("published: ", StringComparison.Ordinal)).ShouldBe(19);
    }

    private static async Task<(int Code, string Output)> RunAsync(params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(Python, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, Environment = { ["OMP_NUM_THREADS"] = "1" } })!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, await errors + output);
    }

    /// <summary>Skipped where <c>/usr/bin/python3</c> has no PyTorch or no ONNX.</summary>
    private sealed class TorchFactAttribute : FactAttribute
    {
        private static readonly Lazy<bool> Available = new(() => File.Exists(Python) && RunAsync("-c", "import importlib.util as u, sys; sys.exit(not (u.find_spec('torch') and u.find_spec('onnx')))").GetAwaiter().GetResult().Code == 0);

        public TorchFactAttribute()
        {
            if (!Available.Value)
            {
                Skip = $"{Python} with torch and onnx is not installed.";
            }
        }
    }
}
