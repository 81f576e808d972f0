using BatchEval.Tests.Shared;

namespace BatchEval.Http.Tests.Pages;

/// <summary>The pages in a browser, over a server whose answers fail, come late or never.</summary>
public sealed class FaultyServerTests
{
    [BrowserFact]
    public async Task Pages_say_what_is_the_matter_and_recover()
    {
        var said = await NodeProgram.RunAsync([Path.Combine(RepoPaths.Root, "tests", "BatchEval.Http.Tests", "Pages", "faults.mjs"), Path.Combine(RepoPaths.Root, "artifacts", "web", "dashboard")], minutes: 5);
        said.TrimEnd().ShouldEndWith("done");
    }
}
