using System.Diagnostics;
using System.Text.RegularExpressions;
using BatchEval.Tests.Shared;

namespace BatchEval.Cli.Tests.Pipelines;

/// <summary>The newcomer's page, command by command, with the digits network in the place of theirs.</summary>
public sealed partial class YourModelPageTests(AzuriteFixture azurite) : IClassFixture<AzuriteFixture>, IDisposable
{
    private readonly TestShell shell = new TestShell().With("BATCHEVAL_STORE", azurite.ConnectionString);

    [Fact]
    public async Task Every_command_of_the_page_works()
    {
        foreach (var file in new[] { "unet.onnx", "features.onnx", "data.npy" })
        {
            File.Copy(Path.Combine(TestShell.Digits, file), shell.PathOf(file));
        }

        var page = await File.ReadAllTextAsync(Path.Combine(RepoPaths.Root, "docs", "your-model.md"));
        var commands = Commands(page).ToList();
        commands.Count(c => c.StartsWith("batcheval ", StringComparison.Ordinal)).ShouldBe(7);
        var asked = false;
        foreach (var command in commands)
        {
            if (!command.StartsWith("batcheval ", StringComparison.Ordinal))
            {
                Bash(command);
                continue;
            }

            var result = await shell.RunAsync([.. Words().Matches(command).Skip(1).Select(m => m.Value.Trim('"'))]);
            // The first command only shows what is asked for.
            result.Code.ShouldBe(asked ? ExitCodes.Done : ExitCodes.BadInput, $"{command}\n{result.Error}");
            asked = true;
        }

        Directory.EnumerateFiles(shell.Folder, "report.html", SearchOption.AllDirectories).ShouldHaveSingleItem();
        Directory.EnumerateFiles(shell.PathOf("pictures")).Count().ShouldBe(4);
    }

    public void Dispose() => shell.Dispose();

    // Indented lines; a here-document belongs to its first line.
    private static IEnumerable<string> Commands(string page)
    {
        string? open = null;
        foreach (var line in page.Split('\n').Where(l => l.StartsWith("    ", StringComparison.Ordinal)).Select(l => l[4..]))
        {
            open = open is null ? line : $"{open}\n{line}";
            if (!open.Contains("<<'JSON'", StringComparison.Ordinal) || line == "JSON")
            {
                yield return open;
                open = null;
            }
        }
    }

    private void Bash(string command)
    {
        using var process = Process.Start(new ProcessStartInfo("bash", ["-c", command]) { WorkingDirectory = shell.Folder, RedirectStandardError = true })!;
        var error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        process.ExitCode.ShouldBe(0, $"{command}\n{error}");
    }

    [GeneratedRegex("\"[^\"]*\"|\\S+")]
    private static partial Regex Words();
}
