using BatchEval.Core.Json;
using BatchEval.Core.Sampling;
using BatchEval.Core.Sampling.Skipping;

namespace BatchEval.Core.Tests.Sampling.Skipping;

/// <summary>The paper's rule, its limits, extrapolated outputs, and how masks are written.</summary>
public sealed class SkipDeciderTests
{
    private const double Always = 1e6;

    [Theory]
    [InlineData(SkipCriterion.Tensor)]
    [InlineData(SkipCriterion.Released)]
    public void A_quadratic_trajectory_is_skipped_and_a_jump_is_not(SkipCriterion criterion)
    {
        // x_k = k for a while: no second difference either way; then a kink.
        var decider = new SkipDecider<double>(new SkipPolicy(0.01, criterion: criterion), 20, [0.0, 0.0]);
        var runs = new List<bool>();
        for (var k = 1; k <= 8; k++)
        {
            runs.Add(decider.Decide());
            decider.Observe(k < 7 ? [k, 2.0 * k] : [k + (5.0 * (k - 6)), 0]);
        }

        ToyRun.Bits(runs).ShouldBe("11110001");
    }

    [Fact]
    public void The_tensor_rule_compares_third_with_previous_first_difference()
    {
        // Latents 0, 1, 3, 6, 10.5: third difference 10.5 - 18 + 9 - 1 = 0.5, previous first difference 3.
        Decision(0.1666).ShouldBeTrue();
        Decision(0.1667).ShouldBeFalse();

        static bool Decision(double threshold)
        {
            var decider = new SkipDecider<double>(new SkipPolicy(threshold), 20, [0.0]);
            foreach (var x in new[] { 1.0, 3, 6, 10.5 })
            {
                decider.Decide();
                decider.Observe([x]);
            }

            return decider.Decide();
        }
    }

    [Theory]
    [InlineData(0, 0.099, "1111111")]
    [InlineData(0, 0.101, "1111010")]
    [InlineData(0, 0.201, "1111001")]
    [InlineData(1, 0.399, "1111010")]
    [InlineData(1, 0.401, "1111001")]
    public void The_output_rule_extends_the_miss_by_the_order_of_extrapolation(int order, double threshold, string mask)
    {
        var decider = new SkipDecider<double>(new SkipPolicy(threshold, order: order, criterion: SkipCriterion.Output), 20, [0.0]);
        var (runs, gap) = (new List<bool>(), 1);
        for (var k = 0; k < 7; k++)
        {
            runs.Add(decider.Decide());
            if (runs[^1])
            {
                // A network whose outputs are missed by 0.1 after one step, and as the order says after more
                decider.ObserveMiss(0.1 * Math.Pow(gap, order + 1));
            }

            gap = runs[^1] ? 1 : gap + 1;
        }

        ToyRun.Bits(runs).ShouldBe(mask);
    }

    [Fact]
    public void A_miss_is_relative_to_the_output()
    {
        var cache = new OutputCache<double>(1);
        cache.Add(0, [0.0, 0.0]);
        cache.Add(1, [1.0, 2.0]);
        cache.Miss(2, [3.0, 4.0]).ShouldBe(0.2, 1e-12);
        cache.Miss(2, [2.0, 4.0]).ShouldBe(0, 1e-12);
    }

    [Theory]
    [InlineData(1, 4, 0, "111101010101")]
    [InlineData(2, 4, 0, "111100100100")]
    [InlineData(2, 3, 2, "111001001011")]
    [InlineData(9, 4, 1, "111100000001")]
    public void Warm_up_guard_and_most_consecutive_hold(int most, int warmup, int guard, string mask) =>
        Mask(new SkipPolicy(Always, most, warmup, guard: guard), 12).ShouldBe(mask);

    [Fact]
    public void The_released_rule_may_skip_five_in_a_row_right_after_warm_up() =>
        Mask(new SkipPolicy(Always, 2, criterion: SkipCriterion.Released), 16).ShouldBe("1111000001001001");

