using BatchEval.Tests.Shared;
using BatchEval.Workflow.Evaluation;
using BatchEval.Workflow.Storage;

namespace BatchEval.Http.Tests.Runs;

public sealed class PromptsTests(AzuriteFixture azurite) : IClassFixture<AzuriteFixture>
{
    [Fact]
    public async Task Images_of_the_final_stage_have_their_prompts()
    {
        await using var bench = await ApiBench.CreateAsync(azurite, "prompts");
        await bench.Store.WriteTextOnceAsync(BlobNames.Specification("made-0123abcd"), """
            { "name": "made", "model": "captions", "budget": { "networkCalls": 3 }, "final": { "images": 20 }, "prompts": [ { "prompt": "a", "negative": "x" }, "b", "c" ] }
            """);
        var run = await bench.FabricateAsync();
        var prompts = (await bench.GetAsync($"/api/runs/{run}/prompts")).Json["prompts"]!.AsArray();
        prompts.Select(p => (string)p!["prompt"]!).ShouldBe(Enumerable.Range(0, 20).Select(n => "abc"[(int)((SampleRange.FinalStart + n) % 3)].ToString()));
        prompts.Where(p => (string)p!["prompt"]! == "a").ShouldAllBe(p => (string)p!["negative"]! == "x");

        var other = await bench.FabricateAsync(name: "other");
        (await bench.GetAsync($"/api/runs/{other}/prompts")).Json["prompts"]!.AsArray().ShouldBeEmpty();
        (await bench.GetAsync("/api/runs/gone-0123abcd/prompts")).ShouldBeProblem(404);
    }
}
