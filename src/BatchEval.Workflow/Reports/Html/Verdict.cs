using BatchEval.Workflow.Evaluation;

namespace BatchEval.Workflow.Reports.Html;

/// <summary>How a score stands against the winner's.</summary>
internal enum Standing
{
    /// <summary>It is the winner's own schedule.</summary>
    Same,

    /// <summary>The winner is better by more than one standard error of the difference.</summary>
    Behind,

    /// <summary>Closer than one standard error of the difference.</summary>
    Level,

    /// <summary>Better than the winner by more than one standard error of the difference.</summary>
    Ahead,
}

/// <summary>A score beside the winner's.</summary>
/// <param name="Difference">Its value less the winner's, as people read the metric.</param>
/// <param name="Error">Standard error of the difference, the two taken as independent.</param>
/// <param name="Standing">What follows from both.</param>
internal sealed record Comparison(CandidateScore Other, double Difference, double Error, Standing Standing);

/// <summary>Says what a run has won, and says so when it has won nothing.</summary>
internal sealed class Verdict
{
    private static readonly string[] DefaultSpacings = ["leading", "trailing", "linspace"];
    private readonly CandidateScore? best;

    public Verdict(Leaderboard leaderboard)
    {
        Metric = ReportMetric.Objective(leaderboard.Objective);
        best = leaderboard.Best is { } winner && Metric.Value(winner) is not null ? winner : null;
        Baselines = [.. leaderboard.Baselines.Where(b => Metric.Value(b) is not null).OrderBy(b => b.Objective).ThenBy(b => b.Id, StringComparer.Ordinal)];
        BestDefault = Baselines.FirstOrDefault(b => DefaultSpacings.Contains(b.Name));
        Comparisons = best is null ? [] : [.. Baselines.Select(b => Compare(b)!)];
        Headline = Sentence();
        Summary = Closing();
    }

    public ReportMetric Metric { get; }

    /// <summary>Baselines that have a score, best first.</summary>
    public IReadOnlyList<CandidateScore> Baselines { get; }

    /// <summary>The best of the default uniform spacings, or null.</summary>
    public CandidateScore? BestDefault { get; }

    /// <summary>Every baseline beside the winner; empty without a winner.</summary>
    public IReadOnlyList<Comparison> Comparisons { get; }

    /// <summary>What was won, in one sentence.</summary>
    public string Headline { get; }

    /// <summary>How the winner stands among all baselines.</summary>
    public string Summary { get; }

    /// <summary>Compares a score with the winner's; null when one of them is missing.</summary>
    public Comparison? Compare(CandidateScore other)
    {
        if (best is null || Metric.Value(best) is not { } won || Metric.Value(other) is not { } value)
        {
            return null;
        }

        var error = Math.Sqrt(Square(Metric.Error(best)) + Square(Metric.Error(other)));
        var behind = Metric.HigherIsBetter ? won - value : value - won;
        var standing = other.Id == best.Id ? Standing.Same : Math.Abs(behind) <= error ? Standing.Level : behind > 0 ? Standing.Behind : Standing.Ahead;
        return new Comparison(other, value - won, error, standing);
    }

    /// <summary>The winner's value over another, as a factor; as a difference where a factor means nothing.</summary>
    public string? Gain(CandidateScore other)
    {
        if (best is null || Metric.Value(best) is not { } won || Metric.Value(other) is not { } value)
        {
            return null;
        }

        return !Metric.HigherIsBetter && won > 0 && value > 0
            ? $"{ReportNumbers.Fixed(won / value, 2)}×"
            : ReportNumbers.Signed(won - value, ReportNumbers.Decimals(won - value, Metric.Error(other))) + Metric.Unit;
    }

    private string Sentence()
    {
        if (best is null)
        {
            return Baselines.Count == 0
                ? "Nothing was won: no candidate and no baseline could be scored."
                : $"Nothing was won: no candidate could be scored. The best baseline, {Named(Baselines[0])}, has {Metric.Label} {Metric.Text(Baselines[0])}.";
        }

        var start = $"{Calls(best)}: {Metric.Label} {Metric.Text(best)}";
        if (Baselines.Count == 0)
        {
            return $"{start}; there is no baseline to compare with.";
        }

        var yardstick = BestDefault ?? Baselines[0];
        return $"{start} {Against(Compare(yardstick)!)}{Challenge(yardstick)}.";
    }

    private string Against(Comparison comparison)
    {
        var other = comparison.Other;
        var kind = other == BestDefault ? "the best default spacing" : "the best baseline";
        return comparison.Standing switch
        {
            Standing.Same => $"from the very schedule of {kind}, {Named(other)}: nothing was won",
            Standing.Behind => $"against {Metric.Text(other)} for {kind}, {Named(other)} ({Gain(other)})",
            Standing.Level => $"is level with {kind}, {Named(other)} ({Metric.Text(other)})",
            _ => $"is worse than {kind}, {Named(other)} ({Metric.Text(other)})",
        };
    }

    // Names the best baseline when it ties or wins; the yardstick has been spoken of already.
    private string Challenge(CandidateScore yardstick)
    {
        var rival = Comparisons[0].Standing == Standing.Ahead ? Comparisons[0] : Comparisons.FirstOrDefault(c => c.Standing == Standing.Same) ?? Comparisons[0];
        if (rival.Other == yardstick)
        {
            return string.Empty;
        }

        return rival.Standing switch
        {
            Standing.Same => $"; the winner is the very schedule of the baseline {Named(rival.Other)}",
            Standing.Level => $"; the baseline {Named(rival.Other)} is level with it ({Metric.Text(rival.Other)})",
            Standing.Ahead => $"; but the baseline {Named(rival.Other)} is better ({Metric.Text(rival.Other)})",
            _ => string.Empty,
        };
    }

    private string Closing()
    {
        if (Comparisons.Count == 0)
        {
            return string.Empty;
        }

        var parts = new List<string>();
        Add(parts, Standing.Behind, "Better by more than one standard error than");
        Add(parts, Standing.Level, "Within one standard error of");
        Add(parts, Standing.Same, "The same schedule as");
        Add(parts, Standing.Ahead, "Worse by more than one standard error than");
        return string.Join(" ", parts);
    }

    private void Add(List<string> parts, Standing standing, string words)
    {
        string[] names = [.. Comparisons.Where(c => c.Standing == standing).Select(c => c.Other.Name)];
        if (names.Length > 0)
        {
            var all = names.Length == Comparisons.Count && names.Length > 1;
            var list = names.Length == 1 ? names[0] : $"{string.Join(", ", names[..^1])} and {names[^1]}";
            parts.Add(all ? $"{words} each of the {names.Length} baselines." : $"{words} {list}.");
        }
    }

    private string Named(CandidateScore other) => best is { } winner && other.NetworkCalls == winner.NetworkCalls ? other.Name : $"{other.Name} with {Calls(other)}";

    private static string Calls(CandidateScore score) => $"{ReportNumbers.Calls(score.NetworkCalls)} network call{(score.NetworkCalls == 1 ? "" : "s")}";

    private static double Square(double? value) => value is { } v ? v * v : 0;
}
