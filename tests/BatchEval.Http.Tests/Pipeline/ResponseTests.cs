using System.IO.Compression;
using System.Text;
using BatchEval.Tests.Shared;

namespace BatchEval.Http.Tests.Pipeline;

/// <summary>What caches, download tools and browsers expect of every answer.</summary>
public sealed class ResponseTests(AzuriteFixture azurite) : IClassFixture<AzuriteFixture>
{
    private static readonly string[] Readable =
        ["", "/leaderboard", "/leaderboard?format=csv", "/report", "/best", "/best/schedule.json", "/candidates/0123456789ab", "/candidates/0123456789ab/grid", "/candidates/0123456789ab/images/1",
            "/specification", "/scores", "/work", "/prompts", "/archive"];

    private static IEnumerable<string> Targets(string run) => [.. Readable.Select(r => $"/api/runs/{run}{r}"), "/api/runs", "/api/models", "/api/models/digits", "/api/service", "/api/workers", "/api/specification.schema.json", "/api/openapi.json", "/assets/licences.txt", "/"];

    [Fact]
    public async Task Storage_that_refuses_is_unavailable_with_what_it_refuses()
    {
        await using var bench = await ApiBench.CreateWithoutStorageAsync("PUT /a: status 500 (InternalError); '/data' has 0 MB free");

        var answer = await bench.GetAsync("/api/runs");

        answer.ShouldBeProblem(503);
        ((string)answer.Json["detail"]!).ShouldBe("The storage refuses PUT /a: status 500 (InternalError); '/data' has 0 MB free. It is asked again; try again.");
        answer.Headers["Retry-After"].ShouldBe("5");
        bench.Failures.ShouldHaveSingleItem();
    }

    [Fact]
    public async Task Head_answers_as_get_without_the_body()
    {
        await using var bench = await ApiBench.CreateAsync(azurite, "head");
        foreach (var target in Targets(await bench.FabricateAsync()))
        {
            var (get, head) = (await bench.GetAsync(target), await bench.SendAsync("HEAD", target, null, ("Range", "bytes=0-0")));
            get.Status.ShouldBe(200, $"{target}: {get.Text}");
            (head.Status, head.ContentType, head.Headers["Content-Length"], head.Headers["ETag"], head.Body.Length)
                .ShouldBe((200, get.ContentType, get.Headers["Content-Length"], get.Headers["ETag"], 0), target);
        }

        // Without an end of its own: was not answered for minutes.
        var events = await bench.SendAsync("HEAD", "/api/runs/made-0123abcd/events").WaitAsync(TimeSpan.FromSeconds(20));
        (events.Status, events.ContentType, events.Body.Length).ShouldBe((200, "text/event-stream", 0));
        (await bench.SendAsync("HEAD", "/api/runs/other-00000000")).Status.ShouldBe(404);
        (await bench.SendAsync("HEAD", "/api/runs/other-00000000/pause")).Status.ShouldBe(405);
        (await bench.SendAsync("PUT", "/api/runs")).Headers["Allow"].ShouldBe("GET, HEAD, POST");
    }

    [Fact]
    public async Task Content_is_sent_again_only_when_it_has_changed()
    {
        await using var bench = await ApiBench.CreateAsync(azurite, "etags");
        var run = await bench.FabricateAsync();
        foreach (var target in Targets(run))
        {
            foreach (var encoding in new[] { "identity", "gzip", "br" })
            {
                var first = await bench.GetAsync(target, ("Accept-Encoding", encoding));
                first.Headers.Keys.ShouldContain("ETag", target);
                var again = await bench.GetAsync(target, ("Accept-Encoding", encoding), ("If-None-Match", first.Headers["ETag"]));
                (again.Status, again.Body.Length, again.Headers["ETag"]).ShouldBe((304, 0, first.Headers["ETag"]), target);
                (await bench.GetAsync(target, ("If-None-Match", "\"other\""))).Status.ShouldBe(200);
            }
        }

        var before = await bench.GetAsync("/api/runs");
        await bench.FabricateAsync("running", "second");
        (await bench.GetAsync("/api/runs", ("If-None-Match", before.Headers["ETag"]))).Status.ShouldBe(200);
    }

