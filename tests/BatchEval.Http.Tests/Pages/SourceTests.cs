using BatchEval.Tests.Shared;

namespace BatchEval.Http.Tests.Pages;

/// <summary>The sources of the pages against the interface and against their own types.</summary>
public sealed class SourceTests
{
    [Fact]
    public async Task Types_of_the_interface_are_those_of_its_description()
    {
        var made = Path.Combine(Path.GetTempPath(), $"api-{Environment.ProcessId}.d.ts");
        try
        {
            await NodeAsync("openapi-typescript/bin/cli.js", "docs/openapi.json", "-o", made);
            var (fresh, kept) = (await File.ReadAllTextAsync(made), Path.Combine(RepoPaths.Root, "src", "web", "api.d.ts"));
            if (Environment.GetEnvironmentVariable("BATCHEVAL_UPDATE_DOCS") == "1")
            {
                await File.WriteAllTextAsync(kept, fresh);
            }

            (await File.ReadAllTextAsync(kept)).ShouldBe(fresh, "Run the tests once with BATCHEVAL_UPDATE_DOCS=1.");
        }
        finally
        {
            File.Delete(made);
        }
    }

    [Fact]
    public Task Pages_pass_the_type_checker() => NodeAsync("typescript/bin/tsc", "-p", "src/web");

    private static Task NodeAsync(string script, params string[] arguments) => NodeProgram.RunAsync([Path.Combine(RepoPaths.NodeModules, script), .. arguments], minutes: 5);
}
