using BatchEval.Tests.Shared;
using BatchEval.Workflow.Evaluation;
using BatchEval.Workflow.Local;
using BatchEval.Workflow.Specifications;
using BatchEval.Workflow.Storage;

namespace BatchEval.Workflow.Tests.Local;

/// <summary>
/// Four generations of the bundled search, on few samples, end where they ended at d6a7615, so that a change of documented numbers is noticed. A candidate's id is a digest of
/// every digit of its numbers, which depend on scores by their order only. Scores may differ in the sixth digit from processor to processor (ONNX Runtime's single precision).
/// </summary>
public sealed class PinnedSearchTests(AzuriteFixture store) : IClassFixture<AzuriteFixture>
{
    private static readonly (string Name, string Id, double Fid)[] Known =
        [("searched", "fdc0289aff6b", 8.176737260975539), ("base", "f5054aa0edbb", 9.129701561793702), ("trailing", "659fa799cb83", 11.33948092897873)];

    [Fact]
    public async Task The_bundled_search_ends_in_the_numbers_it_ended_in()
    {
        using var models = TinyRun.Models();
        var runs = await RunStore.OpenAsync(store.ConnectionString);
        var json = SpecificationOverrides.Apply(await File.ReadAllTextAsync(Path.Combine(RepoPaths.Samples, "digits", "search.json")),
        [
            "model=digits", "search.generations=4", "search.interval=2", "search.rungs=[16,32]", "baselines=[\"trailing\"]",
            "validation.samples=64", "final.samples=64", "final.images=0", "reference.samples=4",
        ]);
        var (run, _) = await new RunSubmission(runs, models, TimeProvider.System).SubmitAsync(SpecificationJson.Read(json));
        await new LocalRunner(runs, models, 2, TimeProvider.System).RunAsync(run);
        var board = (await runs.RequireJsonAsync<Leaderboard>(BlobNames.Result(run, "leaderboard.json"))).Ranked().ToList();
        var found = string.Join(", ", board.Select(s => FormattableString.Invariant($"(\"{s.Name}\", \"{s.Candidate.ShortId}\", {s.Of("fid")!.Value})")));
        board.Select(s => (s.Name, s.Candidate.ShortId)).ShouldBe(Known.Select(k => (k.Name, k.Id)), found);
        board.Select(s => s.Of("fid")!.Value!.Value).ShouldBe(Known.Select(k => k.Fid), 1e-4, found);
    }
}
