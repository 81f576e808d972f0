using BatchEval.Core.Sampling;
using BatchEval.Core.Sampling.Placement;
using BatchEval.Workflow.Exports;
using BatchEval.Workflow.Schedules;
using Spectre.Console;

namespace BatchEval.Cli.Results;

/// <summary>Shows a schedule and what it was compared with.</summary>
internal sealed class SchedulePrinter(Output output, ModelManifest manifest, ScheduleRequest request)
{
    private readonly NoiseSchedule schedule = manifest.Schedule;

    public ExportSubject Subject(FoundSchedule found) => new(Candidate.At(request.Setting.Solver, found.Schedule.Times, found.Schedule.End), manifest, request.Setting.Conditions);

    public void Print(FoundSchedule found, IReadOnlyList<ComparedSchedule> lines, string? form)
    {
        var text = form is null ? null : ExportBundle.Print(form, Subject(found));
        output.Json(Document(found, lines, text));
        if (text is not null && lines.Count == 0)
        {
            output.Line(text.TrimEnd());
            return;
        }

        output.Line($"{found.Schedule.Name}: {Steps(found.Schedule)}, solver {request.Setting.Solver}");
        output.Line($"sigmas  {string.Join(", ", found.Schedule.Sigmas(schedule).Select(s => Number(s, "0.######")))}");
        output.Line($"{(schedule.TrainSteps is null ? "times " : "indices")} {string.Join(", ", found.Schedule.Times.Select(t => Number(t, "0.######")))}");
        output.Line(found.Schedule.EndingDescription);
        output.Line($"Network calls spent on it: {found.Calls.ToString("N0", CultureInfo.InvariantCulture)}.");
        if (lines.Count > 0)
        {
            output.Draw(Table(lines));
        }

        if (text is not null)
        {
            output.Line(text.TrimEnd());
        }
    }

    // Solvers of two calls per step make more calls than the schedule has levels.
    private string Steps(SamplingSchedule found)
    {
        var (steps, calls) = (found.Times.Count, Candidate.At(request.Setting.Solver, found.Times, found.End).NetworkCalls);
        return steps == calls ? $"{calls} network calls" : $"{steps} steps, {calls} network calls";
    }

    private static Table Table(IReadOnlyList<ComparedSchedule> lines)
    {
        var table = new Table().Border(TableBorder.Markdown);
        table.AddColumn(new TableColumn("schedule").NoWrap());
        table.AddColumn(new TableColumn("FID").RightAligned().NoWrap());
        table.AddColumn(new TableColumn("calls spent").RightAligned().NoWrap());
        table.AddColumn(new TableColumn("times"));
        foreach (var line in lines)
        {
            var fid = line.Score.Fid.Failure is { } failure ? $"failed: {failure}" : $"{Number(line.Score.Fid.Score, "0.000")} ± {Number(line.Score.Fid.Error, "0.000")}";
            table.AddRow(new Text(line.Name), new Text(fid), new Text(line.Calls.ToString("N0", CultureInfo.InvariantCulture)), new Text(string.Join(' ', line.Score.Schedule.Times.Select(t => Number(t, "0.###")))));
        }

        return table;
    }

    private JsonObject Document(FoundSchedule found, IReadOnlyList<ComparedSchedule> lines, string? text) => new()
    {
        ["method"] = found.Schedule.Method,
        ["variant"] = found.Schedule.Variant,
        ["solver"] = request.Setting.Solver,
        ["steps"] = found.Schedule.Times.Count,
        ["timesteps"] = new JsonArray([.. found.Schedule.Times.Select(t => JsonValue.Create(t))]),
        ["sigmas"] = new JsonArray([.. found.Schedule.Sigmas(schedule).Select(s => JsonValue.Create(s))]),
        ["ending"] = found.Schedule.Ending,
        ["endingDescription"] = found.Schedule.EndingDescription,
        ["networkCallsSpent"] = found.Calls,
        ["export"] = text,
        ["comparison"] = new JsonArray([.. lines.Select(l => new JsonObject
        {
            ["name"] = l.Name,
            ["fid"] = double.IsFinite(l.Score.Fid.Score) ? l.Score.Fid.Score : null,
            ["standardError"] = l.Score.Fid.Error,
            ["samples"] = l.Score.Fid.Samples,
            ["failure"] = l.Score.Fid.Failure,
            ["networkCallsSpent"] = l.Calls,
            ["timesteps"] = new JsonArray([.. l.Score.Schedule.Times.Select(t => JsonValue.Create(t))]),
        })]),
    };

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
