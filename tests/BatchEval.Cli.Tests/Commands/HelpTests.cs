using System.CommandLine;

namespace BatchEval.Cli.Tests.Commands;

public sealed class HelpTests : IDisposable
{
    private readonly TestShell shell = new();

    public static TheoryData<string> Names => [.. Tree().Subcommands.Select(c => c.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Help_of_a_command_names_all_its_options_and_arguments(string name)
    {
        var help = (await shell.RunAsync(name, "--help")).ShouldSucceed().Out;

        var command = Tree().Subcommands.Single(c => c.Name == name);
        foreach (var option in command.Options)
        {
            help.ShouldContain(option.Name);
            option.Description.ShouldNotBeNullOrEmpty();
        }

        foreach (var argument in command.Arguments)
        {
            help.ShouldContain($"<{argument.Name}>");
            argument.Description.ShouldNotBeNullOrEmpty();
        }
    }

    [Fact]
    public async Task Help_of_the_program_names_all_commands()
    {
        var help = (await shell.RunAsync("--help")).ShouldSucceed().Out;
        foreach (var command in Tree().Subcommands)
        {
            help.ShouldContain(command.Name);
            help.ShouldContain(command.Description!.Split(':', '.', ',')[0]);
        }
    }

    [Theory]
    [InlineData("unknown option", "run", "spec.json", "--frobnicate")]
    [InlineData("unknown command", "frobnicate")]
    [InlineData("no command")]
    [InlineData("missing argument", "run")]
    [InlineData("missing option", "sample", "--steps", "3")]
    [InlineData("unknown device", "run", "spec.json", "--device", "tpu")]
    [InlineData("parallel of zero", "run", "spec.json", "--parallel", "0")]
    [InlineData("no number", "sample", "--model", "m", "--solver", "ddim", "--steps", "3", "--count", "many")]
    public async Task A_command_line_that_makes_no_sense_is_refused(string why, params string[] args)
    {
        why.ShouldNotBeEmpty();
        (await shell.RunAsync(args)).ShouldBeRefused("--help'");
    }

    [Fact]
    public async Task An_unknown_option_is_named() =>
        (await shell.RunAsync("run", "spec.json", "--frobnicate")).ShouldBeRefused("'--frobnicate'");

    [Fact]
    public async Task A_value_of_the_wrong_type_is_explained_without_type_names() =>
        (await shell.RunAsync("sample", "--model", "m", "--solver", "ddim", "--steps", "3", "--count", "many")).ShouldBeRefused("'many'", "'--count'", "as a whole number");

    public void Dispose() => shell.Dispose();

    private static RootCommand Tree() =>
        Application.CreateRoot(new Terminal.Shell(TextWriter.Null, TextWriter.Null, ".", _ => null, TimeProvider.System));
}
