using System.Text.Json.Nodes;
using BatchEval.Core.Json;
using BatchEval.Core.Sampling;
using BatchEval.Core.Sampling.Placement;
using BatchEval.Core.Sampling.Solvers;

namespace BatchEval.Core.Tests.Sampling.Placement;

/// <summary>Lists from other tools, and names that people know.</summary>
public sealed class ImportedScheduleTests
{
    private static readonly NoiseSchedule StableDiffusion = DiscreteNoiseSchedule.ScaledLinear(1000, 0.00085, 0.012);

    // Indices of the published list: docs of diffusers' AysSchedules
    private const string Ays = "14.615, 6.475, 3.861, 2.697, 1.886, 1.396, 0.963, 0.652, 0.399, 0.152, 0.029";

    [Theory]
    [InlineData("14.615, 6.475, 3.861, 0")]
    [InlineData("[14.615, 6.475, 3.861, 0.0]")]
    [InlineData("sigmas = torch.tensor([14.615, 6.475, 3.861, 0.])")]
    [InlineData("14.615 6.475\n3.861 0")]
    [InlineData("""{ "sigmas": [14.615, 6.475, 3.861, 0], "timesteps": [1] }""")]
    public void Sigmas_that_end_in_0_are_calls_and_then_0(string text)
    {
        var found = ImportedSchedule.Parse(text, areTimes: false).On(StableDiffusion);
        found.End.ShouldBeNull();
        found.Times.Count.ShouldBe(3);
        found.Times.Select(t => StableDiffusion.At(t).Ratio).Zip([14.615, 6.475, 3.861], (a, b) => Math.Abs((a / b) - 1)).Max().ShouldBeLessThan(1e-3);
    }

    [Theory]
    [InlineData(ImportedEnding.Stop, 10, true)]
    [InlineData(ImportedEnding.Zero, 10, false)]
    [InlineData(ImportedEnding.AppendZero, 11, false)]
    public void An_ending_that_is_asked_for_holds(ImportedEnding ending, int calls, bool stops)
    {
        var found = ImportedSchedule.Parse(Ays, areTimes: false, ending).On(StableDiffusion);
        found.Times.Count.ShouldBe(calls);
        found.End.HasValue.ShouldBe(stops);
    }

    [Fact]
    public void An_ending_beside_a_0_is_refused() =>
        Should.Throw<ArgumentException>(() => ImportedSchedule.Parse("14, 6, 0", areTimes: false, ImportedEnding.Stop).On(StableDiffusion)).Message.ShouldContain("leave the ending 'stop' out");

    [Fact]
    public void A_published_list_is_recognised_and_its_indices_are_met()
    {
        var found = ImportedSchedule.Parse(Ays, areTimes: false).On(StableDiffusion);
        found.Times.Zip([999, 850, 736, 645, 545, 455, 343, 233, 124, 24], (a, b) => Math.Abs(a - b)).Max().ShouldBeLessThan(1);
    }

    [Fact]
    public void Times_are_calls_and_flow_sigmas_need_no_0()
    {
        ImportedSchedule.Parse("999, 500, 0", areTimes: true).On(StableDiffusion).Times.ShouldBe([999, 500, 0]);
        ImportedSchedule.Parse("1, 0.75, 0.5, 0.25", areTimes: false).On(new FlowNoiseSchedule(1000)).Times.ShouldBe([1000, 750, 500, 250]);
    }

    [Theory]
    [InlineData("14, 6, 2", "say which ending: stop")]
    [InlineData("14, 15, 0", "entry 2 is 15")]
    [InlineData("14, 14, 0", "entry 2 is 14")]
    [InlineData("Infinity, 14, 0", "entry 1 is")]
    [InlineData("15.5, 7, 4.2, 3, 2.1, 1.6, 1.1, 0.7, 0.45, 0.2, 0.04", "say which ending: stop")]
    [InlineData("900, 3, 0", "sigma = 900 lies outside the model's range")]
    [InlineData("", "The list of sigmas is empty")]
    [InlineData("14, six, 0", "'six' is not a number")]
    [InlineData("0", "leave no network call")]
    [InlineData("""{ "levels": [1] }""", "neither sigmas nor timesteps")]
    public void What_cannot_be_used_is_refused(string text, string words) =>
        Should.Throw<ArgumentException>(() => ImportedSchedule.Parse(text, areTimes: false).On(StableDiffusion)).Message.ShouldContain(words);

