namespace BatchEval.Cli.Results;

/// <summary>A score in words. Scores of a search have no standard error, and none is shown for them.</summary>
internal static class ScoreText
{
    /// <summary>For example "12.3 ± 0.4", or "12.3" where no error was estimated.</summary>
    public static string Write(double value, double error) =>
        error > 0
            ? string.Create(CultureInfo.InvariantCulture, $"{value:G4} ± {error:G2}")
            : value.ToString("G4", CultureInfo.InvariantCulture);
}
