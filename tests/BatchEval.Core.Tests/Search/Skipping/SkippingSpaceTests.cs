using BatchEval.Core.Randomness;
using BatchEval.Core.Sampling;
using BatchEval.Core.Search;
using BatchEval.Core.Search.Skipping;
using BatchEval.Core.Tests.Sampling.Skipping;

namespace BatchEval.Core.Tests.Search.Skipping;

/// <summary>Reuse and skip policies as genes: the budget holds whatever the operators do.</summary>
public sealed class SkippingSpaceTests
{
    [Theory]
    [InlineData("ddim", 4, true, false)]
    [InlineData("ddim", 6, false, true)]
    [InlineData("dpmpp-2m", 6, true, true)]
    [InlineData("heun", 9, true, true)]
    [InlineData("ddim", 1, true, true)]
    public void Every_operator_stays_within_the_budget(string solver, int calls, bool reuse, bool policy)
    {
        var computed = solver == "heun" ? (calls + 1) / 2 : calls;
        var space = Space(solver, computed, calls, reuse, policy);
        var random = new PhiloxStream(1, StreamKey.For("test", 0));
        List<Candidate> all = [.. Enumerable.Range(0, 40).Select(_ => space.Random(random))];
        for (var i = 0; i < 300; i++)
        {
            var (a, b) = (all[random.NextInt(all.Count)], all[random.NextInt(all.Count)]);
            all.Add(i % 2 == 0 ? space.Mutate(a, random) : space.Cross(a, b, random));
        }

        foreach (var candidate in all)
        {
            candidate.NetworkCalls.ShouldBeLessThanOrEqualTo(calls, candidate.ToString());
            candidate.Steps.Count.ShouldBeInRange(computed, 2 * computed);
            (candidate.Skip is { Threshold: > 0 }).ShouldBe(policy && candidate.Skip is { MaxCalls: { } }, candidate.ToString());
            ToyRun.Run(candidate, ToyRun.Start).Executed.Count(e => e).ShouldBeLessThanOrEqualTo(calls);
            CandidateJson.Read(CandidateJson.Write(candidate)).ShouldBe(candidate);
        }

        var distinct = all.Select(c => c.Id).Distinct().Count();
        distinct.ShouldBeGreaterThan(200);
        all.Exists(c => c.Skip is { Threshold: > 0 }).ShouldBe(policy && computed > 3);
    }

    [Fact]
    public void Plain_time_steps_are_adopted_and_too_many_calls_are_not()
    {
        var space = Space("ddim", 4, 4, true, false);
        var plain = Candidate.At("ddim", [900, 600, 300, 100]);
        space.Adopt(plain).ShouldBe(plain);
        space.Adopt(Candidate.At("ddim", [900, 700, 600, 300, 100])).ShouldBeNull();
        var reusing = new Candidate("ddim", [new(900), new(700), new(600, reuse: true), new(300), new(100)], new SkipPolicy(0, order: 1));
        space.Adopt(reusing).ShouldBe(reusing);
    }

    private static SkippingSpace Space(string solver, int computed, int calls, bool reuse, bool policy) =>
        new(solver, n => new TimeStepSpace(solver, ToyRun.Schedule, n), computed, calls, 2 * computed, reuse, policy);
}
