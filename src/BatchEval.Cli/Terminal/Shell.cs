namespace BatchEval.Cli.Terminal;

/// <summary>What commands see of the process around them; tests hand in their own.</summary>
/// <param name="Out">Where results go.</param>
/// <param name="Error">Where messages and progress go.</param>
/// <param name="Variable">Reads an environment variable.</param>
/// <param name="OutIsTerminal">Whether results reach a terminal that understands control codes.</param>
/// <param name="ErrorIsTerminal">Whether messages do.</param>
internal sealed record Shell(
    TextWriter Out, TextWriter Error, string Directory, Func<string, string?> Variable, TimeProvider Time, bool OutIsTerminal = false, bool ErrorIsTerminal = false)
{
    public static Shell OfProcess()
    {
        var dumb = Environment.GetEnvironmentVariable("TERM") is "dumb" || Environment.GetEnvironmentVariable("CI") is not (null or "");
        return new Shell(
            Console.Out, Console.Error, Environment.CurrentDirectory, Environment.GetEnvironmentVariable, TimeProvider.System,
            !dumb && !Console.IsOutputRedirected, !dumb && !Console.IsErrorRedirected);
    }

    /// <summary>Full path of a path that the user typed.</summary>
    public string PathOf(string path) => Path.GetFullPath(path, Directory);

    /// <summary>A path as the user would type it: relative where that is shorter.</summary>
    public string Shorten(string path)
    {
        var relative = Path.GetRelativePath(Directory, path);
        return relative.Length < path.Length && !relative.StartsWith("..", StringComparison.Ordinal) ? relative : path;
    }
}
