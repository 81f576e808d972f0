using System.Diagnostics;
using BatchEval.Tests.Shared;

namespace BatchEval.EndToEnd.Runs;

/// <summary>The built command line tool as a process of its own, in a folder of its own.</summary>
internal sealed class Tool : IDisposable
{
    public string Folder { get; } = Directory.CreateTempSubdirectory("batcheval-e2e-").FullName;

    public static TimeSpan Patience => TimeSpan.FromMinutes(5);

    public Process Start(params string[] arguments)
    {
        var assembly = Path.Combine(RepoPaths.Root, "artifacts", "bin", "BatchEval.Cli", "debug", "batcheval.dll");
        var info = new ProcessStartInfo("dotnet", [assembly, .. arguments]) { WorkingDirectory = Folder, RedirectStandardOutput = true, RedirectStandardError = true };
        return Process.Start(info) ?? throw new InvalidOperationException("The tool did not start.");
    }

    public async Task<(int Code, string Output, string Error)> RunAsync(params string[] arguments)
    {
        using var process = Start(arguments);
        using var timeout = new CancellationTokenSource(Patience);
        var (output, error) = (process.StandardOutput.ReadToEndAsync(timeout.Token), process.StandardError.ReadToEndAsync(timeout.Token));
        await process.WaitForExitAsync(timeout.Token);
        return (process.ExitCode, await output, await error);
    }

    public string Write(string name, string text)
    {
        var path = Path.Combine(Folder, name);
        File.WriteAllText(path, text);
        return path;
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
