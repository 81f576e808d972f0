using System.Diagnostics;

namespace BatchEval.Tests.Shared;

/// <summary>A program that Node.js runs for a test.</summary>
public static class NodeProgram
{
    /// <summary>Runs it to its end, which must be exit code 0; past the time limit it is ended with all that it started.</summary>
    /// <param name="words">The program and its arguments.</param>
    /// <param name="minutes">Time limit.</param>
    /// <param name="environment">Variables beside those of the test; <c>CHROMIUM</c> and <c>NODE_MODULES</c> are always set.</param>
    /// <returns>What it wrote on standard output.</returns>
    public static async Task<string> RunAsync(IEnumerable<string> words, double minutes, params (string Name, string Value)[] environment)
    {
        var info = new ProcessStartInfo("node", words) { WorkingDirectory = RepoPaths.Root, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in environment.Append(("CHROMIUM", BrowserFactAttribute.Browser ?? string.Empty)).Append(("NODE_MODULES", RepoPaths.NodeModules)))
        {
            info.Environment[name] = value;
        }

        using var process = Process.Start(info)!;
        var (said, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(minutes));
        try
        {
            await process.WaitForExitAsync(patience.Token);
        }
        finally
        {
            process.Kill(entireProcessTree: true);
        }

        process.ExitCode.ShouldBe(0, await said + await errors);
        return await said;
    }
}
