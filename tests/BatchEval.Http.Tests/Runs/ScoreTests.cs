using System.IO.Compression;
using System.Text.Json.Nodes;
using BatchEval.Core.Sampling;
using BatchEval.Core.Sampling.Skipping;
using BatchEval.Tests.Shared;
using BatchEval.Workflow.Evaluation;
using BatchEval.Workflow.Reports;
using BatchEval.Workflow.Runs;
using BatchEval.Workflow.Storage;
using BatchEval.Workflow.Tests.Local;

namespace BatchEval.Http.Tests.Runs;

/// <summary>What the pages read, of a run that was really computed.</summary>
public sealed class ScoreTests(AzuriteFixture azurite) : IClassFixture<AzuriteFixture>
{
    [Fact]
    public async Task Pages_find_scores_history_steps_and_models()
    {
        await using var bench = await ApiBench.CreateAsync(azurite, "scores");
        string run;
        using (var models = TinyRun.Models())
        {
            run = await TinyRun.RunAsync(bench.Store, models);
        }

        var table = (await bench.GetAsync($"/api/runs/{run}/scores")).Json;
        var rounds = table["rounds"]!.AsArray();
        table["metrics"]!.AsArray().Select(m => (string)m!["key"]!).First().ShouldBe("fid");
        var history = table["history"]!.AsArray();
        history.Where(h => (string)h!["stage"]! == "search").Select(h => (int)h!["generation"]!).ShouldBe([0, 1]);
        foreach (var search in history.GroupBy(h => (string)h!["stage"]!))
        {
            search.Select(h => (double)h!["best"]!).ShouldBe(search.Select(h => (double)h!["best"]!).OrderDescending(), "the best so far never gets worse");
            search.ShouldAllBe(h => (double)h!["median"]! >= (double)h["best"]!);
        }

        // The search itself looks at its own samples only; the validation after it is its last generation's.
        var looked = history.Where(h => h!["validationBest"] is not null).ShouldHaveSingleItem()!;
        ((string)looked["stage"]!, (int)looked["generation"]!).ShouldBe(("search", 1));
        ((double)looked["validationMedian"]!).ShouldBeGreaterThanOrEqualTo((double)looked["validationBest"]!);
        rounds.Select(r => (DateTimeOffset)r!["scored"]!).ShouldBe(rounds.Select(r => (DateTimeOffset)r!["scored"]!).Order(), "rounds are scored one after another");
        var process = (await bench.GetAsync($"/api/runs/{run}/work")).Json["processes"]!.AsArray().ShouldHaveSingleItem()!;
        ((int)process["units"]!, (int)process["done"]! > 0, process["last"] is not null).ShouldBe((0, true, true));

        var since = (int)rounds[^1]!["round"]!;
        (await bench.GetAsync($"/api/runs/{run}/scores?since={since}")).Json["rounds"]!.AsArray().Count.ShouldBe(1);
        (await bench.GetAsync($"/api/runs/{run}/scores?since={(int)table["next"]!}")).Json["rounds"]!.AsArray().ShouldBeEmpty();

        // The last round's numbers are those of the leaderboard.
        var best = (await bench.GetAsync($"/api/runs/{run}/leaderboard")).Json["best"]!;
        var row = rounds[^1]!["rows"]!.AsArray().Single(r => (string)r!["name"]! == "searched")!;
        ((string)row["id"]!, (double)row["values"]!["fid"]!).ShouldBe(((string)best["id"]!, double.Parse(((double)best["metrics"]!["fid"]!["value"]!).ToString("G6"))));

        // Any candidate is handed over as the winner is.
        var forms = (await bench.GetAsync($"/api/runs/{run}/candidates/{row["id"]}/exports")).Json["files"]!.AsArray().Select(f => (string)f!).ToList();
        forms.ShouldBe((await bench.GetAsync($"/api/runs/{run}/best")).Json["files"]!.AsArray().Select(f => (string)f!));
        foreach (var form in forms)
        {
            (await bench.GetAsync($"/api/runs/{run}/candidates/{row["id"]}/exports/{form}")).Body.ShouldBe((await bench.GetAsync($"/api/runs/{run}/best/{form}")).Body, form);
        }

        var other = rounds[^1]!["rows"]!.AsArray().First(r => (string)r!["id"]! != (string)row["id"]!)!;
        JsonNode.Parse((await bench.GetAsync($"/api/runs/{run}/candidates/{other["id"]}/exports/schedule.json")).Body)!["timesteps"]!.AsArray().Select(t => (double)t!).ShouldBe(other["times"]!.AsArray().Select(t => (double)t!), 0.01);
        (await bench.GetAsync($"/api/runs/{run}/candidates/{other["id"]}/exports/nothing.json")).ShouldBeProblem(404);

        // Who was bred from whom: parents are seeds of the same generation, or have been scored before.
        var scored = new HashSet<string>();
        var bred = 0;
        foreach (var round in rounds)
        {
            scored.UnionWith(round!["rows"]!.AsArray().Select(r => (string)r!["id"]!));
            foreach (var parents in round!["rows"]!.AsArray().Select(r => r!["parents"]?.AsArray()).OfType<JsonArray>())
            {
                parents.Select(p => (string)p!).ShouldBeSubsetOf(scored);
                bred++;
            }
        }

        bred.ShouldBeGreaterThan(0);
        var listed = (await bench.GetAsync("/api/runs")).Json["runs"]![0]!["best"]!;
        ((string)listed["label"]!, (double)listed["value"]!).ShouldBe(("FID", (double)listed["objective"]!));

        var steps = (await bench.GetAsync($"/api/runs/{run}/candidates/{row["id"]}/steps")).Json["steps"]!.AsArray();
        steps.Select(s => (double)s!["ratio"]!).ShouldBe(steps.Select(s => (double)s!["ratio"]!).OrderDescending(), "sampling goes from noise to image");
        ((string)(await bench.GetAsync($"/api/runs/{run}/specification")).Json["name"]!).ShouldBe("tiny");
        (await bench.GetAsync($"/api/runs/{run}/candidates/reference/grid")).Body.AsSpan(1, 3).SequenceEqual("PNG"u8).ShouldBeTrue();
        (await bench.GetAsync($"/api/runs/{run}/candidates/reference/images/1")).ContentType.ShouldBe("image/png");
        using (var archive = new ZipArchive(new MemoryStream((await bench.GetAsync($"/api/runs/{run}/archive")).Body)))
        {
            archive.Entries.Select(e => e.FullName).ShouldContain("best/schedule.json");
            archive.Entries.Select(e => e.FullName).ShouldContain("report.html");
            archive.Entries.Select(e => e.FullName).ShouldAllBe(name => !name.StartsWith("generations/"));
        }

        (await bench.GetAsync($"/api/runs/{run}/candidates/{row["id"]}/masks")).ShouldBeProblem(404);
        (await bench.GetAsync($"/api/runs/{run}/candidates/{row["id"]}/preview")).ShouldBeProblem(404);
        var preview = await bench.SendAsync("POST", $"/api/runs/{run}/candidates/{row["id"]}/preview");
        (preview.Status, preview.ContentType).ShouldBe((200, "image/png"));
        (await bench.GetAsync($"/api/runs/{run}/candidates/{row["id"]}/preview")).Body.ShouldBe(preview.Body);

        (await bench.GetAsync("/api/workers")).Json["workers"]!.AsArray().ShouldBeEmpty();
        await bench.Store.WriteTextOnceAsync("_workers/box-1.json", $$"""{"id":"box-1","codeVersion":1,"device":"cpu","models":[],"started":"2026-01-01T00:00:00Z","seen":"2026-01-01T00:00:00Z"}""");
        ((string)(await bench.GetAsync("/api/workers")).Json["workers"]![0]!["id"]!).ShouldBe("box-1");
        var model = (await bench.GetAsync("/api/models/digits")).Json;
        JsonNode.Parse((string)model["templates"]!["search.json"]!)!["budget"].ShouldNotBeNull();
        (await bench.GetAsync("/api/models/..%2F..")).ShouldBeProblem(404);
        var checks = (await bench.GetAsync("/api/model-checks/digits")).Json;
        ((int)checks["failed"]!, checks["checks"]!.AsArray().Count(c => (bool?)c!["passed"] == true)).ShouldSatisfyAllConditions(c => c.Item1.ShouldBe(0), c => c.Item2.ShouldBeGreaterThan(5));
        (await bench.GetAsync("/api/model-checks/nobody")).ShouldBeProblem(404);

        var check = (await bench.SendAsync("POST", "/api/runs/check", System.Text.Encoding.UTF8.GetBytes(TinyRun.Json), ("Content-Type", "application/json"))).Json;
        ((string)check["id"]!, (bool)check["exists"]!, (double)check["deviceSeconds"]! > 0).ShouldBe((run, true, true));
        bench.Orders.ShouldBeEmpty();
    }

