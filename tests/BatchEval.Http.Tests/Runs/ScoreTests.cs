using System.IO.Compression;
using System.Text.Json.Nodes;
using BatchEval.Tests.Shared;
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

        var since = (int)rounds[^1]!["round"]!;
        (await bench.GetAsync($"/api/runs/{run}/scores?since={since}")).Json["rounds"]!.AsArray().Count.ShouldBe(1);
        (await bench.GetAsync($"/api/runs/{run}/scores?since={(int)table["next"]!}")).Json["rounds"]!.AsArray().ShouldBeEmpty();

        // The last round's numbers are those of the leaderboard.
        var best = (await bench.GetAsync($"/api/runs/{run}/leaderboard")).Json["best"]!;
        var row = rounds[^1]!["rows"]!.AsArray().Single(r => (string)r!["name"]! == "searched")!;
        ((string)row["id"]!, (double)row["values"]!["fid"]!).ShouldBe(((string)best["id"]!, double.Parse(((double)best["fid"]!).ToString("G6"))));

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

        (await bench.GetAsync("/api/workers")).Json["workers"]!.AsArray().ShouldBeEmpty();
        await bench.Store.WriteTextOnceAsync("_workers/box-1.json", $$"""{"id":"box-1","codeVersion":1,"device":"cpu","models":[],"started":"2026-01-01T00:00:00Z","seen":"2026-01-01T00:00:00Z"}""");
        ((string)(await bench.GetAsync("/api/workers")).Json["workers"]![0]!["id"]!).ShouldBe("box-1");
        var model = (await bench.GetAsync("/api/models/digits")).Json;
        JsonNode.Parse((string)model["templates"]!["search.json"]!)!["budget"].ShouldNotBeNull();
        (await bench.GetAsync("/api/models/..%2F..")).ShouldBeProblem(404);

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
