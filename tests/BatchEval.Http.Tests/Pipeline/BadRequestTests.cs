using System.Text;
using System.Text.Json.Nodes;
using BatchEval.Http.Control;
using BatchEval.Tests.Shared;
using BatchEval.Workflow.Tests.Local;

namespace BatchEval.Http.Tests.Pipeline;

public sealed class BadRequestTests(AzuriteFixture azurite) : IClassFixture<AzuriteFixture>
{
    private const string Candidate = "/candidates/0123456789ab";

    [Theory]
    [InlineData("GET", "/nothing", 404)]
    [InlineData("GET", "/api", 404)]
    [InlineData("GET", "/api/nothing", 404)]
    [InlineData("PUT", "/api/runs", 405)]
    [InlineData("DELETE", "/api/runs", 405)]
    [InlineData("GET", "/api/runs/RUN/pause", 405)]
    [InlineData("GET", "/api/runs/other-00000000", 404)]
    [InlineData("GET", "/api/runs/_cells", 404)]
    [InlineData("GET", "/api/runs/_keys/leaderboard", 404)]
    [InlineData("GET", "/api/runs/..", 404)]
    [InlineData("GET", "/api/runs/RUN%2Fgenerations", 404)]
    [InlineData("GET", "/api/runs/RUN%0A", 404)]
    [InlineData("GET", "/api/runs/RUN/leaderboard?format=xml", 400)]
    [InlineData("GET", "/api/runs/RUN/best/..%2Fspec.json", 404)]
    [InlineData("GET", "/api/runs/RUN/best/..%5Cspec.json", 404)]
    [InlineData("GET", "/api/runs/RUN/best/%2e%2e%2f%2e%2e%2fother-00000000%2fspec.json", 404)]
    [InlineData("GET", "/api/runs/RUN/best/none.json", 404)]
    [InlineData("GET", "/api/runs/RUN/candidates/xyz", 404)]
    [InlineData("GET", "/api/runs/RUN/candidates/..%2F..%2Fbest/grid", 404)]
    [InlineData("GET", "/api/runs/RUN" + Candidate + "0/grid", 404)]
    [InlineData("GET", "/api/runs/RUN" + Candidate + "/images/-1", 400)]
    [InlineData("GET", "/api/runs/RUN" + Candidate + "/images/7x", 400)]
    [InlineData("GET", "/api/runs/RUN" + Candidate + "/images/99999999999999999999", 400)]
    [InlineData("GET", "/api/runs/RUN" + Candidate + "/images/5", 404)]
    [InlineData("GET", "/api/runs?limit=abc", 400)]
    [InlineData("GET", "/api/runs/RUN/scores?since=1.5", 400)]
    [InlineData("POST", "/api/runs/other-00000000/stop", 404)]
    [InlineData("DELETE", "/api/runs/other-00000000", 404)]
    public async Task A_bad_address_is_refused(string method, string target, int status)
    {
        await using var bench = await ApiBench.CreateAsync(azurite, "addresses");
        var run = await bench.FabricateAsync();
        var answer = await bench.SendAsync(method, target.Replace("RUN", run, StringComparison.Ordinal));
        answer.ShouldBeProblem(status);
        bench.Orders.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_parameter_that_cannot_be_read_is_named()
    {
        await using var bench = await ApiBench.CreateAsync(azurite, "parameters");
        var answer = await bench.GetAsync("/api/runs?limit=abc");
        answer.ShouldBeProblem(400);
        ((string)answer.Json["detail"]!, (string)answer.Json["errors"]![0]!["field"]!).ShouldBe(("limit is 'abc'; allowed: a whole number.", "limit"));
    }

    [Theory]
    [InlineData("", 400, "")]
    [InlineData("nonsense", 400, "")]
    [InlineData("[]", 400, "")]
    [InlineData("{}", 400, "name", "model", "budget")]
    [InlineData("{\"name\":\"a\",\"name\":\"b\"}", 400, "")]
    [InlineData("{\"name\":\"tiny\",\"model\":\"digits\",\"budget\":{\"networkCalls\":0}}", 400, "budget.networkCalls")]
    [InlineData("{\"name\":\"tiny\",\"model\":\"digits\",\"budget\":{\"networkCalls\":3},\"reference\":{\"steps\":2000}}", 400, "reference.steps")]
    [InlineData("{\"name\":\"tiny\",\"model\":\"digits\",\"budget\":{\"networkCalls\":3},\"more\":1}", 400, "more")]
    [InlineData("{\"name\":\"\\ud800\",\"model\":\"digits\",\"budget\":{\"networkCalls\":3}}", 400)]
    [InlineData("{\"name\":\"tiny\",\"model\":\"nowhere\",\"budget\":{\"networkCalls\":3}}", 400, "model")]
    [InlineData("{\"name\":\"tiny\",\"model\":\"/etc\",\"budget\":{\"networkCalls\":3}}", 400, "model")]
    [InlineData("{\"name\":\"tiny\",\"model\":\"../samples/digits\",\"budget\":{\"networkCalls\":3}}", 400, "model")]
    [InlineData("{\"name\":\"tiny\",\"model\":\"digits/../digits\",\"budget\":{\"networkCalls\":3}}", 400, "model")]
    [InlineData("{\"name\":\"tiny\",\"model\":\"digits\\\\..\",\"budget\":{\"networkCalls\":3}}", 400, "model")]
    [InlineData("{\"name\":\"tiny\",\"model\":\".\",\"budget\":{\"networkCalls\":3}}", 400, "model")]
    public async Task A_bad_specification_is_refused_field_by_field_and_starts_nothing(string body, int status, params string[] fields)
    {
        await using var bench = await ApiBench.CreateAsync(azurite, "bodies");
        var answer = await bench.PostAsync(body);
        answer.ShouldBeProblem(status);
        var named = answer.Json["errors"]!.AsArray().Select(e => (string)e!["field"]!).ToList();
        named.ShouldBeUnique();
        foreach (var field in fields)
        {
            named.ShouldContain(field);
        }

        answer.Text.ShouldNotContain(RepoPaths.Root);
        (await bench.Store.ListRunsAsync()).ShouldBeEmpty();
        bench.Orders.ShouldBeEmpty();
    }

    [Fact]
    public async Task Type_size_and_encoding_of_the_body_are_checked()
    {
        await using var bench = await ApiBench.CreateAsync(azurite, "envelope");
        var body = Encoding.UTF8.GetBytes(TinyRun.Json);
        (await bench.SendAsync("POST", "/api/runs", body)).ShouldBeProblem(415);
        (await bench.SendAsync("POST", "/api/runs", body, ("Content-Type", "text/plain"))).ShouldBeProblem(415);
        (await bench.SendAsync("POST", "/api/runs", new byte[RunApiContext.BodyLimit + 1], ("Content-Type", "application/json"))).ShouldBeProblem(413);
        (await bench.SendAsync("POST", "/api/runs", [0xff, 0xfe], ("Content-Type", "application/json"))).ShouldBeProblem(400);
        (await bench.PostAsync(string.Concat(Enumerable.Repeat("[", 2000)))).ShouldBeProblem(400);
    }

    [Fact]
    public async Task Two_hundred_random_bodies_never_fail_unexpectedly()
    {
        await using var bench = await ApiBench.CreateAsync(azurite, "random");
        var random = new Random(5);
        for (var i = 0; i < 200; i++)
        {
            var body = JsonNode.Parse(TinyRun.Json)!.AsObject();
            for (var change = random.Next(1, 5); change > 0; change--)
            {
                RandomJson.Change(body, random);
            }

            var answer = await bench.PostAsync(i % 10 == 0 ? RandomJson.Any(random, 4)?.ToJsonString() ?? "null" : body.ToJsonString());
            bench.Failures.ShouldBeEmpty($"{body.ToJsonString()}: {bench.Failures.FirstOrDefault()}");
            answer.Status.ShouldBeOneOf(202, 400);
        }
    }
}
