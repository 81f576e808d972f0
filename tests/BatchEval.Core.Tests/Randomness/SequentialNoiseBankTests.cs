using BatchEval.Core.Randomness;

namespace BatchEval.Core.Tests.Randomness;

public class SequentialNoiseBankTests
{
    [Fact]
    public void Each_sample_has_a_stream_of_its_own()
    {
        var bank = new SequentialNoiseBank(sample => new TorchRandom(5 + (ulong)sample).Normal, 5);
        var (a, b, c) = (new float[16], new float[16], new float[16]);
        bank.Fill(2, 0, a);
        bank.Fill(0, 0, c);
        bank.Fill(2, 1, b);
        var random = new TorchRandom(7);
        var (x, y) = (new float[16], new float[16]);
        random.Normal(x);
        random.Normal(y);
        a.ShouldBe(x);
        b.ShouldBe(y);
        Should.Throw<InvalidOperationException>(() => bank.Fill(2, 1, b));
    }

    // Source: numpy.random.RandomState(seed).randn(n), NumPy 1.24.
    [Fact]
    public void Streams_of_NumPy_are_its_own()
    {
        var (zero, many) = (new float[5], new float[1001]);
        new NumpyRandom(0).Normal(zero);
        var large = new NumpyRandom(4294967295);
        large.Normal(many);
        float[] next = new float[2];
        large.Normal(next);
        zero.ShouldBe([1.7640524f, 0.4001572f, 0.978738f, 2.2408931f, 1.867558f]);
        many[..3].ShouldBe([0.64840865f, 0.6693235f, -1.0805438f]);
        many.Sum(v => (double)v).ShouldBe(-6.05424841796048, 1e-5);
        next.ShouldBe([-0.3788265f, -0.16055505f]);
    }
}
