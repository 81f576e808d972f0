using BatchEval.Core.Json;
using BatchEval.Core.Randomness;
using BatchEval.Core.Sampling;
using BatchEval.Core.Sampling.Placement;
using BatchEval.Core.Sampling.Solvers;
using BatchEval.Onnx.Networks;
using BatchEval.Onnx.Packages;
using BatchEval.Onnx.Runtime;
using BatchEval.Onnx.Sampling;
using BatchEval.Tests.Shared;
using Xunit.Abstractions;

namespace BatchEval.Onnx.Tests.Sampling;

/// <summary>The engine with states that stay on the device, on the one device that every machine has, against its loop on the host.</summary>
public sealed class DeviceLoopTests(DigitsFixture digits, ITestOutputHelper output) : IClassFixture<DigitsFixture>
{
    private static readonly DeviceOptions Cpu = new();

    public static IEnumerable<object[]> Solvers => Solver.Names.Concat(["ddim(clip-noise=0)", "ddim(eta=1)", "unipc(noise=1)", "euler(churn=1)"]).Select(name => new object[] { name });

    public static TheoryData<string, Conditions, CandidateStep[]> Steps => new()
    {
        { "labels of their own", new Conditions(Conditions.RandomLabel), [new(900), new(500), new(100)] },
        { "guided", new Conditions(3, 2.5), [new(900), new(500), new(100)] },
        { "rescaled", new Conditions(3, 4) { GuidanceRescale = 0.7 }, [new(900), new(500), new(100)] },
        { "guided in an interval", new Conditions(3, 2.5) { GuidanceInterval = [0.3, 3] }, [new(900), new(500), new(300), new(100), new(20)] },
        { "without some negative evaluations", new Conditions(3, 2.5), [new(900), new(700, guidance: StepGuidance.Positive), new(500, guidance: StepGuidance.Cached), new(300, reuse: true), new(200, guidance: StepGuidance.Cached), new(100)] },
        { "cached where there is nothing to cache", new Conditions(3, 2.5) { GuidanceInterval = [0, 1] }, [new(900), new(200, guidance: StepGuidance.Cached), new(100, guidance: StepGuidance.Cached)] },
        { "reused", new Conditions(3, 2.5), [new(900), new(500, reuse: true), new(300), new(200, reuse: true), new(100, reuse: true)] },
        { "without blocks", Conditions.None, [new(900), new(500, drop: [1, 4]), new(300), new(100, drop: [2])] },
        { "numbers of its own", Conditions.None, [new(900), new(500, numbers: new StepNumbers { NetworkTime = 480 }), new(100)] },
    };

    [Theory]
    [MemberData(nameof(Solvers))]
    public void It_gives_the_images_of_the_hosts_loop_by_every_solver(string solver) =>
        Compare(solver, digits.Model, new Conditions(3), Candidate.At(solver, PlacementRules.Create("trailing", digits.Model.Manifest.Schedule, 6).Times));

    [Theory]
    [MemberData(nameof(Steps))]
    public void It_gives_the_images_of_the_hosts_loop_whatever_steps_do(string name, Conditions conditions, CandidateStep[] steps)
    {
        foreach (var solver in new[] { "ddim", "heun", "dpmpp-2m", "ddim(eta=1)" })
        {
            Compare($"{name}, {solver}", digits.Model, conditions, new Candidate(solver, steps));
        }
    }

    [Theory]
    [InlineData("networks/adm", "ddpm")]
    [InlineData("networks/unet2d-condition", "dpmpp-2m")]
    [InlineData("pipelines/flux", "ddim")]
    [InlineData("pipelines/adm", "ddpm(learned=1)")]
    [InlineData("pipelines/dit-official", "ddpm(learned=1)", 4)]
    [InlineData("pipelines/super-resolution", "ddim")]
    public void Networks_that_pack_join_or_say_variances_are_fed_and_read_alike(string folder, string solver, double guidance = 1)
    {
        using var model = SamplingModel.Open(ModelPackage.Open(Path.Combine(RepoPaths.Root, "tests", "Golden", Path.Combine(folder.Split('/')))), Cpu);
        var candidate = Candidate.At(solver, PlacementRules.Create("trailing", model.Manifest.Schedule, 3).Times);
        Compare($"{folder}, {solver}", model, new Conditions(model.Manifest.Labels is null ? null : 3, guidance), candidate);
    }

