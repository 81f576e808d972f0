using BatchEval.Core.Json;
using BatchEval.Onnx.Runtime;
using BatchEval.Tests.Shared;
using BatchEval.Workflow.Evaluation;
using BatchEval.Workflow.Local;
using BatchEval.Workflow.Models;
using BatchEval.Workflow.Runs;
using BatchEval.Workflow.Specifications;
using BatchEval.Workflow.Storage;

namespace BatchEval.Workflow.Tests.Local;

/// <summary>Runs whose states stay on the device.</summary>
public sealed class DeviceLoopRunTests(AzuriteFixture azurite) : IClassFixture<AzuriteFixture>
{
    private const string Guided = """conditions={"label":"random","guidanceScale":2}""";

    [Fact]
    public async Task A_run_ends_in_the_same_scores_from_results_of_its_own()
    {
        using var models = TinyRun.Models();
        var store = await RunStore.OpenAsync(azurite.ConnectionString);
        var host = await TinyRun.RunAsync(store, models, overrides: [Guided, "seed=31"]);
        var device = await TinyRun.RunAsync(store, models, overrides: [Guided, "seed=31", "samplingLoop=device"]);

        device.ShouldNotBe(host);
        var (expected, found) = (await Board(store, host), await Board(store, device));
        found.Select(s => s.Name).ShouldBe(expected.Select(s => s.Name));
        found.Count.ShouldBeGreaterThan(2);
        foreach (var (score, other) in found.Zip(expected))
        {
            score.Candidate.ShouldBe(other.Candidate);
            score.Of("fid")!.Value!.Value.ShouldBe(other.Of("fid")!.Value!.Value, 1e-2 * other.Objective, score.Name);
        }

        (await Keys(store, device)).Intersect(await Keys(store, host)).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_model_that_cannot_be_sampled_there_is_refused_before_anything_begins()
    {
        using var models = new ModelHost(new DeviceOptions(), [Path.Combine(RepoPaths.Root, "tests", "Golden", "pipelines")]);
        var store = await RunStore.OpenAsync(azurite.ConnectionString);
        var specification = SpecificationJson.Read("""{ "name": "refused", "model": "adm", "budget": { "networkCalls": 3 }, "objective": { "metric": "psnr" }, "conditions": { "label": 1, "classifierScale": 6 }, "samplingLoop": "device" }""");
        (await Should.ThrowAsync<ProblemException>(() => new RunSubmission(store, models, TimeProvider.System).SubmitAsync(specification)))
            .Message.ShouldContain("samplingLoop: The model 'adm' cannot be sampled by the loop 'device': its classifier guides (classifierScale), which is done on the processor. Use the loop 'host'.");
    }

    [Fact]
    public void The_field_is_left_out_while_it_is_host()
    {
        const string Least = """{"name":"tiny","model":"m","budget":{"networkCalls":4}""";
        SpecificationJson.Write(SpecificationJson.Read(Least + ""","samplingLoop":"host"}""")).ToJsonString().ShouldBe(SpecificationJson.Write(SpecificationJson.Read(Least + "}")).ToJsonString());
        SpecificationJson.WriteWhatMatters(SpecificationJson.Read(Least + ""","samplingLoop":"device"}"""))["samplingLoop"]!.GetValue<string>().ShouldBe("device");
        Should.Throw<ProblemException>(() => SpecificationJson.Read(Least + ""","samplingLoop":"gpu"}""")).Message.ShouldContain("host, device");
    }

    private static async Task<IReadOnlyList<CandidateScore>> Board(RunStore store, string run) => (await store.RequireJsonAsync<Leaderboard>(BlobNames.Result(run, "leaderboard.json"))).Ranked();

    private static async Task<List<string>> Keys(RunStore store, string run)
    {
        var (keys, round) = (new List<string>(), 0);
        while (await store.ReadJsonAsync<UnitPlan>(BlobNames.Plan(run, round++)) is { } plan)
        {
            keys.AddRange(plan.Units.SelectMany(u => u.Shards).Select(s => s.Key));
        }

        keys.ShouldNotBeEmpty();
        return keys;
    }
}