    [Fact]
    public async Task A_part_of_a_report_can_be_asked_for()
    {
        await using var bench = await ApiBench.CreateAsync(azurite, "ranges");
        var run = await bench.FabricateAsync(report: Long());
        var target = $"/api/runs/{run}/report";
        var whole = await bench.GetAsync(target);
        whole.Headers["Accept-Ranges"].ShouldBe("bytes");
        var part = await bench.GetAsync(target, ("Range", "bytes=10-19"), ("Accept-Encoding", "gzip"));
        (part.Status, part.Headers["Content-Range"], part.Text).ShouldBe((206, $"bytes 10-19/{whole.Body.Length}", whole.Text[10..20]));
        (await bench.GetAsync(target, ("Range", "bytes=10-19"), ("If-Range", "\"other\""))).Status.ShouldBe(200);
        (await bench.GetAsync(target, ("Range", $"bytes={whole.Body.Length}-"))).ShouldBeProblem(416);
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("br")]
    public async Task Text_is_compressed_under_a_tag_of_its_own(string encoding)
    {
        await using var bench = await ApiBench.CreateAsync(azurite, $"encodings-{encoding}");
        var run = await bench.FabricateAsync(report: Long());
        var plain = await bench.GetAsync($"/api/runs/{run}/report");
        var packed = await bench.GetAsync($"/api/runs/{run}/report", ("Accept-Encoding", encoding));
        packed.Headers["Content-Encoding"].ShouldBe(encoding);
        packed.Headers["Vary"].ShouldContain("Accept-Encoding");
        packed.Headers["ETag"].ShouldNotBe(plain.Headers["ETag"]);
        packed.Headers.Keys.ShouldNotContain("Accept-Ranges");
        packed.Body.Length.ShouldBeLessThan(plain.Body.Length / 10);
        using var source = new MemoryStream(packed.Body);
        await using Stream unpacked = encoding == "br" ? new BrotliStream(source, CompressionMode.Decompress) : new GZipStream(source, CompressionMode.Decompress);
        using var reader = new StreamReader(unpacked);
        (await reader.ReadToEndAsync()).ShouldBe(plain.Text);
        // Images are compressed already.
        (await bench.GetAsync($"/api/runs/{run}/candidates/0123456789ab/grid", ("Accept-Encoding", encoding))).Headers.Keys.ShouldNotContain("Content-Encoding");
    }

    [Fact]
    public async Task An_encoding_of_no_weight_is_not_used()
    {
        await using var bench = await ApiBench.CreateAsync(azurite, "weights");
        var script = System.Text.RegularExpressions.Regex.Match((await bench.GetAsync("/")).Text, "/assets/[^\"]+\\.js").Value;
        (await bench.GetAsync(script, ("Accept-Encoding", "gzip, br"))).Headers["Content-Encoding"].ShouldBe("br");
        (await bench.GetAsync(script, ("Accept-Encoding", "gzip, br;q=0"))).Headers["Content-Encoding"].ShouldBe("gzip");
        (await bench.GetAsync(script, ("Accept-Encoding", "br;q=0"))).Headers.Keys.ShouldNotContain("Content-Encoding");
    }

    [Fact]
    public async Task Members_without_a_value_are_written_as_null()
    {
        await using var bench = await ApiBench.CreateAsync(azurite, "nulls");
        var run = await bench.FabricateAsync("paused");
        var status = (await bench.GetAsync($"/api/runs/{run}")).Json.AsObject();
        status.Select(m => m.Key).ShouldBe(
            ["id", "state", "stage", "round", "best", "started", "updated", "error", "statusUrl", "objective", "model", "seed", "generation", "generations", "units", "unitsDone", "counts", "cost", "share", "secondsLeft", "links"]);
        (status["best"], status["error"], status["units"]).ShouldBe((null, null, null));
        (await bench.GetAsync("/api/runs")).Json["runs"]![0]!.AsObject().Select(m => m.Key).ShouldBe(["id", "state", "stage", "round", "best", "started", "updated", "error", "statusUrl"]);
    }

    private static string Long() => new StringBuilder("<!doctype html>").Insert(15, "<p>The same line again and again.</p>", 2000).ToString();
}
