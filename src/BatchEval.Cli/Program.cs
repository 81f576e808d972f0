using BatchEval.Cli;
using BatchEval.Cli.Commands;

return await Application.RunAsync(args, Shell.OfProcess());

/// <summary>The program <c>batcheval</c>.</summary>
internal sealed partial class Program
{
    /// <summary>All commands, in the order in which the help lists them. A new command is one more line here.</summary>
    public static IReadOnlyList<Func<Shell, Command>> Commands { get; } =
    [
        RunCommand.Create,
        ScheduleCommand.Create,
        SampleCommand.Create,
        EvaluateCommand.Create,
        ExportCommand.Create,
        FidCommand.Create,
        ModelCommand.Create,
        BenchmarkCommand.Create,
        SkipCommand.Create,
        MetricsCommand.Create,
        StatsCommand.Create,
        RunsCommand.Create,
        ShowCommand.Create,
        SpecificationCommand.Create,
        ServeCommand.Create,
        WorkerCommand.Create,
        ControlCommand.Create,
    ];
}
