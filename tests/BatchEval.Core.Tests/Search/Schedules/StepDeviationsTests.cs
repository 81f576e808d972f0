using BatchEval.Core.Randomness;
using BatchEval.Core.Search.Schedules;
using BatchEval.Tests.Shared;

namespace BatchEval.Core.Tests.Search.Schedules;

public class StepDeviationsTests
{
    private const int Points = 24;
    private static readonly GaussianMixture Mixture = GaussianMixture.Grid(2, 2, 0.15, 0.5);

    private static TeacherTable Teacher(GaussianMixture mixture, int paths = 6) =>
        TeacherTable.Run(new MixtureDenoiser(mixture), DenoiserTables.LogGrid(0.01, 20, Points), paths, new NoiseBank(5), startVariance: 0);

    [Fact]
    public void Distances_to_the_teachers_state_vanish_with_the_step()
    {
        var deviations = new StepDeviations(Teacher(Mixture));
        deviations.Of(-1, 10, 11).ShouldBeLessThan(deviations.Of(-1, 4, 11));
        deviations.Of(9, 10, 11).ShouldBe(0, 1e-6);
    }

    // One Gaussian around 0: D = s x, so that every state of a path, and of every single step, lies on the line through its start.
    [Theory]
    [InlineData(-1)]
    [InlineData(2)]
    public void A_straight_trajectory_has_no_distance_to_its_chord(int p)
    {
        var teacher = Teacher(GaussianMixture.Single(2, 0.5));
        var (chord, l2) = (new StepDeviations(teacher, TeacherDistance.Chord), new StepDeviations(teacher));
        for (var j = 6; j < Points; j++)
        {
            chord.Of(p, 5, j).ShouldBe(0, 1e-5 * teacher.Sigmas[0]);
        }

        l2.Of(-1, 5, Points - 1).ShouldBeGreaterThan(0.1);
    }

    // In two dimensions the distance to the line through a and b is |cross(b - a, x - a)| / |b - a|; cal_deviation of the released gits_utils.py,
    // whose cost is that of the student less that of the teacher, 0 for the teacher's last state.
    [Fact]
    public void Chord_distances_are_those_of_plane_geometry()
    {
        var teacher = Teacher(Mixture);
        var deviations = new StepDeviations(teacher, TeacherDistance.Chord);
        foreach (var (i, j) in new[] { (0, 7), (3, 12), (8, 9), (10, Points - 1) })
        {
            var (student, own) = (0.0, 0.0);
            for (var m = 0; m < teacher.States.Count; m++)
            {
                float[] states = [.. teacher.States[m]], d = [.. teacher.Outputs[m]];
                var ratio = teacher.Sigmas[j] / teacher.Sigmas[i];
                double Step(int axis) => (ratio * states[(2 * i) + axis]) + ((1 - ratio) * d[(2 * i) + axis]);
                student += Distance(states, Step(0), Step(1));
                own += Distance(states, states[2 * j], states[(2 * j) + 1]);
            }

            deviations.Of(-1, i, j).ShouldBe((student - own) / teacher.States.Count / Math.Sqrt(2), 1e-5);
        }
    }

    [Theory]
    [InlineData(TeacherDistance.L2)]
    [InlineData(TeacherDistance.Chord)]
    public void The_program_finds_the_best_of_all_schedules(TeacherDistance distance)
    {
        const double Growth = 1.15;
        var deviations = new StepDeviations(Teacher(Mixture), distance);
        var found = ScheduleProgram.FirstOrder(Points, 3, (i, j) => deviations.Of(-1, i, j), growth: Growth)[2]!;

        var all = from a in Enumerable.Range(1, Points - 3)
                  from b in Enumerable.Range(a + 1, Points - 2 - a)
                  select new[] { 0, a, b, Points - 1 };
        double Cost(int[] k) => Enumerable.Range(0, 3).Sum(n => Math.Pow(Growth, n) * deviations.Of(-1, k[n], k[n + 1]));
        Cost(found).ShouldBe(all.Min(Cost), 1e-12);
    }

    private static double Distance(float[] states, double x, double y)
    {
        double ax = states[0], ay = states[1], dx = states[^2] - ax, dy = states[^1] - ay;
        return Math.Abs((dx * (y - ay)) - (dy * (x - ax))) / Math.Sqrt((dx * dx) + (dy * dy));
    }
}
