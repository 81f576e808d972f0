using BatchEval.Tests.Shared;

namespace BatchEval.Cli.Tests.Commands;

/// <summary>What a user can get wrong about a run: one clear message, exit code 2, nothing started.</summary>
public sealed class BadInputTests(AzuriteFixture azurite) : IClassFixture<AzuriteFixture>, IDisposable
{
    private readonly TestShell shell = new TestShell().With("BATCHEVAL_STORE", azurite.ConnectionString);

    [Theory]
    [InlineData("unknown field", "frobnicate=1", "frobnicate: is unknown")]
    [InlineData("unknown nested field", "search.size=1", "search.size: is unknown")]
    [InlineData("wrong type", "search.population=many", "search.population: must be a whole number")]
    [InlineData("wrong seed", "seed=-1", "seed: must be a whole number of at least 0")]
    [InlineData("empty search space", "budget.networkCalls=1200", "budget.networkCalls: A search over more than 1000 steps is empty; the model allows 1 to 1000 steps")]
    [InlineData("no network call", "budget.networkCalls=0", "budget.networkCalls: is 0; allowed: 1 to 10000")]
    [InlineData("steps beyond the schedule", "reference.steps=5000", "reference.steps: 5000 steps asked of a model trained on 1000")]
    [InlineData("unknown solver", "solver=magic", "solver: Unknown solver 'magic'")]
    [InlineData("unknown baseline", "baselines=[\"x\"]", "baselines[0]: is 'x'")]
    [InlineData("candidate out of range", "candidates=[{\"solver\":\"ddim\",\"steps\":[{\"t\":1200}]}]", "candidates[0]: t = 1200 lies outside")]
    [InlineData("label that does not exist", "conditions.label=10", "conditions: Label 10 does not exist")]
    [InlineData("missing model", "model=nowhere", "The model package 'nowhere' was not found")]
    [InlineData("malformed assignment", "search", "'--set search' is not of the form path=value")]
    public async Task A_specification_that_cannot_be_used_is_refused(string why, string assignment, string words)
    {
        why.ShouldNotBeEmpty();
        shell.Write("spec.json", SmallRun.Specification());
        (await shell.RunAsync("run", "spec.json", "--set", assignment)).ShouldBeRefused(words);
        (await shell.RunAsync("runs", "--json")).Json["runs"]!.AsArray().ShouldBeEmpty();
    }

    [Theory]
    [InlineData("--port", "70000", "--port is 70000; allowed: 0 to 65535.")]
    [InlineData("--listen", "203.0.113.1", "The address 203.0.113.1 is none of this machine. Give one that is with --listen")]
    public async Task An_address_that_cannot_be_listened_on_is_refused_before_anything_is_started(string option, string value, string words)
    {
        using var alone = new TestShell();
        alone.With("BATCHEVAL_DATA", alone.PathOf("data"));
        (await alone.RunAsync("serve", option, value)).ShouldBeRefused(words);
        Directory.Exists(alone.PathOf("data")).ShouldBeFalse();
    }

    [Fact]
    public async Task All_problems_are_listed_at_once()
    {
        shell.Write("spec.json", """{ "name": "Bad Name", "model": 3, "budget": {}, "search": { "population": "x" }, "typo": 1 }""");
        (await shell.RunAsync("run", "spec.json")).ShouldBeRefused("name: ", "model: ", "budget.networkCalls: ", "search.population: ", "typo: ");
    }

    [Fact]
    public async Task A_missing_specification_is_named() => (await shell.RunAsync("run", "nothing.json")).ShouldBeRefused("'nothing.json' does not exist");

    [Fact]
    public async Task Text_that_is_no_JSON_is_refused()
    {
        shell.Write("spec.json", "{ \"name\": ");
        (await shell.RunAsync("run", "spec.json")).ShouldBeRefused("not valid JSON");
    }

    [Fact]
    public async Task A_missing_model_file_is_named()
    {
        CopyPackage("model");
        File.Delete(shell.PathOf("model/unet.onnx"));
        shell.Write("spec.json", SmallRun.Specification());
        (await shell.RunAsync("run", "spec.json", "--set", "model=model")).ShouldBeRefused("denoiser.file: names 'unet.onnx', which does not exist");
    }

