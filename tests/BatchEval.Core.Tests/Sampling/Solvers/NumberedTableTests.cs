using BatchEval.Core.Sampling;
using BatchEval.Core.Sampling.Solvers;

namespace BatchEval.Core.Tests.Sampling.Solvers;

/// <summary>A candidate's numbers in the rows, against the formula of <see cref="StepNumbers"/>.</summary>
public sealed class NumberedTableTests
{
    private static readonly NoiseSchedule Linear = DiscreteNoiseSchedule.Linear(1000, 1e-4, 0.02);

    private static readonly StepNumbers Numbers = new() { NetworkTime = 312, OutputScale = 1.25, State = 0.02, Data = -0.01, FirstDifference = 0.125, SecondDifference = -0.0625 };

    [Fact]
    public void Every_number_acts_on_its_own_coefficient()
    {
        var (plain, numbered) = Rows("dpmpp-2m", Numbers);
        var (c, phi) = (plain.Next.Data, plain.Next.Data[0] + plain.Next.Data[1]);
        numbered.Next.State.ShouldBe(1.02 * plain.Next.State, 1e-14);
        numbered.Next.Data.Count.ShouldBe(3);
        numbered.Next.Data[0].ShouldBe((0.99 * c[0]) + (phi * (0.125 - 0.0625)), 1e-14);
        numbered.Next.Data[1].ShouldBe((0.99 * c[1]) + (phi * (-0.125 + 0.125)), 1e-14);
        numbered.Next.Data[2].ShouldBe(phi * -0.0625, 1e-14);
        (numbered.NetworkTime, numbered.OutputScale).ShouldBe((312, 1.25));
    }

    [Fact]
    public void Without_a_time_of_its_own_the_network_is_told_the_steps() =>
        Rows("ddim", Numbers with { NetworkTime = null }).Numbered.NetworkTime.ShouldBe(300);

    [Fact]
    public void A_first_difference_alone_takes_one_earlier_prediction()
    {
        var (plain, numbered) = Rows("ddim", new StepNumbers { FirstDifference = 0.5 });
        double[] expected = [1.5 * plain.Next.Data[0], -0.5 * plain.Next.Data[0]];
        numbered.Next.Data.ShouldBe(expected, 1e-14);
    }

    [Fact]
    public void The_anchor_and_the_prediction_before_clamping_are_corrected_too()
    {
        var (raw, corrected) = Rows("ddim(clip-noise=0)", new StepNumbers { Data = 0.1 });
        corrected.Next.Raw.ShouldBe(1.1 * raw.Next.Raw, 1e-14);
        corrected.Next.State.ShouldBe(raw.Next.State);
        var (plain, numbered) = (Solver.Table(Candidate.At("heun", [600, 300]), Linear).Rows[1], Solver.Table(new Candidate("heun", [new(600, numbers: new StepNumbers { State = 0.1 }), new(300)]), Linear).Rows[1]);
        numbered.Next.Anchor.ShouldBe(1.1 * plain.Next.Anchor, 1e-14);
        numbered.Next.State.ShouldBe(1.1 * plain.Next.State, 1e-14);
    }

    // A step to no noise takes nothing of the state, and a is its coefficient then.
    [Fact]
    public void Where_a_step_has_no_state_the_number_is_the_coefficient() =>
        Solver.Table(new Candidate("dpmpp-2m", [new(600, numbers: new StepNumbers { State = 0.03 })]), Linear).Rows[0].Next.State.ShouldBe(0.03);

    [Fact]
    public void Start_scales_multiply()
    {
        Solver.Table(new Candidate("ddim", [new(600), new(300)], startScale: 1.05), Linear).StartScale.ShouldBe(1.05, 1e-15);
        var churned = new SigmaNoiseSchedule(0.002, 80);
        Solver.Table(new Candidate("euler(churn=0.2)", [new(40), new(10)], startScale: 1.05), churned).StartScale.ShouldBe(1.05 * 1.1, 1e-9);
    }

    private static (SolverRow Plain, SolverRow Numbered) Rows(string solver, StepNumbers numbers)
    {
        var plain = Solver.Table(Candidate.At(solver, [900, 600, 300, 100]), Linear);
        return (plain.Rows[2], Solver.Table(new Candidate(solver, [new(900), new(600), new(300, numbers: numbers), new(100)]), Linear).Rows[2]);
    }
}
