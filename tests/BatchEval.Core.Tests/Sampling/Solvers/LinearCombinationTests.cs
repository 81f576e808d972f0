using BatchEval.Core.Sampling.Solvers;

namespace BatchEval.Core.Tests.Sampling.Solvers;

public sealed class LinearCombinationTests
{
    [Fact]
    public void Sums_and_multiples_act_on_every_coefficient()
    {
        var a = new LinearCombination { State = 1, Anchor = 2, Raw = 3, Data = [4, 5], Noise = 6 };
        var b = new LinearCombination { State = 10, Anchor = 20, Raw = 30, Data = [40], Noise = 60 };
        foreach (var sum in new[] { a + b, b + a })
        {
            (sum.State, sum.Anchor, sum.Raw, sum.Noise).ShouldBe((11, 22, 33, 66));
            sum.Data.ShouldBe([44, 5]);
        }

        var twice = 2 * a;
        (twice.State, twice.Anchor, twice.Raw, twice.Noise).ShouldBe((2, 4, 6, 12));
        twice.Data.ShouldBe([8, 10]);
    }
}
