using System.Reflection;
using System.Security.Cryptography;
using System.Text;

namespace BatchEval.Workflow.Reports.Html;

/// <summary>The files that a page is made of; the project file embeds them when the assembly is built.</summary>
internal static class ReportAssets
{
    /// <summary>The page with its gaps.</summary>
    public static string Template { get; } = Read("report.html");

    public static string Style { get; } = Read("report.css");

    /// <summary>The page's script, bundled with the libraries that it uses.</summary>
    public static string Script { get; } = ReadScript("report.js");

    /// <summary>Licences of those libraries; they ask to go wherever the code goes.</summary>
    public static string Licences { get; } = Read("licences.txt").Trim();

    /// <summary>Allows what the page carries with it and nothing else; no address on the network can be reached.</summary>
    public static string ContentSecurityPolicy { get; } =
        $"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src {Hash(Script)}; base-uri 'none'; form-action 'none'";

    private static string ReadScript(string name)
    {
        var script = Read(name);
        return script.Contains("</script", StringComparison.OrdinalIgnoreCase) || script.Contains("<!--", StringComparison.Ordinal)
            ? throw new InvalidOperationException($"The script '{name}' cannot stand inside a page: it holds an end tag or a comment.")
            : script;
    }

    private static string Hash(string script) => $"'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(script)))}'";

    // A browser reads every line ending as one line feed, and the policy's hashes are taken over what it reads.
    private static string Read(string name)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream($"BatchEval.Report/{name}")
            ?? throw new InvalidOperationException($"The assembly lacks the report file '{name}'.");
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd().ReplaceLineEndings("\n");
    }
}
