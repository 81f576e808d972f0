using System.Diagnostics;
using BatchEval.Tests.Shared;

namespace BatchEval.Http.Tests.Pages;

/// <summary>The pages in a browser, over a server whose answers fail, come late or never.</summary>
public sealed class FaultyServerTests
{
    [BrowserFact]
    public async Task Pages_say_what_is_the_matter_and_recover()
    {
        var info = new ProcessStartInfo("node", [Path.Combine(RepoPaths.Root, "tests", "BatchEval.Http.Tests", "Pages", "faults.mjs"), Path.Combine(RepoPaths.Root, "artifacts", "web", "dashboard")]) { RedirectStandardOutput = true, RedirectStandardError = true };
        (info.Environment["CHROMIUM"], info.Environment["NODE_MODULES"]) = (BrowserFactAttribute.Browser, RepoPaths.NodeModules);
        using var process = Process.Start(info)!;
        var (said, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        try
        {
            await process.WaitForExitAsync(patience.Token);
        }
        finally
        {
            process.Kill(entireProcessTree: true);
        }

        process.ExitCode.ShouldBe(0, await said + await errors);
        (await said).TrimEnd().ShouldEndWith("done");
    }
}
