using BatchEval.Workflow.Http;

namespace BatchEval.Cli.Serve;

/// <summary>The page at <c>/</c>: the runs with live progress, self-contained.</summary>
internal static class StartPage
{
    /// <summary>The page as an answer.</summary>
    public static ApiResponse Response { get; } = ApiResponse.File("text/html; charset=utf-8", Read()) with
    {
        Headers = new Dictionary<string, string>
        {
            ["Content-Security-Policy"] = "default-src 'none'; connect-src 'self'; img-src 'self' data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
            ["X-Content-Type-Options"] = "nosniff",
        },
    };

    private static byte[] Read()
    {
        using var source = typeof(StartPage).Assembly.GetManifestResourceStream("start-page.html")!;
        using var content = new MemoryStream();
        source.CopyTo(content);
        return content.ToArray();
    }
}
