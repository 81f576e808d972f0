using BatchEval.Core.Randomness;

namespace BatchEval.Core.Tests.Randomness;

/// <summary>Against torch.randn of PyTorch 1.13 on the CPU generator, seed 0.</summary>
public class TorchRandomTests
{
    [Fact]
    public void The_first_latents_of_seed_0_are_those_of_pytorch()
    {
        var random = new TorchRandom(0);
        var (first, second) = (new float[4 * 64 * 64], new float[4 * 64 * 64]);
        random.Normal(first);
        random.Normal(second);
        float[] expected = [-1.12584f, -1.15236f, -0.250579f, -0.433879f, 0.84871f, 0.692009f, -0.316013f, -2.115219f];
        first.Take(8).ShouldBe(expected, 1e-5);
        first.Sum(v => (double)v).ShouldBe(-124.1127, 1e-3);
        first.Sum(v => (double)v * v).ShouldBe(16522.1103, 1e-2);
        float[] next = [-0.551836f, 1.539807f, 1.003559f, -0.794789f];
        second.Take(4).ShouldBe(next, 1e-5);
    }

    // Source: torch.randn(20), PyTorch 1.13, torch.Generator().manual_seed(7).
    [Fact]
    public void Sizes_that_are_no_multiple_of_16_draw_their_last_16_once_more()
    {
        var drawn = new float[20];
        new TorchRandom(7).Normal(drawn);
        drawn.ShouldBe(Twenty, 1e-5);
        Should.Throw<ArgumentException>(() => new TorchRandom(7).Normal(new float[15])).Message.ShouldContain("fewer than 16");
    }

    private static readonly float[] Twenty = [-0.820135f, 0.395631f, 0.898908f, -1.388404f, 0.198445f, 0.782073f, 1.039108f, -0.724511f, -0.848909f, -1.216929f, -0.081022f, 1.361485f, -2.061478f, 0.674101f, -1.323346f, -1.359769f, -0.866702f, -0.564007f, -2.056463f, -0.356723f];
}
