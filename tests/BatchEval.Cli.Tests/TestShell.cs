using System.Text.Json.Nodes;
using BatchEval.Cli.Terminal;
using BatchEval.Tests.Shared;

namespace BatchEval.Cli.Tests;

/// <summary>Runs command lines in this process, in a folder and with output of its own.</summary>
internal sealed class TestShell : IDisposable
{
    private readonly Dictionary<string, string> variables = [];

    public static string Digits { get; } = Path.Combine(RepoPaths.Samples, "digits");

    public string Folder { get; } = Directory.CreateTempSubdirectory("batcheval-cli-").FullName;

    /// <summary>Called with every line of messages, for tests that interrupt.</summary>
    public Action<string>? OnMessage { get; set; }

    public TestShell With(string variable, string value)
    {
        variables[variable] = value;
        return this;
    }

    public string PathOf(string name) => Path.Combine(Folder, name);

    public string Write(string name, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(PathOf(name))!);
        File.WriteAllText(PathOf(name), text);
        return name;
    }

    public async Task<CliResult> RunAsync(IReadOnlyList<string> args, CancellationToken cancellation = default)
    {
        using var output = new StringWriter();
        using var error = new ListeningWriter(line => OnMessage?.Invoke(line));
        var shell = new Shell(output, error, Folder, name => variables.GetValueOrDefault(name), TimeProvider.System);
        var code = await Application.RunAsync(args, shell, cancellation);
        return new CliResult(code, output.ToString(), error.ToString());
    }

    public Task<CliResult> RunAsync(params string[] args) => RunAsync(args, CancellationToken.None);

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    private sealed class ListeningWriter(Action<string> listen) : StringWriter
    {
        public override void WriteLine(string? value)
        {
            base.WriteLine(value);
            listen(value ?? string.Empty);
        }
    }
}

internal sealed record CliResult(int Code, string Out, string Error)
{
    public JsonNode Json => JsonNode.Parse(Out)!;

    /// <summary>Refused with words for people, and nothing on standard output.</summary>
    public void ShouldBeRefused(params string[] words)
    {
        Code.ShouldBe(ExitCodes.BadInput, Error);
        Out.ShouldBeEmpty();
        Error.ShouldStartWith("error: ");
        Error.ShouldNotContain("   at ");
        foreach (var word in words)
        {
            Error.ShouldContain(word);
        }
    }

    public CliResult ShouldSucceed()
    {
        Code.ShouldBe(ExitCodes.Done, Error);
        return this;
    }
}
