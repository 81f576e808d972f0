using BatchEval.Core.Sampling;
using BatchEval.Core.Sampling.Placement;

namespace BatchEval.Core.Tests.Sampling.Placement;

public class TrimmedStartTests
{
    [Fact]
    public void A_share_is_one_of_the_range_also_where_times_are_negative()
    {
        TrimmedStart.At(DiscreteNoiseSchedule.Linear(1000, 1e-4, 0.02), 0.4).ShouldBe(400);
        TrimmedStart.At(new FlowNoiseSchedule(1000), 0.4).ShouldBe(400);
        TrimmedStart.At(new SigmaNoiseSchedule(0.002, 80), 0.4).ShouldBe(32);

        // ln sigma / 4 from ln 0.002 to ln 80: 0.4 of the way is sigma = 0.002 * 40000^0.4
        var schedule = new LogSigmaNoiseSchedule(0.002, 80);
        schedule.SigmaAt(TrimmedStart.At(schedule, 0.4)).ShouldBe(0.002 * Math.Pow(40_000, 0.4), 1e-9);
    }
}
