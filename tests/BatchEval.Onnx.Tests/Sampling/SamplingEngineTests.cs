using BatchEval.Core.Json;
using BatchEval.Core.Randomness;
using BatchEval.Core.Sampling;
using BatchEval.Onnx.Networks;
using BatchEval.Onnx.Sampling;

namespace BatchEval.Onnx.Tests.Sampling;

/// <summary>The sampling loop on the bundled model, against PyTorch and against itself in other batches.</summary>
public sealed class SamplingEngineTests(DigitsFixture digits) : IClassFixture<DigitsFixture>
{
    private static readonly Candidate FourSteps = Candidate.At("ddim", [999, 749, 499, 249]);

    [Fact]
    public void The_network_gives_what_pytorch_gives()
    {
        var (sample, shape) = DigitsFixture.Golden("eps.npz", "sample");
        var expected = DigitsFixture.Golden("eps.npz", "eps").Values;
        var output = new float[sample.Length];
        digits.Model.Networks.Without([]).Run(sample, DigitsFixture.Golden("eps.npz", "timestep").Values, [new Feed("class_labels", DigitsFixture.Golden("eps.npz", "class_labels").Values, [4])], output);
        shape[0].ShouldBe(4);
        MaxDifference(output, expected).ShouldBeLessThan(1e-4);
    }

    [Fact]
    public void Ten_ddim_steps_give_what_pytorch_gives()
    {
        var start = DigitsFixture.Golden("ddim10.npz", "start").Values;
        var labels = DigitsFixture.Golden("ddim10.npz", "class_labels").Values;
        var times = DigitsFixture.Golden("ddim10.npz", "timesteps").Values;
        var final = DigitsFixture.Golden("ddim10.npz", "final").Values;
        var candidate = Candidate.At("ddim", times.Select(t => (double)t));
        for (var i = 0; i < labels.Length; i++)
        {
            var engine = new SamplingEngine(digits.Model, new NoiseBank(0), new Conditions(labels[i] == 10 ? null : (int)labels[i]));
            var image = engine.Run([(candidate, i)], n => start.AsSpan((int)n * 256, 256).ToArray())[0].Image;
            MaxDifference(image, final.AsSpan(i * 256, 256)).ShouldBeLessThan(2e-3);
        }
    }

    [Fact]
    public void Steps_without_the_negative_evaluation_are_what_they_say()
    {
        var guided = new Conditions(3, 2.5);
        var mixed = new Candidate("ddim", [new(900), new(500, guidance: StepGuidance.Cached), new(200, guidance: StepGuidance.Positive)]);
        var engine = new SamplingEngine(digits.Model, new NoiseBank(7), guided);
        // A candidate with full guidance that shares the first evaluation does not take the difference away.
        var results = engine.Run([(Candidate.At("ddim", [900, 500, 200]), 5), (mixed, 5)]);
        engine.Evaluations.ShouldBe(2 + (2 * 2) + 2);

        // By hand: net = negative + w (positive - negative), then positive + (w - 1) times the difference of the step before, then the positive output alone.
        var (manifest, plan) = (digits.Model.Manifest, new SamplingPlan(mixed, digits.Model.Manifest.Schedule, digits.Model.Manifest.Denoiser.Prediction));
        var start = new float[manifest.Sample.Size];
        new NoiseBank(7).Fill(5, NoiseBank.StartDraw, start);
        var executor = new RowExecutor<float>(plan.Table, plan.Prediction, [.. start.Select(z => z * plan.NoiseScale)], new DataLimit(manifest.Sample.Low, manifest.Sample.High));
        var difference = Call(900, 3).Zip(Call(900, 10), (p, n) => p - n).ToArray();
        executor.Advance(0, [.. Call(900, 10).Zip(difference, (n, d) => n + (2.5f * d))]);
        executor.Advance(1, [.. Call(500, 3).Zip(difference, (p, d) => p + (1.5f * d))]);
        executor.Advance(2, Call(200, 3));
        MaxDifference(results[1].Image, executor.State).ShouldBeLessThan(1e-5);
        MaxDifference(results[0].Image, executor.State).ShouldBeGreaterThan(1e-3);

        float[] Call(float time, int label)
        {
            var output = new float[manifest.Sample.Size];
            digits.Model.Networks.Without([]).Run([.. executor.State], [time], [new Feed("class_labels", [label], [1])], output);
            return output;
        }
    }