    [Fact]
    public void Candidates_of_a_specification_may_be_lists()
    {
        var text = ImportedCandidates.Resolve("""{ "model": "m", "candidates": [{ "solver": "dpmpp_2m", "sigmas": [14.6, 3.4, 0] }, { "solver": "ddim", "steps": [{ "t": 5 }] }] }""", _ => StableDiffusion);
        var candidates = JsonNode.Parse(text)!["candidates"]!.AsArray();
        candidates[0]!["solver"]!.GetValue<string>().ShouldBe("dpmpp-2m");
        candidates[0]!["steps"]!.AsArray().Count.ShouldBe(2);
        Should.Throw<ProblemException>(() => ImportedCandidates.Resolve("""{ "model": "m", "candidates": [{ "solver": "ddim", "sigmas": [14.6, 3.4], "ending": "zer" }] }""", _ => StableDiffusion))
            .Problems[0].ToString().ShouldContain("Did you mean 'zero'?");
    }

    [Fact]
    public void A_candidate_is_a_list_of_sigmas_or_of_times()
    {
        static Candidate Read(string json) => ImportedCandidates.Read(JsonNode.Parse(json)!.AsObject(), StableDiffusion);
        Read("""{ "solver": "ddim", "timesteps": [999, 500, 0] }""").Steps.Select(s => s.Time).ShouldBe([999, 500, 0]);
        Should.Throw<ProblemException>(() => Read("""{ "solver": "ddim", "timesteps": [999], "sigmas": [14, 0] }""")).Message.ShouldContain("timesteps: stands beside sigmas");
        Should.Throw<ProblemException>(() => Read("""{ "solver": "ddim", "sigmas": [14, 15] }""")).Message.ShouldContain("entry 2 is 15");
    }

    [Theory]
    [InlineData("dpmpp_2m", "dpmpp-2m")]
    [InlineData("DPM++ 2M", "dpmpp-2m")]
    [InlineData("DPMSolverMultistepScheduler", "dpmpp-2m")]
    [InlineData("sample_dpmpp_2m_sde", "sde-dpmpp-2m")]
    [InlineData("DPM++ 2M SDE", "sde-dpmpp-2m")]
    [InlineData("DPM++ 2M SDE Heun", "sde-dpmpp-2m(heun=1)")]
    [InlineData("DPM++ 3M SDE", "sde-dpmpp-3m")]
    [InlineData("DPM++ 2S a", "dpmpp-2s-ancestral")]
    [InlineData("uni_pc", "unipc(bh=1,order=3)")]
    [InlineData("uni_pc_bh2", "unipc(order=3)")]
    [InlineData("unipc", "unipc")]
    [InlineData("Euler a", "euler-ancestral")]
    [InlineData("UniPCMultistepScheduler", "unipc")]
    [InlineData("DDIM(eta=0.5)", "ddim(eta=0.5)")]
    public void Solvers_are_known_by_the_names_of_other_tools(string name, string ours) => Solver.Parse(name).Name.ShouldBe(ours);

    [Theory]
    [InlineData("eulr", "Did you mean 'euler'?")]
    [InlineData("dpmpp-2n", "Did you mean 'dpmpp-2m' or 'dpmpp-2s'?")]
    [InlineData("dpmp-2m", "Did you mean 'dpm-2m' or 'dpmpp-2m'?")]
    [InlineData("DPM++ 2S a Karras", "is the solver dpmpp-2s-ancestral; 'Karras' says how steps are placed")]
    [InlineData("Euler SGM Uniform", "is the solver euler; 'SGM Uniform' says how steps are placed")]
    [InlineData("DPM++ 2M SDE Heun Exponential", "is the solver sde-dpmpp-2m(heun=1); 'Exponential' says")]
    [InlineData("DPM++ 2M Karras", "is the solver dpmpp-2m; 'Karras' says how steps are placed")]
    public void An_unknown_solver_suggests_the_nearest(string name, string words) => Should.Throw<ArgumentException>(() => Solver.Parse(name)).Message.ShouldContain(words);

    [Fact]
    public void Nothing_is_suggested_where_nothing_is_near() => Nearest.Suggest("photosynthesis", ["ddim", "euler"]).ShouldBeEmpty();
}
