using BatchEval.Core.Randomness;

namespace BatchEval.Core.Tests.Randomness;

/// <summary>The generator against the known answers of Random123 (kat_vectors, philox4x32 10 rounds), and the noise bank's laws.</summary>
public sealed class PhiloxTests
{
    private const ulong Seed = 0x0123456789ABCDEF;

    [Fact]
    public void Known_answers()
    {
        Philox.Evaluate(0, (0, 0, 0, 0)).ShouldBe((0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u));
        Philox.Evaluate(ulong.MaxValue, (uint.MaxValue, uint.MaxValue, uint.MaxValue, uint.MaxValue))
            .ShouldBe((0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu));
        Philox.Evaluate(0x299f31d0a4093822, (0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344))
            .ShouldBe((0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u));
    }

    [Fact]
    public void A_sample_has_the_same_noise_whatever_is_drawn_before_it()
    {
        var (first, again) = (new float[37], new float[37]);
        var bank = new NoiseBank(7);
        bank.Fill(17, NoiseBank.StartDraw, first);
        bank.Fill(16, 3, again);
        bank.Fill(17, NoiseBank.StartDraw, again);
        again.ShouldBe(first);
    }

    [Fact]
    public void Noise_is_standard_normal()
    {
        var z = new float[200_000];
        new NoiseBank(1).Fill(0, 0, z);
        z.Average(v => (double)v).ShouldBe(0, 0.01);
        z.Average(v => (double)v * v).ShouldBe(1, 0.015);
        z.Average(v => Math.Pow(v, 4)).ShouldBe(3, 0.1);
    }

    [Fact]
    public void Integers_are_uniform_and_in_range()
    {
        var stream = new PhiloxStream(3, StreamKey.For("test", 1));
        var counts = new int[7];
        for (var i = 0; i < 70_000; i++)
        {
            counts[stream.NextInt(7)]++;
        }

        counts.ShouldAllBe(c => Math.Abs(c - 10_000) < 450);
    }

    [Fact]
    public void Labels_cover_all_classes() =>
        Enumerable.Range(0, 1000).Select(i => new NoiseBank(5).Label(i, 10)).Distinct().Count().ShouldBe(10);

    // tools/golden/noise.py: Philox in Python's integers, Box-Muller in its doubles; 1e-6 is the rounding to single precision.
    [Theory]
    [InlineData(17, 3, new[] { -1.2362113516820774, 0.41292787299573064, 0.9787728764837826, 0.7079895809438271, 0.12936998632542784, 0.29182873239928203 })]
    [InlineData(4294967313, 3, new[] { 0.1742148622694788, -1.6381833689495344, -0.1473169712983566, 0.6287308872425261, 0.058580818668969505, 0.20935837732177234 })]
    public void Noise_of_a_sample_and_a_draw_is_that_of_an_independent_program(long sample, int draw, double[] expected)
    {
        foreach (var length in new[] { 6, 5, 4, 1 })
        {
            var z = new float[length];
            new NoiseBank(Seed).Fill(sample, draw, z);
            z.Select(v => (double)v).ShouldBe(expected[..length], 1e-6);
        }
    }

    [Fact]
    public void Labels_are_those_of_an_independent_program() =>
        new[] { 0L, 1, 2, 3, 4, 5, 4294967296 }.Select(sample => new NoiseBank(Seed).Label(sample, 1000)).ShouldBe([33, 798, 287, 197, 808, 23, 941]);

    [Fact]
    public void Negative_samples_draws_and_no_classes_are_refused()
    {
        var bank = new NoiseBank(1);
        Should.Throw<ArgumentOutOfRangeException>(() => bank.Fill(-1, 0, new float[1]));
        Should.Throw<ArgumentOutOfRangeException>(() => bank.Fill(0, -1, new float[1]));
        Should.Throw<ArgumentOutOfRangeException>(() => bank.Label(-1, 2));
        Should.Throw<ArgumentOutOfRangeException>(() => bank.Label(0, 0));
        bank.Label(0, 1).ShouldBe(0);
    }
}
