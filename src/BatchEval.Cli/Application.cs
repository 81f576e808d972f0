using System.CommandLine.Invocation;
using System.Text.RegularExpressions;
using BatchEval.Http.Pipeline;
using BatchEval.Onnx.Runtime;
using BatchEval.Workflow.Storage;

namespace BatchEval.Cli;

/// <summary>Parses a command line, runs the command, and turns whatever goes wrong into words and an exit code.</summary>
internal static partial class Application
{
    /// <summary>Prints the whole exception where a command goes wrong unexpectedly.</summary>
    public static Option<bool> Verbose { get; } = new("--verbose") { Description = "Print details of unexpected failures.", Recursive = true };

    /// <summary>Runs one command line.</summary>
    /// <param name="args">Arguments without the program's name.</param>
    /// <param name="cancellation">Interrupts it; the exit code is then <see cref="ExitCodes.Interrupted"/>.</param>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(IReadOnlyList<string> args, Shell shell, CancellationToken cancellation = default)
    {
        var parsed = CreateRoot(shell).Parse(args);
        if (parsed.Action is ParseErrorAction)
        {
            return RefuseArguments(parsed, shell);
        }

        using var interruption = new Interruption(shell, cancellation);
        try
        {
            var configuration = new InvocationConfiguration
            {
                Output = shell.Out, Error = shell.Error, EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null,
            };
            return await parsed.InvokeAsync(configuration, interruption.Token);
        }
        catch (ProblemException error)
        {
            Explain(error, shell.Error);
            return ExitCodes.BadInput;
        }
        catch (Exception error) when (error is InvalidDataException or FileNotFoundException or DirectoryNotFoundException or UnauthorizedAccessException)
        {
            shell.Error.WriteLine($"error: {ErrorText.Of(error)}");
            return ExitCodes.BadInput;
        }
        catch (Azure.RequestFailedException error) when (error.Status is 401 or 403)
        {
            shell.Error.WriteLine($"error: The storage refuses the operation ({error.ErrorCode ?? $"status {error.Status}"}): the token, key or identity may not do this. Looking at runs needs the right to read and list; running needs to write, create and delete too.");
            return ExitCodes.BadInput;
        }
        catch (OperationCanceledException) when (interruption.Token.IsCancellationRequested)
        {
            shell.Error.WriteLine("Interrupted.");
            return ExitCodes.Interrupted;
        }
#pragma warning disable CA1031 // The outermost handler: users get words, not a stack trace.
        catch (Exception error)
#pragma warning restore CA1031
        {
            Unexpected(error, parsed.GetValue(Verbose), shell.Error);
            return ExitCodes.Failed;
        }
    }

    /// <summary>The tree of commands.</summary>
    public static RootCommand CreateRoot(Shell shell)
    {
        var root = new RootCommand("Searches fast sampling schedules for diffusion models, and measures them.") { Verbose };
        foreach (var create in Program.Commands)
        {
            root.Add(create(shell));
        }

        return root;
    }

    /// <summary>Prints every problem of a refused input on a line of its own.</summary>
    public static void Explain(ProblemException error, TextWriter writer)
    {
        if (error.Subject.Length == 0)
        {
            writer.WriteLine($"error: {error.Problems[0].Message}");
            return;
        }

        writer.WriteLine($"error: {error.Subject} cannot be used:");
        foreach (var problem in error.Problems)
        {
            writer.WriteLine($"  {problem}");
        }
    }

    /// <summary>Prints an unexpected failure: one line, or everything.</summary>
    public static void Unexpected(Exception error, bool verbose, TextWriter writer)
    {
        writer.WriteLine($"error: {ErrorText.Of(error)}");
        writer.WriteLine(verbose ? ErrorText.WithoutSecrets(error.ToString()) : "Repeat with --verbose for details.");
    }

    /// <summary>Prints a failure into the log of a server: what its environment did on one line, a defect of the program in full.</summary>
    public static void Log(Exception error, TextWriter writer)
    {
        writer.WriteLine($"error: {ErrorText.Of(error)}");
        if (!StorageFaults.MayPass(error) && !StorageFaults.IsRefusal(error) && error is not (RefusedException or ProblemException or NetworkFailedException or IOException))
        {
            writer.WriteLine(ErrorText.WithoutSecrets(error.ToString()));
        }
    }

    private static int RefuseArguments(ParseResult parsed, Shell shell)
    {
        foreach (var message in parsed.Errors.Select(e => TypeName().Replace(e.Message, NameForPeople)).Distinct())
        {
            shell.Error.WriteLine($"error: {message}");
        }

        var command = parsed.CommandResult.Command;
        shell.Error.WriteLine($"See '{NameOf(command)} --help'.");
        return ExitCodes.BadInput;
    }

    private static string NameOf(Command command) => command is RootCommand || command.Parents.OfType<Command>().FirstOrDefault() is not { } parent ? "batcheval" : $"{NameOf(parent)} {command.Name}";

    private static string NameForPeople(Match type) => type.Value switch
    {
        var name when name.Contains("Int", StringComparison.Ordinal) => "a whole number",
        var name when name.Contains("Double", StringComparison.Ordinal) => "a number",
        var name when name.Contains("Boolean", StringComparison.Ordinal) => "true or false",
        _ => "another type",
    };

    [GeneratedRegex("expected type 'System[^']*'")]
    private static partial Regex TypeName();
}
