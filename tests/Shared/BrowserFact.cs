namespace BatchEval.Tests.Shared;

/// <summary>A test that needs Chromium, which the tools of this project do not bring.</summary>
public sealed class BrowserFactAttribute : FactAttribute
{
    public static readonly string? Browser = new[] { Environment.GetEnvironmentVariable("CHROMIUM"), "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome" }.FirstOrDefault(File.Exists);

    public BrowserFactAttribute() =>
        Skip = Browser is null ? "Chromium is not installed (Debian: apt-get install chromium); the pages were not looked at." : null;
}
