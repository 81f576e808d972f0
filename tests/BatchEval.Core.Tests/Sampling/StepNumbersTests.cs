using BatchEval.Core.Json;
using BatchEval.Core.Randomness;
using BatchEval.Core.Sampling;
using BatchEval.Core.Sampling.Solvers;
using BatchEval.Core.Search.Samplers;

namespace BatchEval.Core.Tests.Sampling;

/// <summary>Candidates with numbers of their own.</summary>
public sealed class StepNumbersTests
{
    private static readonly NoiseSchedule Schedule = DiscreteNoiseSchedule.Linear(1000, 1e-4, 0.02);

    [Fact]
    public void Canonical_json_holds_what_differs_from_the_solver()
    {
        var candidate = new Candidate(
            "ddim",
            [
                new(900, numbers: new StepNumbers { NetworkTime = 912, OutputScale = 1.01, State = 0.02, Data = -0.01 }),
                new(500, numbers: new StepNumbers { FirstDifference = 0.125, NetworkTime = 500 }),
                new(100, numbers: new StepNumbers { SecondDifference = -0.0625 }),
            ],
            startScale: 1.05);
        CandidateJson.Write(candidate).ShouldBe(
            """{"solver":"ddim","steps":[{"t":900,"numbers":{"networkTime":912,"outputScale":1.01,"state":0.02,"data":-0.01}},{"t":500,"numbers":{"firstDifference":0.125}},{"t":100,"numbers":{"secondDifference":-0.0625}}],"startScale":1.05}""");
        CandidateJson.Read(CandidateJson.Write(candidate)).ShouldBe(candidate);
    }

    [Fact]
    public void Numbers_that_change_nothing_leave_the_candidate_and_its_id_as_they_are()
    {
        var plain = Candidate.At("ddim", [900, 100]);
        var same = new Candidate("ddim", [new(900, numbers: new StepNumbers { NetworkTime = 900, FirstDifference = -0.0 }), new(100, numbers: new StepNumbers())], startScale: 1);
        same.Id.ShouldBe(plain.Id);
        same.HasNumbers.ShouldBeFalse();
        plain.Id.ShouldBe("a5d989a327e6c1248995e6e2134a14ab01905a7319d781579d15f53eb14051a8");
    }

    [Theory]
    [InlineData("""{"solver":"ddim","steps":[{"t":5,"numbers":{"firstDifference":0.1}}]}""", "the first step has no earlier data prediction")]
    [InlineData("""{"solver":"ddim","steps":[{"t":9},{"t":5,"numbers":{"secondDifference":0.1}}]}""", "step 2 does not have two earlier data predictions")]
    [InlineData("""{"solver":"ddim","steps":[{"t":5,"numbers":{"outputScale":0}}]}""", "outputScale is 0; allowed: above 0")]
    [InlineData("""{"solver":"ddim","steps":[{"t":5,"numbers":{"weight":1}}]}""", "steps[0].numbers.weight: is unknown")]
    [InlineData("""{"solver":"ddim","steps":[{"t":5,"numbers":{"state":"x"}}]}""", "steps[0].numbers.state: must be a number")]
    [InlineData("""{"solver":"ddim","steps":[{"t":5}],"startScale":-1}""", "start scale is -1; allowed: above 0")]
    public void Refuses_by_name(string json, string message) => Should.Throw<ProblemException>(() => CandidateJson.Read(json)).Message.ShouldContain(message);

    [Fact]
    public void A_network_time_outside_the_model_is_a_violation() =>
        new Candidate("ddim", [new(900, numbers: new StepNumbers { NetworkTime = 1200 })]).Violations(Schedule, 0).ShouldHaveSingleItem().ShouldContain("networkTime = 1200");

    [Fact]
    public void The_weight_of_the_first_difference_turns_ddim_into_the_second_order_method()
    {
        double[] times = [900, 600, 300];
        var second = Solver.Table(Candidate.At("dpmpp-2m", times), Schedule);
        var first = Solver.Table(Candidate.At("dpmpp-1", times), Schedule);
        var weight = (second.Rows[1].Next.Data[0] / first.Rows[1].Next.Data[0]) - 1;
        var numbered = Solver.Table(new Candidate("dpmpp-1", [new(900), new(600, numbers: new StepNumbers { FirstDifference = weight }), new(300)]), Schedule);
        numbered.Rows[1].Next.Data[0].ShouldBe(second.Rows[1].Next.Data[0], 1e-12);
        numbered.Rows[1].Next.Data[1].ShouldBe(second.Rows[1].Next.Data[1], 1e-12);
        numbered.History.ShouldBe(2);
    }

    [Theory]
    [InlineData("ddim", false)]
    [InlineData("dpmpp-2m", false)]
    [InlineData("dpmpp-3m", false)]
    [InlineData("unipc", false)]
    [InlineData("unipc(order=3)", false)]
    [InlineData("heun", false)]
    [InlineData("euler", true)]
    public void A_perfect_denoiser_of_one_image_gives_it_back_whatever_the_consistent_numbers(string solver, bool v)
    {
        double[] image = [0.3, -0.9, 0.75];
        var space = new SamplerSpace(Candidate.At(solver, [950, 700, 400, 120]), Schedule, SamplerGroups.Consistent);
        var random = new PhiloxStream(7, 1);
        for (var trial = 0; trial < 20; trial++)
        {
            var candidate = space.Decode([.. space.Genes.Select(_ => 2 * random.NextGaussian())]);
            double[] start = [random.NextGaussian(), random.NextGaussian(), random.NextGaussian()];
            var end = RowExecutor.Run(
                Solver.Table(candidate, Schedule), v ? PredictionType.V : PredictionType.Epsilon,
                Perfect, start);
            for (var i = 0; i < image.Length; i++)
            {
                end[i].ShouldBe(image[i], 1e-9);
            }
        }

        // eps = (x - alpha x0) / sigma and v = alpha eps - sigma x0 at the time that the network is told
        double[] Perfect(double[] x, NoiseLevel row)
        {
            var told = Schedule.At(row.Time);
            double[] eps = [.. x.Zip(image, (s, d) => (s - (told.Alpha * d)) / told.Sigma)];
            return v ? [.. eps.Zip(image, (e, d) => (told.Alpha * e) - (told.Sigma * d))] : eps;
        }
    }

    [Fact]
    public void Numbers_that_are_not_consistent_do_not()
    {
        var candidate = new Candidate("ddim", [new(900), new(100, numbers: new StepNumbers { Data = 0.02 })]);
        RowExecutor.Run(Solver.Table(candidate, Schedule), PredictionType.Sample, (_, _) => [0.5], [1.0])[0].ShouldBe(0.51, 1e-12);
    }
}
