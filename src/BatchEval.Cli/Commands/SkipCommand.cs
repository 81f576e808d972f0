using BatchEval.Cli.Skipping;

namespace BatchEval.Cli.Commands;

/// <summary><c>batcheval skip</c>: leaves out network calls per image; calibrates, judges and compares it.</summary>
internal static class SkipCommand
{
    public static Command Create(Shell shell) => new("skip", "Leave out network calls per image: find the threshold for a target, the optimal paths, and compare.")
    {
        SkipCalibrateCommand.Create(shell),
        SkipPathCommand.Create(shell),
        SkipCompareCommand.Create(shell),
    };
}
