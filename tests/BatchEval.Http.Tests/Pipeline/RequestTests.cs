using System.IO.Compression;
using System.Text;
using BatchEval.Tests.Shared;
using BatchEval.Workflow.Tests.Local;

namespace BatchEval.Http.Tests.Pipeline;

/// <summary>Requests as broken clients, proxies and people send them.</summary>
public sealed class RequestTests(AzuriteFixture azurite) : IClassFixture<AzuriteFixture>
{
    [Theory]
    [InlineData("{\"a\\ud800\":1}")]
    [InlineData("{\"name\":\"a\\udc00\"}")]
    [InlineData("{\"search\":{\"\\ud800\":{}}}")]
    [InlineData("{\"candidates\":[{\"\\ud800\":1,\"\\ud801\":2}]}")]
    [InlineData("{\"candidates\":[{\"solver\":\"\\ud800\"}]}")]
    public async Task Half_of_a_surrogate_pair_is_a_bad_request(string body)
    {
        await using var bench = await ApiBench.CreateAsync(azurite, "surrogates");
        (await bench.PostAsync(body)).ShouldBeProblem(400);
        bench.Failures.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_body_that_is_cut_short_or_badly_chunked_is_a_bad_request()
    {
        await using var bench = await ApiBench.CreateAsync(azurite, "cut");
        const string head = "POST /api/runs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
        var chunks = await bench.SendRawAsync(head + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n");
        chunks.ShouldStartWith("HTTP/1.1 400");
        chunks.ShouldContain("application/problem+json");
        chunks.ShouldContain("chunk");
        // The other side has gone, so that nobody reads the answer; it is the server's log that must stay clean.
        await bench.SendRawAsync(head + "Content-Length: 100\r\n\r\n{\"name\":", leave: true);
        bench.Failures.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_body_that_stops_arriving_times_out()
    {
        await using var bench = await ApiBench.CreateAsync(azurite, "slow");
        var answer = await bench.SendRawAsync("POST /api/runs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"name\":");
        answer.ShouldStartWith("HTTP/1.1 408");
        answer.ShouldContain("application/problem+json");
        bench.Failures.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_byte_order_mark_is_passed_over()
    {
        await using var bench = await ApiBench.CreateAsync(azurite, "mark");
        byte[] body = [.. Encoding.UTF8.GetPreamble(), .. Encoding.UTF8.GetBytes(TinyRun.Json)];
        (await bench.SendAsync("POST", "/api/runs", body, ("Content-Type", "application/json"))).Status.ShouldBe(202);
    }

    [Theory]
    [InlineData("application/json; charset=utf-8", 202)]
    [InlineData("application/json; charset=\"UTF-8\"", 202)]
    [InlineData("Application/JSON", 202)]
    [InlineData("application/json; charset=utf-16", 415)]
    [InlineData("application/json; charset=klingon", 415)]
    [InlineData("application/jsonp", 415)]
    [InlineData("nonsense", 415)]
    public async Task Only_json_in_utf8_is_taken(string type, int status)
    {
        await using var bench = await ApiBench.CreateAsync(azurite, "charsets");
        var answer = await bench.SendAsync("POST", "/api/runs", Encoding.UTF8.GetBytes(TinyRun.Json), ("Content-Type", type));
        answer.Status.ShouldBe(status, answer.Text);
    }

    [Fact]
    public async Task A_compressed_body_is_an_unsupported_type()
    {
        await using var bench = await ApiBench.CreateAsync(azurite, "gzip");
        using var body = new MemoryStream();
        await using (var gzip = new GZipStream(body, CompressionLevel.Fastest, leaveOpen: true))
        {
            await gzip.WriteAsync(Encoding.UTF8.GetBytes(TinyRun.Json));
        }

        var answer = await bench.SendAsync("POST", "/api/runs", body.ToArray(), ("Content-Type", "application/json"), ("Content-Encoding", "gzip"));
        answer.ShouldBeProblem(415);
        answer.Headers["Accept-Encoding"].ShouldBe("identity");
        answer.Text.ShouldContain("gzip");
    }

    [Fact]
    public async Task A_read_only_server_changes_nothing()
    {
        await using var bench = await ApiBench.CreateAsync(azurite, "readonly", readOnly: true);
        var run = await bench.FabricateAsync("running");
        (await bench.PostAsync(TinyRun.Json)).ShouldBeProblem(403);
        (await bench.SendAsync("POST", $"/api/runs/{run}/stop")).ShouldBeProblem(403);
        (await bench.SendAsync("DELETE", $"/api/runs/{run}")).ShouldBeProblem(403);
        (await bench.GetAsync($"/api/runs/{run}")).Status.ShouldBe(200);
        ((bool)(await bench.GetAsync("/api/service")).Json["readOnly"]!).ShouldBeTrue();
        bench.Orders.ShouldBeEmpty();
        (await bench.Store.ListRunsAsync()).ShouldBe([run]);
    }

    [Fact]
    public async Task Random_bytes_are_never_an_unexpected_failure()
    {
        await using var bench = await ApiBench.CreateAsync(azurite, "bytes");
        var random = new Random(9);
        var valid = Encoding.UTF8.GetBytes(TinyRun.Json);
        string[] splinters = ["\\ud800", "\\udfff", "\\u0000", "1e999", "-0", "[[[[", "}}", "\"\"", "\u00e9", "null", ",", "//", "/*", "\ufeff"];
        for (var i = 0; i < 300; i++)
        {
            var body = valid.ToList();
            for (var change = random.Next(1, 6); change > 0; change--)
            {
                var at = random.Next(body.Count);
                if (random.Next(2) == 0)
                {
                    body[at] = (byte)random.Next(256);
                }
                else
                {
                    body.InsertRange(at, Encoding.UTF8.GetBytes(splinters[random.Next(splinters.Length)]));
                }
            }

            var answer = await bench.SendAsync("POST", "/api/runs", [.. body], ("Content-Type", "application/json"));
            answer.Status.ShouldBeOneOf(202, 400);
            bench.Failures.ShouldBeEmpty(Convert.ToBase64String([.. body]));
        }
    }
}