    [Theory]
    [InlineData("ddim")]
    [InlineData("heun")]
    [InlineData("dpmpp-2m")]
    [InlineData("sde-dpmpp-2m")]
    public void The_hard_limit_of_calls_holds_and_leaves_a_call_where_one_is_due(string solver)
    {
        var calls = solver == "heun" ? 2 : 1;
        for (var most = 13; most <= 30; most++)
        {
            var policy = new SkipPolicy(1e-9, maxConsecutive: 4, guard: 3, maxCalls: most * calls);
            var mask = ToyRun.Bits(ToyRun.Run(ToyRun.Candidate(solver, 30, policy), ToyRun.Start).Executed);
            mask.Count(c => c == '1').ShouldBeLessThanOrEqualTo(most * calls, mask);
            mask.ShouldNotContain(new string('0', (4 * calls) + 1));
            mask.ShouldEndWith(solver == "heun" ? "11111" : "111");
        }
    }

    // By hand from "a call is refused whenever the rest would not suffice for the guard and one call in maxConsecutive + 1 free steps": 8 calls in all
    [Theory]
    [InlineData(10, 0, "1111111010")]
    [InlineData(12, 2, "111010101011")]
    public void Calls_are_spent_as_early_as_the_rest_allows(int steps, int guard, string mask)
    {
        var decider = new SkipDecider<double>(new SkipPolicy(0, 1, 3, guard: guard), steps, [0.0], maxComputed: 8);
        ToyRun.Bits([.. Enumerable.Range(0, steps).Select(_ => decider.Decide())]).ShouldBe(mask);
    }

    // On a straight line every difference of differences is 0: the release asks for at most threshold times the change, the paper and the rule for outputs for less
    [Theory]
    [InlineData(SkipCriterion.Released, false)]
    [InlineData(SkipCriterion.Tensor, true)]
    [InlineData(SkipCriterion.Output, true)]
    public void At_threshold_0_only_the_released_rule_skips(SkipCriterion criterion, bool runs)
    {
        var decider = new SkipDecider<double>(new SkipPolicy(0, criterion: criterion), 20, [0.0]);
        for (var k = 1; k <= 4; k++)
        {
            decider.Decide();
            decider.ObserveMiss(0);
            decider.Observe([k]);
        }

        decider.Decide().ShouldBe(runs);
    }

    // Outputs 1, 2, 1, 2, ... by call are missed by 1/2 and 1 in turn. By hand: rates 1/2, 1 / 2 steps, 1/2 / 2 steps and 1 / 3 steps allow 1, 1, 2 and 1 skips below 0.6.
    [Theory]
    [InlineData("ddim", "111101010010")]
    [InlineData("heun", "11111111" + "00110011000011" + "0")]
    public void Misses_are_measured_once_per_step_whose_network_ran(string solver, string mask)
    {
        var calls = 0;
        var candidate = ToyRun.Candidate(solver, 12, new SkipPolicy(0.6, criterion: SkipCriterion.Output));
        var perStep = solver == "heun" ? 2 : 1;
        ToyRun.Bits(ToyRun.Run(candidate, [0.5], (_, _) => [1 + (calls++ / perStep % 2)]).Executed).ShouldBe(mask);
    }

    [Fact]
    public void Planned_reuse_needs_no_policy_and_takes_the_order_of_one()
    {
        ToyRun.Bits(ToyRun.Run(ToyRun.Candidate("ddim", 6, null, 2, 4), ToyRun.Start).Executed).ShouldBe("110101");
        var candidate = ToyRun.Candidate("ddim", 4, new SkipPolicy(0, order: 1), 2);
        var table = BatchEval.Core.Sampling.Solvers.Solver.Table(candidate, ToyRun.Schedule);
        var steps = new StepOutputs<double>(candidate, table, [0.0]);
        steps.Take(0, [table.Rows[0].Level.Lambda]);
        steps.Take(1, [table.Rows[1].Level.Lambda]);
        steps.Output(2)[0].ShouldBe(table.Rows[2].Level.Lambda, 1e-12);
    }

    [Fact]
    public void Threshold_0_leaves_out_only_the_planned_steps() =>
        ToyRun.Bits(ToyRun.Run(ToyRun.Candidate("ddim", 10, new SkipPolicy(0, order: 2), 3, 4, 8), ToyRun.Start).Executed).ShouldBe("1110011101");