    [Fact]
    public void Positive_steps_alone_are_sampling_without_guidance()
    {
        var positive = new Candidate("heun", [new(900, guidance: StepGuidance.Positive), new(300, guidance: StepGuidance.Positive)]);
        var guided = new SamplingEngine(digits.Model, new NoiseBank(7), new Conditions(3, 2.5)).Run([(positive, 1)])[0].Image;
        guided.ShouldBe(new SamplingEngine(digits.Model, new NoiseBank(7), new Conditions(3)).Run([(Candidate.At("heun", [900, 300]), 1)])[0].Image);
    }

    [Theory]
    [InlineData("ddim")]
    [InlineData("ddpm")]
    [InlineData("heun")]
    [InlineData("unipc")]
    public void An_image_is_the_same_bits_at_every_batch_size(string solver)
    {
        var candidate = Candidate.At(solver, [900, 600, 300]);
        var work = Enumerable.Range(0, 9).Select(i => (candidate, (long)i)).ToArray();
        var reference = Engine(64).Run(work);
        foreach (var batch in new[] { 1, 2, 7 })
        {
            var other = Engine(batch).Run(work);
            other.Length.ShouldBe(work.Length);
            other.Zip(reference).ShouldAllBe(p => p.First.Image.SequenceEqual(p.Second.Image));
        }
    }

    [Fact]
    public void Order_and_company_do_not_change_an_image()
    {
        var alone = Engine(8).Run([(FourSteps, 5L)])[0].Image;
        var other = Candidate.At("dpmpp-2m", [950, 500, 100]);
        var together = Engine(8).Run([(other, 3L), (other, 5L), (FourSteps, 7L), (FourSteps, 5L), (FourSteps, 1L)]);
        together[3].Image.ShouldBe(alone);
        together.Select(r => r.Sample).ShouldBe([3, 5, 7, 5, 1]);
    }

    [Fact]
    public void Candidates_with_a_common_beginning_share_evaluations()
    {
        var longer = Candidate.At("ddim", [999, 749, 499, 100]);
        var engine = Engine(64);
        var results = engine.Run([(FourSteps, 0L), (longer, 0L)]);
        // Steps 1 to 3 see the same state; only the last differs.
        engine.Evaluations.ShouldBe(5);
        results.ShouldAllBe(r => r.NetworkCalls == 4);
        results[1].Image.ShouldBe(Engine(64).Run([(longer, 0L)])[0].Image);
    }

    [Fact]
    public void A_reused_step_makes_no_call_and_takes_the_last_output()
    {
        var candidate = new Candidate("ddim", [new(999), new(749, reuse: true), new(499), new(249)]);
        var engine = Engine(4);
        var result = engine.Run([(candidate, 0L)])[0];
        result.Executed.ShouldBe([true, false, true, true]);
        engine.Evaluations.ShouldBe(3);
    }

    [Fact]
    public void Guidance_one_is_plain_and_another_scale_is_not()
    {
        var plain = new SamplingEngine(digits.Model, new NoiseBank(1), new Conditions(3)).Run([(FourSteps, 0L)])[0].Image;
        var guided = new SamplingEngine(digits.Model, new NoiseBank(1), new Conditions(3, 2)).Run([(FourSteps, 0L)])[0].Image;
        MaxDifference(plain, guided).ShouldBeGreaterThan(0.01);
    }

    [Fact]
    public void A_start_that_is_not_finite_fails_its_own_sample_only()
    {
        var results = Engine(4).Run([(FourSteps, 0L), (FourSteps, 1L)], n => [.. Enumerable.Repeat(n == 0 ? float.NaN : 0.5f, 256)]);
        results[0].Failure.ShouldNotBeNull().ShouldContain("not finite at step 0 (t = 999), sample 0");
        results[1].Failure.ShouldBeNull();
    }

    [Fact]
    public void A_dropped_block_on_a_model_without_blocks_is_refused() =>
        Should.Throw<ProblemException>(() => new WholeNetwork(digits.Model.Networks.Without([])).Without([3])).Message.ShouldContain("Block 3 cannot be dropped");

    private static double MaxDifference(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        var largest = 0.0;
        for (var i = 0; i < a.Length; i++)
        {
            largest = Math.Max(largest, Math.Abs(a[i] - b[i]));
        }

        return largest;
    }

    private SamplingEngine Engine(int batch) => new(digits.Model, new NoiseBank(1), Conditions.None, batch);
}
