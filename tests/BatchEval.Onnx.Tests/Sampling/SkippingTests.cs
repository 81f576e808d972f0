using BatchEval.Core.Randomness;
using BatchEval.Core.Sampling;
using BatchEval.Core.Sampling.Placement;
using BatchEval.Core.Sampling.Skipping;
using BatchEval.Core.Sampling.Solvers;
using BatchEval.Onnx.Networks;
using BatchEval.Onnx.Packages;
using BatchEval.Onnx.Runtime;
using BatchEval.Onnx.Sampling;
using BatchEval.Tests.Shared;

namespace BatchEval.Onnx.Tests.Sampling;

/// <summary>Skipped network calls in the engine: decided per sample, equal to single-sample runs, nothing left behind.</summary>
public sealed class SkippingTests : IDisposable
{
    private const int Steps = 16;
    private readonly SamplingModel model = SamplingModel.Open(ModelPackage.Open(Path.Combine(RepoPaths.Root, "samples", "digits")), new DeviceOptions("cpu", 1));

    public void Dispose() => model.Dispose();

    public static TheoryData<string> EverySolver => [.. Solver.Names];

    [Theory]
    [MemberData(nameof(EverySolver))]
    public void Samples_of_one_batch_decide_for_themselves_and_equal_their_own_runs(string solver)
    {
        var candidate = Candidate(solver, new SkipPolicy(Threshold(solver), order: 1));
        var together = Engine().Run([.. Enumerable.Range(0, 6).Select(i => (candidate, (long)i))]);
        together.Select(r => StepMask.Write(r.Executed)).Distinct().Count().ShouldBeGreaterThan(1, string.Join(' ', together.Select(r => StepMask.Write(r.Executed))));
        for (var i = 0; i < 2; i++)
        {
            var alone = Engine().Run([(candidate, i)])[0];
            alone.Executed.ShouldBe(together[i].Executed);
            alone.Image.ShouldBe(together[i].Image, "bit for bit");
        }
    }

    // A threshold at which images decide differently. Fresh noise alone makes third differences sqrt(6) times as large as first ones.
    private double Threshold(string solver) => solver switch
    {
        "lcm" => 3,
        "sde-dpm-1" => 2.7,
        "sde-dpm-2m" => 3.3,
        "ipndm" or "plms" or "pndm" => 0.5,
        _ => Solver.Table(Candidate(solver, null), model.Manifest.Schedule).IsStochastic ? 2.5 : 0.06,
    };

    [Fact]
    public void Nothing_leaks_between_images_or_runs()
    {
        var engine = Engine(batch: 2);
        (Candidate, long)[] work = [.. Enumerable.Range(0, 5).Select(i => (Candidate("ddim", new SkipPolicy(0.1)), (long)i))];
        var first = engine.Run(work);
        var second = engine.Run([.. work.Reverse()]).Reverse().ToArray();
        for (var i = 0; i < work.Length; i++)
        {
            second[i].Image.ShouldBe(first[i].Image);
            second[i].Executed.ShouldBe(first[i].Executed);
        }
    }

    [Fact]
    public void Only_samples_that_need_the_network_ride_in_a_batch()
    {
        var engine = Engine();
        var results = engine.Run([.. Enumerable.Range(0, 6).Select(i => (Candidate("dpmpp-2m", new SkipPolicy(0.1)), (long)i))]);
        engine.Evaluations.ShouldBe(results.Sum(r => r.NetworkCalls));
        results.Average(r => r.NetworkCalls).ShouldBeLessThan(Steps - 1);
    }

    [Fact]
    public void Candidates_share_evaluations_until_a_sample_skips_differently()
    {
        var engine = Engine();
        var never = Candidate("euler", null);
        var strict = Candidate("euler", new SkipPolicy(1e-9));
        var loose = Candidate("euler", new SkipPolicy(1e9, order: 2));
        var results = engine.Run([(never, 0), (strict, 0), (loose, 0)]);
        results[1].Image.ShouldBe(results[0].Image);
        engine.Evaluations.ShouldBe(Steps + results[2].NetworkCalls - 4, "the four warm-up steps are common to all");
    }

    [Theory]
    [InlineData("ddim", 0)]
    [InlineData("heun", 0)]
    [InlineData("dpmpp-2m", 2)]
    public void A_plan_that_reuses_what_the_policy_skipped_gives_the_same_image(string solver, int order)
    {
        var policy = Candidate(solver, new SkipPolicy(0.1, order: order));
        var adaptive = Engine().Run([(policy, 3)])[0];
        var table = Solver.Table(policy, model.Manifest.Schedule);
        var skipped = table.Rows.Where((_, row) => !adaptive.Executed[row]).Select(r => r.Step).ToHashSet();
        skipped.ShouldNotBeEmpty();
        var planned = new Candidate(
            solver, policy.Steps.Select((s, k) => new CandidateStep(s.Time, reuse: skipped.Contains(k))), order == 0 ? null : new SkipPolicy(0, order: order));
        Engine().Run([(planned, 3)])[0].Image.ShouldBe(adaptive.Image);
    }

    [Fact]
    public void The_guided_combination_is_what_a_skipped_step_reuses()
    {
        var engine = Engine(new Conditions(4, 2));
        var results = engine.Run([.. Enumerable.Range(0, 3).Select(i => (Candidate("ddim", new SkipPolicy(0.1, order: 1)), (long)i))]);
        results.ShouldAllBe(r => r.Failure == null);
        engine.Evaluations.ShouldBe(2 * results.Sum(r => r.NetworkCalls));
    }

    private SamplingEngine Engine(Conditions? conditions = null, int batch = 64) => new(model, new NoiseBank(5), conditions ?? Conditions.None, batch);

    private Candidate Candidate(string solver, SkipPolicy? policy) =>
        new(solver, PlacementRules.Create("trailing", model.Manifest.Schedule, Steps).Times.Select(t => new CandidateStep(t)), policy);
}
