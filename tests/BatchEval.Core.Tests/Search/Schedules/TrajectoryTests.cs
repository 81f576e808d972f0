using BatchEval.Core.Randomness;
using BatchEval.Core.Sampling.Placement;
using BatchEval.Core.Search.Schedules;
using BatchEval.Tests.Shared;

namespace BatchEval.Core.Tests.Search.Schedules;

public class TrajectoryTests
{
    private static readonly GaussianMixture Mixture = GaussianMixture.Grid(2, 2, 0.15, 0.5);

    private static TeacherTable Teacher(int points, int paths = 16) =>
        TeacherTable.Run(new MixtureDenoiser(Mixture), DenoiserTables.LogGrid(0.01, 20, points), paths, new NoiseBank(5), startVariance: 0);

    // dx/dsigma = (x - D) / sigma for one Gaussian: x_sigma = x_max sqrt((sigma^2 + c^2) / (max^2 + c^2))
    [Fact]
    public void The_teacher_follows_the_exact_flow_of_a_gaussian()
    {
        var teacher = TeacherTable.Run(new MixtureDenoiser(GaussianMixture.Single(1, 0.5)), DenoiserTables.LogGrid(0.01, 20, 120), 4, new NoiseBank(5), startVariance: 0);
        for (var k = 0; k < 120; k += 17)
        {
            var s = teacher.Sigmas[k];
            var exact = teacher.States[0][0] * Math.Sqrt(((s * s) + 0.25) / 400.25);
            ((double)teacher.States[0][k]).ShouldBe(exact, 0.01 * Math.Abs(exact));
        }

        teacher.Calls.ShouldBe(480);
    }

    [Fact]
    public void Optimal_steps_of_one_path_are_no_worse_than_any_other_choice_of_the_last_knot()
    {
        var teacher = Teacher(30);
        var counting = new CountingDenoiser(new MixtureDenoiser(Mixture));
        var found = OptimalSteps.Find(counting, teacher, 5, 8);

        found.Select(k => k.Length).ShouldBe([2, 3, 4, 5, 6]);
        foreach (var knots in found)
        {
            SigmaKnots.CheckDescending(knots);
            (knots[0], knots[^1]).ShouldBe((teacher.Sigmas[0], teacher.Sigmas[^1]));
        }

        counting.Calls.ShouldBeLessThan(8 * 5 * 30);
        Error(teacher, found[4]).ShouldBeLessThan(Error(teacher, PublishedSchedule.Interpolate([20, 0.01], 6)));
    }

    [Fact]
    public void The_mixture_is_a_density_and_its_denoiser_a_mean()
    {
        var mixture = GaussianMixture.Grid(3, 2, 0.2, 0.5);
        var samples = mixture.Sample(20_000, 1);
        Math.Sqrt(samples.Average(v => (double)v * v)).ShouldBe(0.5, 0.01);
        var (sum, step) = (0.0, 0.02);
        for (var x = -2.0; x < 2; x += step)
        {
            for (var y = -2.0; y < 2; y += step)
            {
                sum += step * step * Math.Exp(-mixture.NegativeLogDensity([x, y]));
            }
        }

        sum.ShouldBe(1, 1e-6);
        var d = new double[2];
        mixture.Denoise([0.3, -0.1], 1e4, d);
        d.ShouldAllBe(v => Math.Abs(v) < 1e-3);
        mixture.Denoise([0.3, -0.1], 1e-6, d);
        d[0].ShouldBe(0.3, 1e-6);
    }

    private static double Error(TeacherTable teacher, double[] knots)
    {
        var (denoiser, total) = (new MixtureDenoiser(Mixture), 0.0);
        for (var m = 0; m < 8; m++)
        {
            float[] x = teacher.States[m][..2], d = new float[2];
            for (var n = 0; n < knots.Length - 1; n++)
            {
                denoiser.Denoise(x, [knots[n]], [m], d);
                var ratio = (float)(knots[n + 1] / knots[n]);
                x = [.. x.Select((v, i) => (ratio * v) + ((1 - ratio) * d[i]))];
            }

            var end = teacher.States[m].AsSpan((teacher.Sigmas.Count - 1) * 2, 2);
            total += Math.Sqrt(Math.Pow(x[0] - end[0], 2) + Math.Pow(x[1] - end[1], 2));
        }

        return total;
    }
}