    [Fact]
    public void Heun_decides_once_per_step()
    {
        // 12 steps of two rows, the last of one
        ToyRun.Bits(ToyRun.Run(ToyRun.Candidate("heun", 12, new SkipPolicy(Always, 1)), ToyRun.Start).Executed)
            .ShouldBe("11111111" + "00110011" + "0011001");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Extrapolation_of_order_n_is_exact_for_polynomials_of_degree_n(int order)
    {
        double Value(double u) => Enumerable.Range(0, order + 1).Sum(p => (p + 1) * Math.Pow(u, p));
        var cache = new OutputCache<double>(order);
        foreach (var u in new[] { -3.0, -2.2, -1.9, -1.0, -0.4 })
        {
            cache.Add(u, [Value(u), -Value(u)]);
        }

        cache.At(0.7)[0].ShouldBe(order == 0 ? 1 : Value(0.7), 1e-12);
        cache.At(0.7)[1].ShouldBe(order == 0 ? -1 : -Value(0.7), 1e-12);
    }

    [Fact]
    public void A_level_computed_twice_counts_once()
    {
        var cache = new OutputCache<float>(3);
        cache.Add(0, [1f]);
        cache.Add(1, [7f]);
        cache.Add(1, [2f]);
        cache.At(3)[0].ShouldBe(4f, 1e-6);
        Should.Throw<InvalidOperationException>(() => new OutputCache<float>(0).At(1));
    }

    [Fact]
    public void Masks_survive_being_written()
    {
        StepMask.Write([true, true, true, true]).ShouldBe("4:f");
        StepMask.Write([true, true, true, true, false, false, false, true, false, true]).ShouldBe("10:f14");
        ToyRun.Bits(StepMask.Read("10:f14")).ShouldBe("1111000101");
        Should.Throw<FormatException>(() => StepMask.Read("10:f1"));
        Should.Throw<FormatException>(() => StepMask.Read("10:f1x"));
    }

    [Theory]
    [InlineData("\"threshold\":-0.1", "skip.threshold is -0.1")]
    [InlineData("\"threshold\":1,\"maxConsecutive\":0", "skip.maxConsecutive is 0")]
    [InlineData("\"threshold\":1,\"warmup\":2", "skip.warmup is 2")]
    [InlineData("\"threshold\":1,\"order\":4", "skip.order is 4")]
    [InlineData("\"threshold\":1,\"maxCalls\":0", "skip.maxCalls is 0")]
    [InlineData("\"threshold\":1,\"maxCalls\":4", "need 5 computed steps")]
    [InlineData("\"threshold\":1,\"maxCalls\":5,\"order\":3,\"guard\":1", "need 6 computed steps")]
    [InlineData("\"threshold\":1,\"maxCalls\":1,\"order\":3,\"warmup\":10", "need 10 computed steps")]
    [InlineData("\"threshold\":1,\"criterion\":\"guess\"", "tensor, adaptive-released, output")]
    public void Refuses_policies_by_name(string skip, string message)
    {
        var steps = string.Join(',', Enumerable.Range(1, 10).Select(t => $$"""{"t":{{t}}}"""));
        Should.Throw<ProblemException>(() => CandidateJson.Read($$$"""{"solver":"ddim","steps":[{{{steps}}}],"skip":{{{{skip}}}}}""")).Message.ShouldContain(message);
    }

    [Fact]
    public void Every_member_survives_json()
    {
        var candidate = ToyRun.Candidate("heun", 20, new SkipPolicy(0.02, 3, 5, 2, 1, SkipCriterion.Released, 30), 4);
        CandidateJson.Write(candidate).ShouldContain("\"order\":2,\"guard\":1,\"maxCalls\":30,\"criterion\":\"adaptive-released\"");
        CandidateJson.Read(CandidateJson.Write(candidate)).ShouldBe(candidate);
        candidate.NetworkCalls.ShouldBe(30);
    }

    private static string Mask(SkipPolicy policy, int steps)
    {
        var decider = new SkipDecider<double>(policy, steps, [0.0]);
        var runs = new List<bool>();
        for (var k = 0; k < steps; k++)
        {
            runs.Add(decider.Decide());
            decider.Observe([Math.Exp(-0.1 * k)]);
        }

        return ToyRun.Bits(runs);
    }
}