    [Fact]
    public async Task Events_tell_of_every_change_and_of_the_end()
    {
        await using var bench = await ApiBench.CreateAsync(azurite, "events");
        var run = await bench.FabricateAsync("running");
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/runs/{run}/events");
        using var answer = await bench.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        answer.Content.Headers.ContentType!.MediaType.ShouldBe("text/event-stream");
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync());
        (await NextAsync(reader)).ShouldBe(("status", "running"));
        await bench.Store.DeleteRunAsync(run);
        (await NextAsync(reader)).ShouldBe(("gone", null));
        (await reader.ReadToEndAsync()).Trim().ShouldBeEmpty();
    }

    [Fact]
    public async Task Processes_that_compute_units_are_listed_with_their_number()
    {
        await using var bench = await ApiBench.CreateAsync(azurite, "work");
        var run = await bench.FabricateAsync("running");
        (await bench.GetAsync($"/api/runs/{run}/work")).Json["processes"]!.AsArray().ShouldBeEmpty();
        var (first, _) = await bench.Store.TryClaimAsync("one", run);
        var (second, _) = await bench.Store.TryClaimAsync("two", run);
        var (other, _) = await bench.Store.TryClaimAsync("three", "other-0123abcd");

        var process = (await bench.GetAsync($"/api/runs/{run}/work")).Json["processes"]!.AsArray().ShouldHaveSingleItem()!;

        ((string)process["name"]!).ShouldContain($"process {Environment.ProcessId}");
        ((int)process["units"]!).ShouldBe(2);
        ((int)process["done"]!).ShouldBe(0);
        await WorkRecord.CountAsync(bench.Store, run, TimeProvider.System, default);
        await WorkRecord.CountAsync(bench.Store, run, TimeProvider.System, default);
        ((int)(await bench.GetAsync($"/api/runs/{run}/work")).Json["processes"]!.AsArray().ShouldHaveSingleItem()!["done"]!).ShouldBe(2);
        await first!.DisposeAsync();
        await second!.DisposeAsync();
        await other!.DisposeAsync();
    }

    [Fact]
    public async Task A_search_for_PSNR_is_listed_in_decibels()
    {
        await using var bench = await ApiBench.CreateAsync(azurite, "psnr");
        var run = await bench.FabricateAsync("running");
        await bench.Store.DeleteAsync(BlobNames.Specification(run));
        await bench.Store.WriteTextOnceAsync(BlobNames.Specification(run), TinyRun.Json.Replace("\"name\"", "\"objective\": { \"metric\": \"psnr\" }, \"name\"", StringComparison.Ordinal));
        await bench.Store.ChangeJsonAsync<RunStatus>(BlobNames.Status(run), s => s! with
        {
            Best = new CandidateScore { Id = "0123456789ab", Name = "searched", Role = EntryRole.Searched, Candidate = Candidate.At("ddim", [500]), NetworkCalls = 1, Objective = -27.5, ObjectiveError = 0.25 },
        });

        var best = (await bench.GetAsync("/api/runs")).Json["runs"]![0]!["best"]!;

        ((double)best["value"]!, (double)best["objectiveError"]!, (string)best["label"]!, (string)best["unit"]!).ShouldBe((27.5, 0.25, "PSNR", "dB"));
    }

    [Fact]
    public async Task Numbers_of_a_sampler_stand_beside_those_of_its_solver_and_masks_are_read()
    {
        await using var bench = await ApiBench.CreateAsync(azurite, "numbers");
        var run = await bench.FabricateAsync("running");
        var candidate = new Candidate("dpmpp-2m", [new CandidateStep(900, numbers: new StepNumbers { State = 0.5 }), new CandidateStep(400)]);
        var score = new CandidateScore { Id = candidate.Id[..12], Name = "searched", Role = EntryRole.Searched, Candidate = candidate, NetworkCalls = 2, Objective = 1 };
        await bench.Store.WriteJsonOnceAsync(BlobNames.Scores(run, 0), new RoundScores(0, RunStage.Search, [score], EvaluationCounts.None));
        await bench.Store.WriteJsonOnceAsync(BlobNames.Candidate(run, score.Id, "masks.json"), new SkipMaskSheet(score.Id, "searched", 7, [StepMask.Write([true, false, true])]));

        var calls = (await bench.GetAsync($"/api/runs/{run}/candidates/{score.Id}/steps")).Json["sampler"]!.AsArray();
        var masks = (await bench.GetAsync($"/api/runs/{run}/candidates/{score.Id}/masks")).Json;

        var round = (await bench.GetAsync($"/api/runs/{run}/scores")).Json["rounds"]![0]!;
        round["genes"]!.AsArray().Select(g => ((string)g!["name"]!, (double)g["usual"]!)).ShouldBe([("a 1", 0.0)]);
        round["rows"]![0]!["genes"]!.AsArray().Select(g => (double)g!).ShouldBe([0.5]);
        calls.Count.ShouldBe(2);
        ((double)calls[0]!["own"]![0]!).ShouldBe(1.5 * (double)calls[0]!["base"]![0]!, 1e-12);
        ((double)calls[1]!["own"]![0]!).ShouldBe((double)calls[1]!["base"]![0]!);
        ((int)masks["firstSample"]!, (string)masks["images"]![0]!).ShouldBe((7, "101"));
    }

    [Fact]
    public async Task Runs_are_listed_page_by_page()
    {
        await using var bench = await ApiBench.CreateAsync(azurite, "pages");
        foreach (var name in new[] { "a", "b", "c" })
        {
            await bench.FabricateAsync(name: name);
        }

        var (seen, after) = (new List<string>(), string.Empty);
        do
        {
            var page = (await bench.GetAsync($"/api/runs?limit=2{after}")).Json;
            seen.AddRange(page["runs"]!.AsArray().Select(r => (string)r!["id"]!));
            after = page["next"] is { } next ? $"&after={next}" : string.Empty;
        }
        while (after.Length > 0);

        seen.ShouldBe(["a-0123abcd", "b-0123abcd", "c-0123abcd"]);
        (await bench.GetAsync("/api/runs?limit=0")).ShouldBeProblem(400);
    }

    [Fact]
    public async Task A_page_reads_where_its_own_runs_stand_and_no_others()
    {
        await using var bench = await ApiBench.CreateAsync(azurite, "own-page");
        foreach (var name in new[] { "a", "b" })
        {
            await bench.FabricateAsync(name: name);
        }

        (await bench.GetAsync("/api/runs")).Json["runs"]!.AsArray().Count.ShouldBe(2);
        await bench.Store.DeleteAsync(BlobNames.Status("b-0123abcd"));
        await bench.Store.WriteTextOnceAsync(BlobNames.Status("b-0123abcd"), "not read");

        var first = (await bench.GetAsync("/api/runs?limit=1")).Json;
        ((string)first["runs"]!.AsArray().ShouldHaveSingleItem()!["id"]!, (string)first["next"]!).ShouldBe(("a-0123abcd", "a-0123abcd"));
        (await bench.GetAsync("/api/runs?limit=1&after=a-0123abcd")).ShouldBeProblem(500);

        // Submitted again it is the newest as soon as it was read, and a deleted one is gone at once.
        await bench.Store.DeleteRunAsync("b-0123abcd");
        (await bench.GetAsync("/api/runs")).Json["runs"]!.AsArray().Select(r => (string)r!["id"]!).ShouldBe(["a-0123abcd"]);
        await bench.FabricateAsync(name: "b");
        await bench.Store.ChangeJsonAsync<RunStatus>(BlobNames.Status("b-0123abcd"), s => s! with { Started = s.Started.AddDays(1) });
        (await bench.GetAsync("/api/runs")).Json["runs"]!.AsArray().Select(r => (string)r!["id"]!).ShouldBe(["b-0123abcd", "a-0123abcd"]);
    }

    [Fact]
    public async Task Looks_at_the_second_range_are_a_curve_of_their_own()
    {
        await using var bench = await ApiBench.CreateAsync(azurite, "looks");
        var run = await bench.FabricateAsync("running");
        (int Generation, bool Validates, double[] Fids)[] rounds = [(1, false, [9, 7, 8]), (2, false, [6, 12]), (2, true, [3]), (3, false, [5]), (4, false, [7]), (4, true, [4])];
        for (var i = 0; i < rounds.Length; i++)
        {
            var (generation, validates, fids) = rounds[i];
            List<CandidateScore> scores = [.. fids.Select((fid, n) => Score(Candidate.At("ddim", [500 + (10 * i) + n]), fid))];
            await bench.Store.WriteJsonOnceAsync(BlobNames.Scores(run, i), new RoundScores(i, RunStage.Search, scores, EvaluationCounts.None) { Generation = generation, Rung = 0, Validates = validates ? true : null });
        }

        await bench.Store.ChangeJsonAsync<RunStatus>(BlobNames.Status(run), s => s! with { Round = rounds.Length });

        (double? Best, double? Median, double? ValidationBest, double? ValidationMedian)[] expected = [(7, 8, null, null), (6, 9, 3, 3), (5, 5, null, null), (5, 7, 3, 4)];
        (await bench.GetAsync($"/api/runs/{run}/scores")).Json["history"]!.AsArray()
            .Select(h => ((double?)h!["best"], (double?)h["median"], (double?)h["validationBest"], (double?)h["validationMedian"])).ShouldBe(expected);

        static CandidateScore Score(Candidate candidate, double fid) => new()
        {
            Id = candidate.ShortId, Name = "searched", Role = EntryRole.Searched, Candidate = candidate, NetworkCalls = 1, Objective = fid,
            Metrics = new Dictionary<string, MetricValue> { ["fid"] = new() { Value = fid, Samples = 16 } },
        };
    }

    private static async Task<(string Event, string? State)> NextAsync(StreamReader reader)
    {
        var (name, data) = (string.Empty, string.Empty);
        while (await reader.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(20)) is { } line && (line.Length > 0 || name.Length == 0))
        {
            name = line.StartsWith("event: ", StringComparison.Ordinal) ? line[7..] : name;
            data += line.StartsWith("data: ", StringComparison.Ordinal) ? line[6..] : string.Empty;
        }

        return (name, data is "" or "null" ? null : (string?)JsonNode.Parse(data)!["state"]);
    }
}
