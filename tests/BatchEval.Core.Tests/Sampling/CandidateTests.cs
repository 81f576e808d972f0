using BatchEval.Core.Json;
using BatchEval.Core.Sampling;

namespace BatchEval.Core.Tests.Sampling;

/// <summary>Candidates: canonical form, identity and refusals.</summary>
public sealed class CandidateTests
{
    [Fact]
    public void The_same_steps_in_another_order_are_the_same_candidate()
    {
        var a = new Candidate("ddim", [new(951, [8, 4, 4]), new(22)]);
        var b = new Candidate(" ddim ", [new(22), new(951, [4, 8])]);
        a.ShouldBe(b);
        a.Id.ShouldBe(b.Id);
    }

    [Fact]
    public void Canonical_json_is_stable()
    {
        var candidate = new Candidate("dpmpp-2m", [new(951, [4, 8]), new(640, reuse: true), new(22.5)], new SkipPolicy(0.01));
        CandidateJson.Write(candidate).ShouldBe(
            """{"solver":"dpmpp-2m","steps":[{"t":951,"drop":[4,8]},{"t":640,"reuse":true},{"t":22.5}],"skip":{"threshold":0.01,"maxConsecutive":4,"warmup":4,"order":0}}""");
        CandidateJson.Read(CandidateJson.Write(candidate)).ShouldBe(candidate);
        candidate.Id.Length.ShouldBe(64);
    }

    [Theory]
    [InlineData("""{"solver":"ddim","steps":[]}""", "at least 1 step")]
    [InlineData("""{"solver":"ddim","steps":[{"t":5},{"t":5}]}""", "share t = 5")]
    [InlineData("""{"solver":"ddim","steps":[{"t":5,"reuse":true}]}""", "first step cannot reuse")]
    [InlineData("""{"solver":"ddim","steps":[{"t":5}],"end":6}""", "must lie below")]
    [InlineData("""{"solver":"ddim","steps":[{"t":5}],"end":5}""", "must lie below")]
    [InlineData("""{"solver":"ddim","steps":[{"t":5},{"t":4,"reuse":true,"drop":[1]}]}""", "cannot also drop blocks")]
    [InlineData("""{"solver":"ddim","steps":[{"t":5},{"t":4,"reuse":true,"guidance":"positive"}]}""", "no guidance of its own")]
    [InlineData("""{"solver":"ddim","steps":[{"t":5},{"t":4}],"skip":{"threshold":-1}}""", "at least 0")]
    [InlineData("""{"solver":"ddim","steps":[{"t":5},{"t":4}],"skip":{"threshold":1,"maxConsecutive":0}}""", "at least 1")]
    [InlineData("""{"solver":"ddim","steps":[{"t":5}],"skip":{"threshold":1}}""", "one-step schedule")]
    [InlineData("""{"solver":"ddim","steps":[{"t":"five"}]}""", "steps[0].t: must be a number")]
    [InlineData("""{"solver":"ddim","steps":[{"t":5,"drop":[-1]}]}""", "steps[0].drop[0]: is -1")]
    [InlineData("""{"solver":"warp","steps":[{"t":5}]}""", "Unknown solver 'warp'. Known: ddim")]
    [InlineData("""{"solver":"ddim(eta=2)","steps":[{"t":5}]}""", "eta is 2; allowed: 0 to 1")]
    [InlineData("""{"solver":"ddim","steps":[{"t":5}],"colour":1}""", "colour: is unknown")]
    public void Refuses_by_name(string json, string message) =>
        Should.Throw<ProblemException>(() => CandidateJson.Read(json)).Message.ShouldContain(message);

    [Fact]
    public void Guidance_stands_in_the_json_and_makes_another_candidate()
    {
        var candidate = new Candidate("ddim", [new(5), new(4, guidance: StepGuidance.Cached), new(3, [0], guidance: StepGuidance.Positive)]);
        CandidateJson.Write(candidate).ShouldBe("""{"solver":"ddim","steps":[{"t":5},{"t":4,"guidance":"cached"},{"t":3,"drop":[0],"guidance":"positive"}]}""");
        CandidateJson.Read(CandidateJson.Write(candidate)).ShouldBe(candidate);
        (candidate.HasGuidance, Candidate.At("ddim", [5, 4]).HasGuidance, candidate.Equals(null)).ShouldBe((true, false, false));
    }

    // A two-step candidate may skip; a time must be a number
    [Fact]
    public void Constructors_refuse_what_json_cannot_hold()
    {
        new Candidate("ddim", [new(5), new(4)], new SkipPolicy(1)).NetworkCalls.ShouldBe(2);
        Should.Throw<ArgumentException>(() => new CandidateStep(double.NaN)).Message.ShouldContain("must be a finite number");
        Should.Throw<ArgumentException>(() => new CandidateStep(5, [-1])).Message.ShouldContain("Block ids start at 0, got -1");
    }

    [Theory]
    [InlineData(999, 0, 12, 13)]
    [InlineData(999, 0, 13, 13, "Block 13 does not exist; the model has blocks 0 to 12.")]
    [InlineData(999, 0, 0, 0, "Block 0 cannot be dropped: the model has no droppable blocks.")]
    [InlineData(1000, 0, 12, 13, "t = 1000 lies outside the model's range [0, 999].")]
    [InlineData(999.4, 999, 12, 13, "t = 999.4 lies outside the model's range [0, 999].", "t = 999.4 and t = 999 are one time for this network, whose time input holds whole numbers: 999.")]
    public void The_ends_of_the_range_and_the_last_block_are_inside(double first, double last, int block, int blocks, params string[] violations) =>
        new Candidate("ddim", [new(first, [block]), new(last)]).Violations(DiscreteNoiseSchedule.Linear(1000, 1e-4, 0.02).For(TimeInput.Whole), blocks).ShouldBe(violations);

    [Fact]
    public void Reports_every_misfit_with_a_model()
    {
        var candidate = new Candidate("ddim", [new(1500, [99]), new(3)]);
        candidate.Violations(DiscreteNoiseSchedule.Linear(1000, 1e-4, 0.02), blocks: 13).Count.ShouldBe(2);
    }

    [Theory]
    [InlineData("ddim", null, 4)]
    [InlineData("heun", null, 7)]
    [InlineData("heun", 0.0, 8)]
    [InlineData("unipc", null, 4)]
    public void Network_calls_count_what_the_rows_evaluate(string solver, double? end, int calls)
    {
        var candidate = Candidate.At(solver, [900, 600, 300, 100], end);
        candidate.NetworkCalls.ShouldBe(calls);
        BatchEval.Core.Sampling.Solvers.Solver.Table(candidate, DiscreteNoiseSchedule.Linear(1000, 1e-4, 0.02)).Rows.Count.ShouldBe(calls);
    }
}