    [Theory]
    [InlineData("ddim", 1, 0)]
    [InlineData("heun", 2.5, 0.7)]
    [InlineData("ddim(eta=1)", 2.5, 0)]
    [InlineData("unipc", 1, 0)]
    public void An_image_is_the_same_bits_at_every_batch_size(string solver, double guidance, double rescale)
    {
        var candidate = Candidate.At(solver, [900, 600, 300]);
        var conditions = new Conditions(Conditions.RandomLabel, guidance) { GuidanceRescale = rescale };
        var work = Enumerable.Range(0, 9).Select(i => (candidate, (long)i)).ToArray();
        var reference = Engine(digits.Model, conditions, SamplingLoop.Device, 64).Run(work);
        foreach (var batch in new[] { 1, 2, 7 })
        {
            var other = Engine(digits.Model, conditions, SamplingLoop.Device, batch).Run(work);
            other.Length.ShouldBe(9);
            for (var i = 0; i < work.Length; i++)
            {
                other[i].Image.ShouldBe(reference[i].Image, $"batch {batch}, sample {i}");
            }
        }
    }

    [Fact]
    public void Samples_of_one_candidate_wait_for_none_of_another_and_evaluations_are_not_shared()
    {
        var (first, second) = (Candidate.At("ddim", [999, 749, 499, 249]), Candidate.At("ddim", [999, 749, 499, 100]));
        var engine = Engine(digits.Model, Conditions.None, SamplingLoop.Device, 2);
        var results = engine.Run([(first, 5L), (second, 3L), (first, 3L), (first, 4L)]);
        results.Select(r => r.Sample).ShouldBe([5, 3, 3, 4]);
        results.ShouldAllBe(r => r.NetworkCalls == 4);
        engine.Evaluations.ShouldBe(16);
        results[1].Image.ShouldBe(Engine(digits.Model, Conditions.None, SamplingLoop.Device, 64).Run([(second, 3L)])[0].Image);
    }

    [Fact]
    public void A_candidate_with_a_skip_policy_takes_the_hosts_loop()
    {
        var (skipping, plain) = (Candidate.At("ddim", [900, 700, 500, 300, 100]).With([.. Candidate.At("ddim", [900, 700, 500, 300, 100]).Steps], new SkipPolicy(0.1)), Candidate.At("ddim", [900, 500]));
        (Candidate, long)[] work = [(skipping, 0), (plain, 0), (skipping, 1)];
        var (host, device) = (Engine(digits.Model, Conditions.None, SamplingLoop.Host).Run(work), Engine(digits.Model, Conditions.None, SamplingLoop.Device).Run(work));
        SamplingEngine.LoopOf(skipping, SamplingLoop.Device).ShouldBe(SamplingLoop.Host);
        foreach (var i in new[] { 0, 2 })
        {
            device[i].Image.ShouldBe(host[i].Image);
            device[i].Executed.ShouldBe(host[i].Executed);
        }

        Difference(device[1].Image, host[1].Image).ShouldBeLessThan(1e-4f);
    }

    [Fact]
    public void A_start_that_is_not_finite_fails_its_own_sample_only()
    {
        foreach (var solver in new[] { "ddim", "dpmpp-2m" })
        {
            var results = Engine(digits.Model, Conditions.None, SamplingLoop.Device).Run(
                [.. Enumerable.Range(0, 2).Select(i => (Candidate.At(solver, [900, 500, 100]), (long)i))], n => [.. Enumerable.Repeat(n == 0 ? float.NaN : 0.5f, 256)]);
            results[0].Failure.ShouldNotBeNull().ShouldContain("not finite at some step, sample 0");
            results[1].Failure.ShouldBeNull();
        }
    }

