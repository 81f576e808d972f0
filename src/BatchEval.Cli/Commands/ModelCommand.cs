using BatchEval.Cli.Models;

namespace BatchEval.Cli.Commands;

/// <summary><c>batcheval model</c>: looks into a model package.</summary>
internal static class ModelCommand
{
    public static Command Create(Shell shell) => new("model", "Make, check and look into a model package.") { Init(shell), Check(shell), Inspect(shell), Compare(shell) };

    private static Argument<string> Package() => new("dir") { Description = "Folder of the model package." };

    private static Option<int?> Batch()
    {
        var option = new Option<int?>("--batch") { Description = "Samples per timed call. Default: 16.", HelpName = "n" };
        CommonOptions.AtLeast(option, 1);
        return option;
    }

    private static Command Init(Shell shell)
    {
        var path = new Argument<string>("path") { Description = "An .onnx file, or the folder that holds it." };
        var (force, options) = (new Option<bool>("--force") { Description = "Replace a manifest that exists." }, new DraftOptions());
        var command = new Command("init", "Write the manifest of a network: what it declares is read, a scheduler_config.json beside it too, and the rest is asked for by option.") { path, force };
        foreach (var option in options.All)
        {
            command.Add(option);
        }

        command.SetAction(parsed =>
        {
            ModelInit.Run(shell.PathOf(parsed.GetRequiredValue(path)), options.Read(parsed), parsed.GetValue(force), shell);
            return ExitCodes.Done;
        });
        return command;
    }

    private static Command Check(Shell shell)
    {
        var (dir, device, json) = (Package(), CommonOptions.Device(), CommonOptions.Json());
        var command = new Command("check", "Check a model with a few calls of its network, and say what was seen.") { dir, device, json };
        command.SetAction(parsed =>
        {
            var package = ModelPackage.Open(shell.PathOf(parsed.GetRequiredValue(dir)));
            var output = new Output(shell, parsed.GetValue(json));
            return CheckTable.Show(package, CommonOptions.Workers(parsed.GetRequiredValue(device), 1).Device, output) ? ExitCodes.Done : ExitCodes.Failed;
        });
        return command;
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
