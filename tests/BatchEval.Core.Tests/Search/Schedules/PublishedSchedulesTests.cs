using BatchEval.Core.Sampling;
using BatchEval.Core.Search.Schedules;

namespace BatchEval.Core.Tests.Search.Schedules;

public class PublishedSchedulesTests
{
    private static readonly NoiseSchedule StableDiffusion = DiscreteNoiseSchedule.ScaledLinear(1000, 0.00085, 0.012);

    [Theory]
    [InlineData("sd15")]
    [InlineData("sdxl")]
    [InlineData("deepfloyd")]
    public void Printed_sigmas_reproduce_from_their_indices(string name)
    {
        var schedule = name == "deepfloyd" ? DiscreteNoiseSchedule.Cosine(1000) : StableDiffusion;
        var published = PublishedSchedules.Find(name);

        for (var i = 0; i < published.Sigmas.Count; i++)
        {
            var (printed, index) = (published.Sigmas[i], published.Indices![i]);
            // SDXL's second sigma, 6.315, lies at index 844.89, which no whole index reproduces: 845 is off by 0.00345, 844 by 0.027. So the index list
            // is the list of sigmas rounded, not its source. DeepFloyd's first sigma is printed with two decimals.
            var tolerance = (name, i) is ("sdxl", 1) or ("deepfloyd", 0) ? 0.005 : 0.003;
            schedule.At(index).Ratio.ShouldBe(printed, tolerance);
        }
    }

    // ComfyUI's table at the indices
    [Theory]
    [InlineData("sd15", "14.6146412293 6.4745760956 3.8636745985 2.6946151520 1.8841921177 1.3943805092 0.9642583904 0.6523686016 0.3977456272 0.1515232662 0.0291671582")]
    [InlineData("sdxl", "14.6146412293 6.3184485287 3.7681790315 2.1811480769 1.3405244945 0.8620721141 0.5550693289 0.3798540708 0.2332364134 0.1114188177 0.0291671582")]
    public void Exact_sigmas_are_those_of_comfyui(string name, string sigmas) =>
        PublishedSchedules.Find(name).Indices!.Zip(sigmas.Split(' ').Select(double.Parse)).ShouldAllBe(p => Math.Abs((StableDiffusion.At(p.First).Ratio / p.Second) - 1) < 2e-5);

    [Fact]
    public void Every_list_descends_and_has_its_length()
    {
        PublishedSchedules.All.ShouldAllBe(s => s.Sigmas.Count == (s.Name.EndsWith("32", StringComparison.Ordinal) ? 32 : 11));
        foreach (var published in PublishedSchedules.All)
        {
            SigmaKnots.CheckDescending(published.Sigmas);
        }

        Should.Throw<ArgumentException>(() => PublishedSchedules.Find("sd3")).Message.ShouldContain("sd15, sdxl");
    }

    // numpy: xs = linspace(0, 1, 11); ys = log(s[::-1]); exp(interp(linspace(0, 1, m), xs, ys))[::-1]
    [Fact]
    public void Interpolation_is_the_public_routine()
    {
        var s = PublishedSchedules.Find("sd15").Sigmas;

        var seven = SigmaKnots.Interpolate(s, 8);

        seven.Length.ShouldBe(8);
        for (var i = 0; i < 8; i++)
        {
            var ascending = i * 10 / 7.0;
            var low = Math.Min(9, (int)ascending);
            var log = Math.Log(s[10 - low]) + ((ascending - low) * (Math.Log(s[9 - low]) - Math.Log(s[10 - low])));
            seven[7 - i].ShouldBe(Math.Exp(log), 1e-12);
        }

        SigmaKnots.Interpolate(s, 11).ShouldBe(s);
        SigmaKnots.Interpolate(s, 21).Where((_, i) => i % 2 == 0).Zip(s).ShouldAllBe(p => Math.Abs(p.First - p.Second) < 1e-12);
    }

    [Fact]
    public void Endings_are_those_of_the_tools()
    {
        double[] s = [3, 2, 1];
        ScheduleEnding.StopAtLast.Apply(s).ShouldBe([3, 2, 1]);
        ScheduleEnding.LastIsZero.Apply(s).ShouldBe([3, 2, 0]);
        ScheduleEnding.AppendZero.Apply(s).ShouldBe([3, 2, 1, 0]);
    }

    [Fact]
    public void Strength_truncates_as_each_tool_does()
    {
        double[] Whole(int n) => SigmaKnots.Interpolate([10, 0.1], n + 1);
        SigmaKnots.TruncateSteps(Whole(10), 0.45).ShouldBe(Whole(10).Skip(6));
        SigmaKnots.TruncateKeepingSteps(Whole, 5, 0.5).ShouldBe(Whole(10).Skip(5));
        SigmaKnots.TruncateSteps(Whole(10), 1).Length.ShouldBe(11);
        Should.Throw<ArgumentException>(() => SigmaKnots.TruncateSteps(Whole(4), 0.2)).Message.ShouldContain("no step");
        Should.Throw<ArgumentException>(() => SigmaKnots.TruncateSteps(Whole(4), 1.2)).Message.ShouldContain("(0, 1]");
    }

    [Theory]
    [InlineData("ddim4", "750 500 250 0")]
    [InlineData("ddim5", "800 600 400 200 0")]
    [InlineData("5", "999 749 500 250 0")]
    [InlineData("2,3", "999 750 500 499 0")]
    public void Respacing_strings_are_those_of_guided_diffusion(string text, string expected) =>
        GuidedRespacing.Parse(1000, text).ShouldBe(expected.Split(' ').Select(double.Parse));

    [Theory]
    [InlineData("ddim400", "No integer stride")]
    [InlineData("ten", "is not a respacing")]
    [InlineData("600,1", "cannot give")]
    [InlineData("0", "at least 1")]
    public void Impossible_respacings_are_refused(string text, string words) =>
        Should.Throw<ArgumentException>(() => GuidedRespacing.Parse(1000, text)).Message.ShouldContain(words);
}
