using BatchEval.Core.Randomness;
using BatchEval.Core.Sampling;
using BatchEval.Core.Search.Samplers;

namespace BatchEval.Core.Tests.Search.Samplers;

/// <summary>The numbers of a sampler as a box of real numbers.</summary>
public sealed class SamplerSpaceTests
{
    private static readonly NoiseSchedule Discrete = DiscreteNoiseSchedule.Linear(1000, 1e-4, 0.02);
    private static readonly NoiseSchedule Continuous = new SigmaNoiseSchedule(0.002, 80);
    private static readonly Candidate Base = Candidate.At("dpmpp-2m", [800, 600, 350, 100]);

    // 4 times, 3 first and 2 second differences, 4 + 4 corrections: 17; with 4 network times, 4 output scales and the start scale 26.
    [Theory]
    [InlineData(SamplerGroups.Times, 4)]
    [InlineData(SamplerGroups.Times | SamplerGroups.Differences | SamplerGroups.Corrections, 17)]
    [InlineData(SamplerGroups.Consistent, 9)]
    [InlineData(SamplerGroups.All, 26)]
    public void Has_as_many_numbers_as_its_groups(SamplerGroups groups, int numbers) => new SamplerSpace(Base, Discrete, groups).Genes.Count.ShouldBe(numbers);

    [Fact]
    public void The_centre_is_the_base_with_everything_that_it_leaves_out_and_reuses()
    {
        var origin = new Candidate(
            "unipc", [new(800, [3, 4]), new(600), new(350, reuse: true), new(100, numbers: new StepNumbers { FirstDifference = 0.1, NetworkTime = 90 })], new SkipPolicy(0, order: 1), 20, 1.1);
        var space = new SamplerSpace(origin, Discrete, SamplerGroups.All);
        space.Decode(new double[space.Genes.Count]).ShouldBe(origin);
        space.Genes.ShouldNotContain(g => g.Step == 2 && g.Number == SamplerNumber.NetworkTime);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Every_point_is_a_candidate_that_fits_and_comes_back(bool discrete)
    {
        var schedule = discrete ? Discrete : Continuous;
        var space = new SamplerSpace(discrete ? Base : Candidate.At("ddim", [60, 8, 1, 0.1]), schedule, SamplerGroups.All);
        var random = new PhiloxStream(1, 1);
        for (var i = 0; i < 300; i++)
        {
            double[] point = [.. space.Genes.Select(_ => (i % 3 == 0 ? 12 : 1) * random.NextGaussian())];
            var candidate = space.Decode(point);
            candidate.Violations(schedule, 0).ShouldBeEmpty();
            var again = space.Decode(space.Encode(candidate));
            if (discrete)
            {
                again.ShouldBe(candidate);
            }

            again.Steps.Zip(candidate.Steps).Count(p => Math.Abs(p.First.Time - p.Second.Time) <= 2e-5 * p.Second.Time).ShouldBe(4);
        }
    }

    // Flow models have no signal at their largest time, and zero-terminal-SNR models none at T; networks that take whole or half-precision times can be told few.
    [Theory]
    [InlineData(1.0, TimeInput.Real)]
    [InlineData(1000.0, TimeInput.Real)]
    [InlineData(1000.0, TimeInput.Half)]
    [InlineData(1000.0, TimeInput.Whole)]
    [InlineData(null, TimeInput.Real)]
    public void Every_point_is_a_candidate_where_no_signal_is_left_at_the_largest_time(double? flow, TimeInput input)
    {
        NoiseSchedule schedule = flow is { } scale ? new FlowNoiseSchedule(scale).For(input) : DiscreteNoiseSchedule.OfCumulativeAlphas([.. Enumerable.Range(1, 1000).Select(i => 1 - (i / 1000.0))]);
        double[] times = [.. new[] { 1, 0.9, 0.6, 0.2 }.Select(share => share * schedule.MaxTime).Select(t => schedule.TrainSteps is null ? schedule.Stated(t) : Math.Round(t))];
        var space = new SamplerSpace(new Candidate("ddim", [.. times.Select(t => new CandidateStep(t))], end: schedule.Stated(0.0102 * schedule.MaxTime)), schedule, SamplerGroups.All);
        space.Genes.ShouldNotContain(g => g.Number == SamplerNumber.OutputScale && g.Step == 0);
        var random = new PhiloxStream(4, 1);
        for (var i = 0; i < 300; i++)
        {
            var point = (i % 3 == 0 ? 12 : 1) * random.NextGaussian();
            var candidate = space.Mutate(space.Decode([.. space.Genes.Select(_ => (i % 3 == 1 ? point : 0) + (10 * random.NextGaussian()))]), random);
            candidate.Violations(schedule, 0).ShouldBeEmpty();
            candidate.Steps.Select(s => schedule.Nearest(s.Time)).ShouldBeUnique();
            space.Adopt(candidate).ShouldNotBeNull();
        }
    }

    [Fact]
    public void Guidance_changes_places_at_the_same_cost()
    {
        var origin = new Candidate("dpmpp-2m", [new(900), new(700, guidance: StepGuidance.Positive), new(500), new(300, guidance: StepGuidance.Cached), new(100, guidance: StepGuidance.Positive)]);
        var space = new SamplerSpace(origin, Discrete, SamplerGroups.Consistent | SamplerGroups.Guidance);
        space.Genes.Count(g => g.Number == SamplerNumber.Guidance).ShouldBe(5);
        space.Decode(new double[space.Genes.Count]).ShouldBe(origin);
        var random = new PhiloxStream(5, 1);
        var drawn = Enumerable.Range(0, 200).Select(_ => space.Random(random)).ToList();
        drawn.ShouldAllBe(c => c.Steps.Count(s => s.Guidance == StepGuidance.Full) == 2);
        drawn.ShouldAllBe(c => space.Adopt(c) == c);
        drawn.SelectMany(c => c.Steps.Select((s, i) => (i, s.Guidance))).Distinct().Count().ShouldBe(14, "every step can be guided in every way, but the first has no difference to take");
    }

    [Fact]
    public void Guidance_is_not_varied_where_every_step_has_it() =>
        new SamplerSpace(Base, Discrete, SamplerGroups.All | SamplerGroups.Guidance).Genes.Count.ShouldBe(26);

    [Fact]
    public void Breeding_stays_in_the_space()
    {
        var space = new SamplerSpace(Base, Discrete, SamplerGroups.All);
        var random = new PhiloxStream(2, 1);
        var (a, b) = (space.Random(random), space.Random(random));
        foreach (var child in Enumerable.Range(0, 50).SelectMany(_ => new[] { space.Mutate(a, random), space.Cross(a, b, random) }))
        {
            space.Adopt(child).ShouldBe(child);
        }

        space.Adopt(Candidate.At("ddim", [800, 600, 350, 100])).ShouldBeNull();
    }

    [Fact]
    public void Nothing_to_vary_is_refused() => Should.Throw<ArgumentException>(() => new SamplerSpace(Base, Discrete, SamplerGroups.None));
}
