using System.Text.Json;
using System.Text.RegularExpressions;
using BatchEval.Workflow.Evaluation;
using BatchEval.Workflow.Reports;
using BatchEval.Workflow.Runs;
using BatchEval.Workflow.Serialization;

namespace BatchEval.Workflow.Tests.Reports;

public sealed partial class HtmlReportTests
{
    private const string Hostile = "</script><b>\"&'{{headline}}";

    [Fact]
    public void Page_has_every_section_and_no_gap_left()
    {
        var page = HtmlReport.Write(SampleReports.Typical());
        foreach (var section in new[] { "scores", "calls", "search", "images", "schedules", "reproduce" })
        {
            page.ShouldContain($"<section id=\"{section}\"");
            page.ShouldContain($"href=\"#{section}\"");
        }

        WithoutScripts(page).ShouldNotContain("{{");
        page.ShouldContain("digits-4-calls-1a2b3c4d");
        page.ShouldContain("./run.sh run spec.json");
        Regex.Count(page, "<figure class=\"grid\"").ShouldBe(10, "nine scored candidates and the unaccelerated sampler");
        page.ShouldContain("width=\"274\" height=\"274\"");
    }

    [Fact]
    public void Page_says_what_was_won()
    {
        var page = HtmlReport.Write(SampleReports.Typical());
        Plain(page).ShouldContain("<h1>4 network calls: FID 2.71 ± 0.12 against 6.12 ± 0.21 for the best default spacing, trailing (0.44×); the baseline trimmed-uniform is level with it (2.78 ± 0.11).</h1>");
    }

    // (4.4 - 3.25) (14.9 - 4.05) + (4.4 - 4) (4.05 - 2.71)
    [Fact]
    public void The_front_has_its_hypervolume_in_the_text_and_in_the_data()
    {
        var page = HtmlReport.Write(SampleReports.Typical());
        Plain(page).ShouldContain("Hypervolume of the front: 13.01 (calls × FID), up to 4.4 calls (a tenth more than the most) and FID 14.9 (the worst). Larger is better.");
        page.ShouldContain("\"hypervolume\":{\"value\":13.01");
    }

    [Fact]
    public void Same_model_gives_the_same_bytes()
    {
        HtmlReport.Write(SampleReports.Typical()).ShouldBe(HtmlReport.Write(SampleReports.Typical()));
    }

    [Fact]
    public void Page_reaches_nothing_outside_itself()
    {
        var page = HtmlReport.Write(SampleReports.Typical());
        page.ShouldContain("default-src &#39;none&#39;; img-src data:");
        var markup = WithoutScripts(page);
        foreach (Match address in Address().Matches(markup))
        {
            address.Groups[1].Value.ShouldMatch("^(#|data:)", address.Value);
        }

        Address().Count(markup).ShouldBeGreaterThan(10);
        markup.ShouldNotContain("url(");
        markup.ShouldNotContain("@import");
        markup.ShouldNotContain("http:");
        markup.ShouldNotContain("https:");
    }

