using BatchEval.Core.Json;
using BatchEval.Core.Randomness;
using BatchEval.Core.Sampling;
using BatchEval.Core.Sampling.Placement;
using BatchEval.Onnx.Benchmarks;
using BatchEval.Onnx.Networks;
using BatchEval.Onnx.Packages;
using BatchEval.Onnx.Runtime;
using BatchEval.Onnx.Sampling;
using BatchEval.Tests.Shared;

namespace BatchEval.Onnx.Tests.Benchmarks;

/// <summary>The loop that stays on the device, on the one device that every machine has, against the engine's.</summary>
public sealed class DeviceLoopTests(DigitsFixture digits) : IClassFixture<DigitsFixture>
{
    private const int Batch = 3;
    private static readonly DeviceOptions Cpu = new();

    [Theory]
    [InlineData("ddim", 10)]
    [InlineData("ddim(clip-noise=0)", 5)]
    [InlineData("euler", 4)]
    [InlineData("ddim", 1)]
    public void It_gives_the_engines_images(string solver, int steps)
    {
        var model = digits.Model;
        var candidate = Candidate.At(solver, PlacementRules.Create("trailing", model.Manifest.Schedule, steps).Times);
        var plan = new SamplingPlan(candidate, model.Manifest.Schedule, model.Manifest.Denoiser.Prediction);
        var (first, second) = (Start(plan, seed: 1), Start(plan, seed: 2));
        using var loop = new DeviceLoop(model.Networks.Without([]), plan, model.Manifest, Cpu, Batch, [new Feed("class_labels", [3, 3, 3], [Batch])]);

        var images = ((float[])loop.Run(first).Clone(), (float[])loop.Run(second).Clone());

        Difference(images.Item1, Engine(candidate, first)).ShouldBeLessThan(1e-4f);
        Difference(images.Item2, Engine(candidate, second)).ShouldBeLessThan(1e-4f);
        loop.Run(first).ShouldBe(images.Item1);
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

    [Theory]
    [InlineData("dpmpp-2m")]
    [InlineData("heun")]
    [InlineData("ddim(eta=1)")]
    public void Solvers_with_noise_or_memory_are_refused(string solver)
    {
        var manifest = digits.Model.Manifest;
        var plan = new SamplingPlan(Candidate.At(solver, [999, 500, 100]), manifest.Schedule, manifest.Denoiser.Prediction);
        Should.Throw<ProblemException>(() => new DeviceLoop(digits.Model.Networks.Without([]), plan, manifest, Cpu, 1, [])).Message.ShouldContain("without noise and memory");
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
        return Array.ConvertAll(start, v => v * plan.StartScale);
    }

    private static float Difference(float[] a, float[] b) => a.Zip(b, (x, y) => MathF.Abs(x - y)).Max();
}
