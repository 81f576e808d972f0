using BatchEval.Cli.Results;
using BatchEval.Cli.Terminal;
using BatchEval.Core.Sampling;
using BatchEval.Workflow.Evaluation;

namespace BatchEval.Cli.Tests.Results;

public sealed class LeaderboardTableTests
{
    // Numbers were broken in two, and the times had no room at all.
    [Theory]
    [InlineData(160, "mean pixel")]
    [InlineData(80, "PSNR")]
    [InlineData(64, "precision")]
    public void Metrics_without_room_are_named_below_the_table_and_none_is_broken(int width, string left)
    {
        var table = Drawn(width);
        table.Split('\n').ShouldAllBe(line => line.TrimEnd().Length <= width);
        table.ShouldContain("0.810 ± 0.065");
        table.ShouldContain("725 522 402 203");
        table.ShouldMatch($"No room for [^:]*{left}");
    }

    [Fact]
    public void All_metrics_are_shown_where_there_is_room()
    {
        var table = Drawn(220);
        table.ShouldNotContain("No room");
        table.ShouldContain("93.1 ± 0.1");
    }

    private static string Drawn(int width)
    {
        var candidate = Candidate.At("dpmpp-2m", [725, 522, 402, 203]);
        var score = new CandidateScore
        {
            Id = candidate.Id[..12], Name = "searched", Role = EntryRole.Searched, Candidate = candidate, NetworkCalls = 4, Objective = 0.81, ObjectiveError = 0.065,
            Metrics = new (string Key, double Value, double Error)[]
            {
                ("fid", 0.81, 0.065), ("fid-held-out", 1.984, 0.183), ("kid", 0.01273, 0.00044), ("precision", 0.5715, 0.0111), ("recall", 0.8713, 0.0086),
                ("psnr", 25.98, 0.1), ("lpips", 0.0413, 0.001), ("pixel-mean", 80.5, 0.2), ("contrast", 93.1, 0.1),
            }.ToDictionary(m => m.Key, m => new MetricValue { Value = m.Value, Error = m.Error }),
        };
        var board = new Leaderboard("digits-4-calls-1a2b3c4d", 7, "fid", score, [score with { Name = "trimmed-uniform", Role = EntryRole.Baseline }], [], null!);
        using var written = new StringWriter();
        var console = Output.ConsoleOn(written, terminal: false);
        console.Profile.Width = width;
        console.Write(LeaderboardTable.Draw(board, width));
        return written.ToString();
    }
}