    [Fact]
    public void A_half_precision_network_keeps_a_single_precision_state()
    {
        var folder = Path.Combine(RepoPaths.Root, "tests", "Golden", "networks", "unet2d");
        var package = ModelPackage.Open(folder);

        var (single, half) = (Sample(package, "model.onnx"), Sample(package, "model.half.onnx"));

        half.ShouldAllBe(v => float.IsFinite(v));
        (Difference(half, single) / single.Max(MathF.Abs)).ShouldBeInRange(1e-6f, 0.02f);
    }

    [Fact]
    public void What_is_done_on_the_processor_is_refused()
    {
        var package = digits.Package.Manifest;
        Should.Throw<ProblemException>(() => SamplingEngine.Check(SamplingLoop.Device, package with { Sample = package.Sample with { Limit = new DataLimit(-1, 1, 0.995) } }, Conditions.None)).Message
            .ShouldBe("The model 'digits' cannot be sampled by the loop 'device': its data predictions are thresholded (sample.thresholding), which is done on the processor. Use the loop 'host'.");
        using var adm = SamplingModel.Open(ModelPackage.Open(Path.Combine(RepoPaths.Root, "tests", "Golden", "pipelines", "adm")), Cpu);
        var engine = Engine(adm, new Conditions(4) { ClassifierScale = 6 }, SamplingLoop.Device);
        Should.Throw<ProblemException>(() => engine.Run([(Candidate.At("ddim", [900, 500]), 0)])).Message.ShouldContain("its classifier guides (classifierScale)");
    }

    private static SamplingEngine Engine(SamplingModel model, Conditions conditions, SamplingLoop loop, int batch = 64) => new(model, new NoiseBank(1), conditions, batch) { Loop = loop };

    private static float[] Sample(ModelPackage package, string file)
    {
        using var model = new SamplingModel(package, new WholeNetwork(new DenoiserNetwork(SessionLoader.Open(package.PathOf(file), Cpu), package.Manifest, file)));
        var candidate = Candidate.At("ddim", PlacementRules.Create("trailing", package.Manifest.Schedule, 3).Times);
        return [.. Engine(model, Conditions.None, SamplingLoop.Device).Run([(candidate, 0), (candidate, 1)]).SelectMany(r => r.Image)];
    }

    // Five samples in batches of two, so that the last one is smaller.
    private void Compare(string name, SamplingModel model, Conditions conditions, Candidate candidate)
    {
        (Candidate, long)[] work = [.. Enumerable.Range(0, 5).Select(i => (candidate, (long)i))];
        var (host, device) = (Engine(model, conditions, SamplingLoop.Host, 2), Engine(model, conditions, SamplingLoop.Device, 2));
        var (expected, found) = (host.Run(work), device.Run(work));
        var largest = expected.SelectMany(r => r.Image).Max(MathF.Abs);
        var difference = expected.Zip(found, (a, b) => Difference(a.Image, b.Image)).Max();
        output.WriteLine($"{name}: {difference:E1} of {largest:G3}");
        found.Select(r => r.Failure).ShouldAllBe(f => f == null);
        found.Select(r => r.Label).ShouldBe(expected.Select(r => r.Label));
        found.ShouldAllBe(r => r.Executed.SequenceEqual(expected[0].Executed));
        difference.ShouldBeLessThan(1e-4f * Math.Max(1, largest), name);
        device.Evaluations.ShouldBe(host.Evaluations);
    }

    private static float Difference(float[] a, float[] b)
    {
        a.Length.ShouldBe(b.Length);
        return a.Zip(b, (x, y) => MathF.Abs(x - y)).Max();
    }
}