    [Fact]
    public void Every_script_that_runs_is_named_in_the_policy()
    {
        var page = HtmlReport.Write(SampleReports.Typical());
        var scripts = Script().Matches(page).Where(m => m.Groups[1].Value.Length == 0).ToList();
        scripts.Count.ShouldBe(1);
        foreach (var script in scripts)
        {
            var hash = System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(script.Groups[2].Value));
            page.ShouldContain($"sha256-{Convert.ToBase64String(hash)}");
        }
    }

    [Fact]
    public void Names_from_users_never_become_markup()
    {
        var best = SampleReports.Score(Hostile, EntryRole.Given, 3, 0.1, [900, 300]);
        var model = SampleReports.Of(best, [SampleReports.Failed(Hostile, EntryRole.Baseline, Hostile)], []);
        model = model with
        {
            SpecificationJson = Hostile,
            Leaderboard = model.Leaderboard with { Run = Hostile, Protocol = model.Leaderboard.Protocol with { Model = Hostile, FeatureNetwork = Hostile, UnacceleratedSampler = Hostile } },
            Specification = model.Specification with { Name = Hostile, Model = Hostile, Solver = Hostile },
        };
        var page = HtmlReport.Write(model);
        page.ShouldNotContain("</script><b>");
        page.ShouldNotContain("<b>&quot;");
        Regex.Count(page, "</script>").ShouldBe(3);
        page.ShouldContain("&lt;/script&gt;&lt;b&gt;&quot;&amp;&#39;{{headline}}", customMessage: "what is inserted is escaped once and not searched for gaps");
        Island(page, "leaderboard").RootElement.GetProperty("run").GetString().ShouldBe(Hostile);
    }

    [Fact]
    public void Leaderboard_in_the_page_is_the_published_one()
    {
        var model = SampleReports.Typical();
        using var island = Island(HtmlReport.Write(model), "leaderboard");
        var read = island.RootElement.Deserialize<Leaderboard>(WorkflowJson.Options).ShouldNotBeNull();
        JsonSerializer.Serialize(read, WorkflowJson.Options).ShouldBe(JsonSerializer.Serialize(model.Leaderboard, WorkflowJson.Options));
    }

    [Fact]
    public void Failures_show_their_reason_and_leave_valid_data()
    {
        var page = HtmlReport.Write(SampleReports.Typical());
        using var data = Island(page, "report-data");
        var failed = data.RootElement.GetProperty("scores").EnumerateArray().Single(s => s.GetProperty("name").GetString() == "candidate 2");
        failed.GetProperty("values")[0].GetProperty("value").ValueKind.ShouldBe(JsonValueKind.Null);
        failed.GetProperty("pareto").GetBoolean().ShouldBeFalse();
        failed.GetProperty("failure").GetString().ShouldBe("The network returned a value that is not finite at t = 640.");
    }

    [Fact]
    public void Best_value_of_each_column_stands_out_whoever_has_it()
    {
        var board = SampleReports.Typical().Leaderboard;
        var other = board.Baselines[0];
        var changed = new Dictionary<string, MetricValue>(other.Metrics) { ["psnr"] = other.Of("psnr")! with { Value = 30 } };
        var page = HtmlReport.Write(SampleReports.Of(board.Best, [other with { Metrics = changed }], []));
        using var data = Island(page, "report-data");
        var best = data.RootElement.GetProperty("scores").EnumerateArray().SelectMany(s => s.GetProperty("values").EnumerateArray()).Where(v => v.GetProperty("best").GetBoolean()).ToList();
        best.Count.ShouldBe(5);
        best.Select(v => Plain(v.GetProperty("text").GetString()!)).ShouldContain("30.00 ± 0.21 dB");
    }

    [Fact]
    public void Times_to_paste_are_exact()
    {
        var page = HtmlReport.Write(SampleReports.Of(SampleReports.Score("searched", EntryRole.Searched, 2, 0.1, [775.133219, 0.002]), [], []));
        page.ShouldContain("<code class=\"times\">775.133219, 0.002</code>");
        page.ShouldContain("\"time\":\"775.1\"");
    }

    [Fact]
    public void Run_without_winner_says_so()
    {
        var nothing = SampleReports.Of(null, [], []) with { History = [], ReferenceGrid = null };
        Plain(HtmlReport.Write(nothing)).ShouldContain("<h1>Nothing was won: no candidate and no baseline could be scored.</h1>");
        var page = HtmlReport.Write(SampleReports.Of(null, [SampleReports.Score("trailing", EntryRole.Baseline, 6, 0.2, [999, 499])], [SampleReports.Failed("searched", EntryRole.Searched, "Out of memory.")]));
        Plain(page).ShouldContain("<h1>Nothing was won: no candidate could be scored. The best baseline, trailing with 2 network calls, has FID 6.00 ± 0.20.</h1>");
        page.ShouldContain("Out of memory.");
        page.ShouldContain("There is no winner");
    }

    [Fact]
    public void Empty_history_and_a_single_candidate_make_a_page()
    {
        var page = HtmlReport.Write(SampleReports.Of(SampleReports.Score("candidate 1", EntryRole.Given, 6, 0, [999]), [], []) with { History = [] });
        Plain(page).ShouldContain("<h1>1 network call: FID 6.000 ± 0.000; there is no baseline to compare with.</h1>");
        using var data = Island(page, "report-data");
        data.RootElement.GetProperty("history").GetArrayLength().ShouldBe(0);
    }

    [Fact]
    public void Numbers_that_are_not_finite_never_reach_the_charts()
    {
        var model = SampleReports.Typical();
        var best = model.Leaderboard.Best!;
        var page = HtmlReport.Write(model with
        {
            History = [new GenerationRecord(RunStage.Search, 0, double.PositiveInfinity, double.NaN, 10)],
            NoiseAxis = new Dictionary<string, IReadOnlyList<NoisePoint>> { [best.Id] = [new NoisePoint(999, double.PositiveInfinity, 3, false), new NoisePoint(0, 0, 0, true)] },
        });
        using var data = Island(page, "report-data");
        data.RootElement.GetProperty("history")[0].GetProperty("best").ValueKind.ShouldBe(JsonValueKind.Null);
        data.RootElement.GetProperty("schedules")[0].GetProperty("steps")[0].GetProperty("ratio").ValueKind.ShouldBe(JsonValueKind.Null);
        var steps = data.RootElement.GetProperty("schedules")[0].GetProperty("steps");
        (steps[0].GetProperty("exact").GetString(), steps[0].GetProperty("dropped").GetInt32(), steps[1].GetProperty("reused").GetBoolean()).ShouldBe(("999", 3, true));
    }

    [Fact]
    public void Without_scripts_the_result_the_images_and_the_schedule_are_there_and_the_rest_is_said_to_be_missing()
    {
        var page = WithoutScripts(HtmlReport.Write(SampleReports.Typical()));
        Plain(page).ShouldContain("<h1>4 network calls: FID 2.71 ± 0.12 against 6.12 ± 0.21");
        page.ShouldContain("<noscript><p class=\"noscript\">Tables and charts need JavaScript.");
        page.ShouldContain("<code class=\"times\">674, 431.5, 212, 38</code>");
        Regex.Count(page, "<figure class=\"grid\"").ShouldBe(10);
        page.ShouldNotContain("<table");
    }

    private static string Plain(string text) => text.Replace('\u00A0', ' ');

    private static JsonDocument Island(string page, string id)
    {
        var match = Regex.Match(page, $"<script type=\"application/json\" id=\"{id}\">(.*?)</script>", RegexOptions.Singleline);
        return JsonDocument.Parse(match.Groups[1].Value);
    }

    // Licences may name addresses; only what the browser could follow is looked at.
    private static string WithoutScripts(string page) => Licences().Replace(Script().Replace(page, string.Empty), string.Empty);

    [GeneratedRegex("<script([^>]*)>(.*?)</script>", RegexOptions.Singleline)]
    private static partial Regex Script();

    [GeneratedRegex("<summary>Licences.*?</details>", RegexOptions.Singleline)]
    private static partial Regex Licences();

    [GeneratedRegex("(?:src|href|srcset|action|poster|data)=\"([^\"]*)\"")]
    private static partial Regex Address();
}
