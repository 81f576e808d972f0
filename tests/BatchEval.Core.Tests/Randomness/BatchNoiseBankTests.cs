using BatchEval.Core.Randomness;

namespace BatchEval.Core.Tests.Randomness;

public class BatchNoiseBankTests
{
    private const int Size = 48;

    // torch.randn((3, ...), generator=g), and once more: the numbers of one generator in rows, whoever asks first
    [Fact]
    public void Samples_are_the_rows_of_one_generators_tensors()
    {
        var random = new TorchRandom(0);
        float[] start = new float[3 * Size], step = new float[3 * Size], row = new float[Size];
        random.Normal(start);
        random.Normal(step);
        var bank = new BatchNoiseBank(new TorchRandom(0).Normal, first: 7, count: 3, seed: 0);
        foreach (var (sample, draw, tensor) in new[] { (7, NoiseBank.StartDraw, start), (9, NoiseBank.StartDraw, start), (9, 4, step), (8, NoiseBank.StartDraw, start), (7, 4, step), (8, 4, step) })
        {
            bank.Fill(sample, draw, row);
            row.ShouldBe(tensor[((sample - 7) * Size)..((sample - 6) * Size)]);
        }

        // pipelines.md 4: torch's own first number with seed 0
        start[0].ShouldBe(-1.12584f, 1e-5f);
        Should.Throw<InvalidOperationException>(() => bank.Fill(7, 2, row)).Message.ShouldContain("Draw 2 was asked for behind draw 4");
        Should.Throw<InvalidOperationException>(() => bank.Fill(10, 4, row)).Message.ShouldContain("none of the batch");
    }

    // 50 ancestral steps of a large batch would not fit into memory otherwise.
    [Fact]
    public void A_tensor_is_let_go_of_when_every_sample_has_had_its_row()
    {
        var made = 0;
        var bank = new BatchNoiseBank(_ => made++, first: 0, count: 2, seed: 0);
        var row = new float[Size];
        bank.Fill(0, 0, row);
        bank.Fill(1, 0, row);
        Should.Throw<InvalidOperationException>(() => bank.Fill(0, 0, row)).Message.ShouldContain("each once for every sample");
        bank.Fill(1, 1, row);
        bank.Fill(0, 1, row);
        made.ShouldBe(2);
        Should.Throw<InvalidOperationException>(() => new BatchNoiseBank(_ => { }, 0, int.MaxValue / 4, 0).Fill(0, 0, row)).Message.ShouldContain("more than can be drawn at once");
    }
}
