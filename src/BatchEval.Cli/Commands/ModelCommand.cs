using System.CommandLine;
using BatchEval.Cli.Models;
using BatchEval.Cli.Options;
using BatchEval.Cli.Terminal;

namespace BatchEval.Cli.Commands;

/// <summary><c>batcheval model</c>: looks into a model package.</summary>
internal static class ModelCommand
{
    /// <summary>Creates the command.</summary>
    public static Command Create(Shell shell) => new("model", "Look into a model package.") { Inspect(shell), Compare(shell) };

    private static Argument<string> Package() => new("dir") { Description = "Folder of the model package." };

    private static Option<int?> Batch()
    {
        var option = new Option<int?>("--batch") { Description = "Samples per timed call. Default: 16.", HelpName = "n" };
        CommonOptions.AtLeast(option, 1);
        return option;
    }

    private static Command Inspect(Shell shell)
    {
        var (dir, batch, device, json) = (Package(), Batch(), CommonOptions.Device(), CommonOptions.Json());
        var untimed = new Option<bool>("--no-timing") { Description = "Count multiply-adds only; measure no milliseconds." };
        var command = new Command("inspect", "List the blocks that a search can drop, with what each of them costs.") { dir, batch, untimed, device, json };
        command.SetAction(parsed =>
        {
            var model = InspectedModel.Open(shell.PathOf(parsed.GetRequiredValue(dir)));
            var options = CommonOptions.Workers(parsed.GetRequiredValue(device), 1).Device;
            var costs = parsed.GetValue(untimed) ? null : model.Measure(options, parsed.GetValue(batch) ?? 16);
            BlockTable.Show(model, costs, new Output(shell, parsed.GetValue(json)));
            return ExitCodes.Done;
        });
        return command;
    }

    private static Command Compare(Shell shell)
    {
        var (dir, batch, device, json) = (Package(), Batch(), CommonOptions.Device(), CommonOptions.Json());
        var rounds = new Option<int?>("--rounds") { Description = "Timed calls of each variant. Default: 30.", HelpName = "n" };
        CommonOptions.AtLeast(rounds, 1);
        var command = new Command("compare", "Time plain, gated and pruned execution against each other.") { dir, batch, rounds, device, json };
        command.SetAction(parsed =>
        {
            var model = InspectedModel.Open(shell.PathOf(parsed.GetRequiredValue(dir)));
            var options = CommonOptions.Workers(parsed.GetRequiredValue(device), 1).Device;
            var (samples, calls) = (parsed.GetValue(batch) ?? 16, parsed.GetValue(rounds) ?? 30);
            ExecutionTable.Show(model.Compare(options, samples, calls), samples, calls, new Output(shell, parsed.GetValue(json)));
            return ExitCodes.Done;
        });
        return command;
    }
}
