using BatchEval.Core.Json;
using BatchEval.Core.Randomness;
using BatchEval.Core.Sampling;
using BatchEval.Core.Sampling.Placement;
using BatchEval.Core.Sampling.Solvers;
using BatchEval.Onnx.Benchmarks;
using BatchEval.Onnx.Networks;
using BatchEval.Onnx.Packages;
using BatchEval.Onnx.Runtime;
using BatchEval.Onnx.Sampling;
using BatchEval.Tests.Shared;
using Xunit.Abstractions;

namespace BatchEval.Onnx.Tests.Benchmarks;

/// <summary>The loop that stays on the device, on the one device that every machine has, against the engine's.</summary>
public sealed class DeviceLoopTests(DigitsFixture digits, ITestOutputHelper output) : IClassFixture<DigitsFixture>
{
    private const int Batch = 3;
    private static readonly DeviceOptions Cpu = new();

    public static IEnumerable<object[]> Solvers => Solver.Names.Concat(["ddim(clip-noise=0)", "ddim(eta=1)", "unipc(noise=1)", "euler(churn=1)"]).Select(name => new object[] { name });

    [Theory]
    [MemberData(nameof(Solvers))]
    public void It_gives_the_engines_images_by_every_solver(string solver)
    {
        var model = digits.Model;
        var candidate = Candidate.At(solver, PlacementRules.Create("trailing", model.Manifest.Schedule, 6).Times);
        var plan = new SamplingPlan(candidate, model.Manifest.Schedule, model.Manifest.Denoiser.Prediction);
        var (first, second) = (Start(plan, seed: 1), Start(plan, seed: 2));
        using var loop = new DeviceLoop(model.Networks.Without([]), plan, model.Manifest, Cpu, Batch, [new Feed("class_labels", [3, 3, 3], [Batch])]);

        var images = ((float[])loop.Run(first, Noise).Clone(), (float[])loop.Run(second, Noise).Clone());

        var (a, b) = (Difference(images.Item1, Engine(candidate, first)), Difference(images.Item2, Engine(candidate, second)));
        output.WriteLine($"{solver}: {a:E1}, {b:E1}");
        Math.Max(a, b).ShouldBeLessThan(1e-4f);
        loop.Run(first, Noise).ShouldBe(images.Item1);
    }

    [Fact]
    public void A_half_precision_network_keeps_a_single_precision_state()
    {
        var folder = Path.Combine(RepoPaths.Root, "tests", "Golden", "networks", "unet2d");
        var package = ModelPackage.Open(folder);
        var plan = new SamplingPlan(Candidate.At("ddim", PlacementRules.Create("trailing", package.Manifest.Schedule, 3).Times), package.Manifest.Schedule, package.Manifest.Denoiser.Prediction);
        var start = Enumerable.Range(0, 2 * package.Manifest.Sample.Size).Select(i => MathF.Sin(i)).ToArray();

        var single = Sample(Path.Combine(folder, "model.onnx"), package.Manifest, plan, start);
        var half = Sample(Path.Combine(folder, "model.half.onnx"), package.Manifest, plan, start);

        half.ShouldAllBe(v => float.IsFinite(v));
        (Difference(half, single) / single.Max(MathF.Abs)).ShouldBeInRange(1e-6f, 0.02f);
    }

    [Fact]
    public void Candidates_that_leave_calls_out_are_refused()
    {
        var manifest = digits.Model.Manifest;
        var plan = new SamplingPlan(new Candidate("ddim", [new CandidateStep(999), new CandidateStep(500, reuse: true), new CandidateStep(100)]), manifest.Schedule, manifest.Denoiser.Prediction);
        Should.Throw<ProblemException>(() => new DeviceLoop(digits.Model.Networks.Without([]), plan, manifest, Cpu, 1, [])).Message.ShouldContain("every step with the whole network");
    }

    private static float[] Sample(string file, ModelManifest manifest, SamplingPlan plan, float[] start)
    {
        using var network = new DenoiserNetwork(SessionLoader.Open(file, Cpu), manifest, file);
        using var loop = new DeviceLoop(network, plan, manifest, Cpu, 2, []);
        return (float[])loop.Run(start).Clone();
    }

    private float[] Engine(Candidate candidate, float[] start)
    {
        var engine = new SamplingEngine(digits.Model, new NoiseBank(0), new Conditions(3));
        var size = digits.Model.Manifest.Sample.Size;
        var work = Enumerable.Range(0, Batch).Select(i => (candidate, (long)i)).ToList();
        return [.. engine.Run(work, n => start.AsSpan((int)n * size, size).ToArray()).SelectMany(s => s.Image)];
    }

    private float[] Start(SamplingPlan plan, ulong seed)
    {
        var start = new float[Batch * digits.Model.Manifest.Sample.Size];
        new NoiseBank(seed).Fill(0, NoiseBank.StartDraw, start);
        return Array.ConvertAll(start, v => v * plan.NoiseScale);
    }

    private void Noise(int row, float[] noise)
    {
        var size = noise.Length / Batch;
        for (var i = 0; i < Batch; i++)
        {
            new NoiseBank(0).Fill(i, row + 1, noise.AsSpan(i * size, size));
        }
    }

    private static float Difference(float[] a, float[] b) => a.Zip(b, (x, y) => MathF.Abs(x - y)).Max();
}