    [Fact]
    public async Task An_altered_model_file_is_named()
    {
        CopyPackage("model");
        File.AppendAllText(shell.PathOf("model/unet.onnx"), "x");
        shell.Write("spec.json", SmallRun.Specification());
        (await shell.RunAsync("run", "spec.json", "--set", "model=model")).ShouldBeRefused("digests.unet.onnx");
    }

    [Theory]
    [InlineData("unet.onnx")]
    [InlineData("features.onnx")]
    [InlineData("perceptual.onnx")]
    public async Task A_corrupt_network_is_named(string file)
    {
        CopyPackage("model");
        File.WriteAllText(shell.PathOf($"model/{file}"), "this is no network");
        var manifest = System.Text.Json.Nodes.JsonNode.Parse(File.ReadAllText(shell.PathOf("model/model.json")))!.AsObject();
        manifest.Remove("digests");
        shell.Write("model/model.json", manifest.ToJsonString());
        shell.Write("spec.json", SmallRun.Specification());

        (await shell.RunAsync("run", "spec.json", "--set", "model=model")).ShouldBeRefused(file, "could not be loaded as an ONNX model");
    }

    [Fact]
    public async Task Corrupt_reference_statistics_are_named()
    {
        CopyPackage("model");
        File.WriteAllText(shell.PathOf("model/ref_stats.npz"), "no archive");
        var manifest = System.Text.Json.Nodes.JsonNode.Parse(File.ReadAllText(shell.PathOf("model/model.json")))!.AsObject();
        manifest.Remove("digests");
        shell.Write("model/model.json", manifest.ToJsonString());
        shell.Write("spec.json", SmallRun.Specification());

        (await shell.RunAsync("run", "spec.json", "--set", "model=model")).ShouldBeRefused("ref_stats.npz");
    }

    [Fact]
    public async Task Storage_that_does_not_answer_is_named()
    {
        shell.Write("spec.json", SmallRun.Specification());
        var connection = "DefaultEndpointsProtocol=http;AccountName=someone;AccountKey=c2VjcmV0LWtleQ==;BlobEndpoint=http://127.0.0.1:9/someone;";

        var result = await shell.RunAsync("run", "spec.json", "--store", connection);

        result.Code.ShouldBe(ExitCodes.BadInput);
        result.Error.ShouldStartWith("The storage refuses PUT /someone/runs: Connection refused");
        result.Error.ShouldContain("error: The storage at http://127.0.0.1:9/someone/runs could not be reached");
        result.Error.ShouldNotContain("c2VjcmV0");
    }

    [Theory]
    [InlineData("run", "spec.json")]
    [InlineData("runs")]
    [InlineData("show", "latest")]
    public async Task A_malformed_connection_is_refused(params string[] command)
    {
        shell.Write("spec.json", SmallRun.Specification());
        (await shell.RunAsync([.. command, "--store", "nonsense"], default)).ShouldBeRefused("neither a connection string nor an address");
    }

    [Theory]
    [InlineData("{ \"solver\": \"ddim\", \"steps\": [] }", "at least 1 step")]
    [InlineData("{ \"solver\": \"ddim\", \"steps\": [{ \"t\": 5 }], \"extra\": 1 }", "extra: is unknown")]
    [InlineData("{ \"solver\": \"ddim\", \"steps\": [{ \"t\": 5000 }] }", "t = 5000 lies outside")]
    [InlineData("missing.json", "'missing.json' does not exist")]
    public async Task A_candidate_that_cannot_be_used_is_refused(string candidate, string words) =>
        (await shell.RunAsync("evaluate", "--model", TestShell.Digits, "--candidate", candidate, "--count", "20")).ShouldBeRefused(words);

    public void Dispose() => shell.Dispose();

    private void CopyPackage(string folder)
    {
        Directory.CreateDirectory(shell.PathOf(folder));
        foreach (var file in new[] { "model.json", "unet.onnx", "features.onnx", "perceptual.onnx", "ref_stats.npz", "data.npy" })
        {
            File.Copy(Path.Combine(TestShell.Digits, file), Path.Combine(shell.PathOf(folder), file));
        }
    }
}
