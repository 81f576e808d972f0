using BatchEval.Core.Sampling;
using BatchEval.Core.Search.Costs;

namespace BatchEval.Core.Tests.Search.Costs;

public class CostModelTests
{
    private static readonly CostModel Model = new(100, 10, 4096, [new(0, "a", 30, 2, 7), new(1, "b", 20, 1, 5)]);

    [Fact]
    public void Dropped_blocks_and_reused_steps_save_what_they_cost()
    {
        var candidate = new Candidate("ddim", [new(900), new(600, [0, 1]), new(300, reuse: true), new(100, [1])]);

        Model.Of(candidate).ShouldBe(new CandidateCost(100 + 50 + 80, 10 + 7 + 9, 3, 4096));
    }

    [Fact]
    public void Guidance_doubles_the_work_but_not_the_calls() =>
        Model.Of(Candidate.At("ddim", [900, 100]), guided: true).ShouldBe(new CandidateCost(400, 40, 2, 4096));

    [Fact]
    public void A_network_that_takes_the_guidance_scale_is_evaluated_once() =>
        (Model with { GuidedEvaluations = 1 }).Of(Candidate.At("ddim", [900, 100]), guided: true).ShouldBe(new CandidateCost(200, 20, 2, 4096));

    [Fact]
    public void Two_stage_solvers_pay_a_step_twice_except_the_last_one_to_no_noise()
    {
        Model.Of(new Candidate("heun", [new(900, [0]), new(100)])).ShouldBe(new CandidateCost((2 * 70) + 100, (2 * 8) + 10, 3, 4096));
        Model.Of(Candidate.At("heun", [900, 100], end: 10)).NetworkCalls.ShouldBe(4);
    }

    [Fact]
    public void An_unknown_block_is_named() =>
        Should.Throw<ArgumentOutOfRangeException>(() => Model.MacsWithout([2])).Message.ShouldContain("Block 2 does not exist; the model has 2 blocks.");
}
