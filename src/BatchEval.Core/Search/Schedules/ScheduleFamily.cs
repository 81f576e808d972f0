using BatchEval.Core.Sampling;
using BatchEval.Core.Sampling.Placement;

namespace BatchEval.Core.Search.Schedules;

/// <summary>
/// All schedules that one pairwise table and one set of teacher trajectories give, for any number of steps. KLUB alone over-optimises (on
/// Gaussian data its optimum is 30 times worse in KL than the KL optimum), so the family varies where the integral ends and what a start
/// below the top costs; a quality metric then chooses. The last knot of every schedule is replaced by no noise.
/// </summary>
/// <param name="costs">Costs from the pairwise table.</param>
/// <param name="teacher">Teacher trajectories, or null without the trajectory methods.</param>
/// <param name="order">Order of the solver: 1, or 2 for multistep solvers.</param>
public sealed class ScheduleFamily(KlubCosts costs, TeacherTable? teacher, int order)
{
    /// <summary>Weights of the cost of starting below the top; 1 is the bound itself, less starts lower.</summary>
    public static IReadOnlyList<double> StartWeights { get; } = [1, 0.1, 0.01];

    /// <summary>Levels at which the integral may end besides the smallest of the grid, for data in [-1, 1].</summary>
    public static IReadOnlyList<double> Ends { get; } = [0.05, 0.15, 0.4];

    private readonly Dictionary<TeacherDistance, StepDeviations> deviations = [];

    /// <summary>KLUB's optimum on the grid (dynamic programming).</summary>
    /// <param name="steps">n.</param>
    /// <param name="end">Level at which the integral ends; null for the grid's smallest.</param>
    /// <param name="startWeight">Weight of the start's cost; null to start at the top.</param>
    /// <param name="firstOrder">True for the bound of first-order solvers, which the paper uses for all; null for the solver's own.</param>
    public double[]? Klub(int steps, double? end = null, double? startWeight = null, bool? firstOrder = null)
    {
        var points = Points(end);
        Func<int, double>? start = startWeight is { } w ? i => w * costs.Start[i] : null;
        var paths = firstOrder ?? order == 1
            ? ScheduleProgram.FirstOrder(points, steps, costs.FirstOrder, start)
            : ScheduleProgram.SecondOrder(points, steps, costs.SecondOrder, start);
        return Calls(paths[steps - 1]);
    }

    /// <summary>GITS: dynamic programming over deviations from the teacher's trajectory, with the growth factor of its authors.</summary>
    /// <param name="steps">n.</param>
    /// <param name="end">Level at which the trajectory ends.</param>
    /// <param name="top">Level that sampling starts from; null for the grid's largest.</param>
    /// <param name="growth">Factor per step; 1.15 in the released code.</param>
    /// <param name="firstOrder">True for deviations of first-order steps, which are the authors'; null for the solver's own.</param>
    /// <param name="distance">What is measured of a step.</param>
    public double[]? Gits(
        int steps, double? end = null, double? top = null, double growth = 1.15, bool? firstOrder = null, TeacherDistance distance = TeacherDistance.L2)
    {
        if (teacher is null)
        {
            return null;
        }

        if (!deviations.TryGetValue(distance, out var deviation))
        {
            deviations.Add(distance, deviation = new StepDeviations(teacher, distance));
        }

        var (points, first) = (Points(end), top is { } t ? Nearest(t) : 0);
        double Start(int i) => i == first ? 0 : double.PositiveInfinity;
        var paths = firstOrder ?? order == 1
            ? ScheduleProgram.FirstOrder(points, steps, (i, j) => deviation.Of(-1, i, j), Start, growth)
            : ScheduleProgram.SecondOrder(points, steps, deviation.Of, Start, growth);
        return Calls(paths[steps - 1]);
    }

    /// <summary>Score-optimal: equal local cost on every step.</summary>
    /// <param name="steps">n.</param>
    /// <param name="end">Level at which the integral ends.</param>
    /// <param name="top">Level that sampling starts from; null for the grid's largest.</param>
    public double[] ScoreOptimal(int steps, double? end = null, double? top = null)
    {
        var (points, first) = (Points(end), top is { } t ? Nearest(t) : 0);
        var length = costs.ArcLength();
        return ScheduleProgram.EqualDistances([.. costs.Sigmas.Take(points).Skip(first)], length[first..points], steps)[..steps];
    }

    /// <summary>All members for a number of steps, without repetition. A second-order solver gets the first-order optima too.</summary>
    /// <param name="steps">n.</param>
    /// <param name="distances">What GITS measures; null for everything that it can.</param>
    public IReadOnlyList<SamplingSchedule> Members(NoiseSchedule noise, int steps, IReadOnlyList<TeacherDistance>? distances = null)
    {
        var members = new List<SamplingSchedule>();
        foreach (var end in new double?[] { null }.Concat(Ends.Where(e => e > costs.Sigmas[^1]).Select(e => (double?)e)))
        {
            foreach (var firstOrder in order == 1 ? [true] : new[] { false, true })
            {
                AddMembers(members, noise, steps, end, firstOrder, distances ?? Enum.GetValues<TeacherDistance>());
            }
        }

        return [.. members.DistinctBy(m => (m.Method, string.Join(' ', m.Times)))];
    }

    private void AddMembers(List<SamplingSchedule> members, NoiseSchedule noise, int steps, double? end, bool firstOrder, IReadOnlyList<TeacherDistance> distances)
    {
        var tops = new List<double?> { null };
        Add("klub-dp", "top", Klub(steps, end, null, firstOrder));
        foreach (var weight in StartWeights)
        {
            var free = Klub(steps, end, weight, firstOrder);
            Add("klub-dp", $"start x{weight}", free);
            tops.Add(free?[0]);
        }

        foreach (var top in tops.Distinct())
        {
            var start = top is null ? "top" : $"from {top:G3}";
            Add("score-optimal", start, ScoreOptimal(steps, end, top));
            foreach (var distance in distances)
            {
                Add("gits", start, Gits(steps, end, top, firstOrder: firstOrder, distance: distance), distance == TeacherDistance.Chord ? ", chord" : string.Empty);
            }
        }

        void Add(string method, string start, double[]? calls, string distance = "")
        {
            if (calls is not null)
            {
                var bound = firstOrder && order == 2 ? ", first-order" : string.Empty;
                members.Add(SamplingSchedule.OfRatios(method, $"{start}, end {(end is { } e ? $"{e}" : "at the model's")}{bound}{distance}", noise, calls));
            }
        }
    }

    private double[]? Calls(int[]? path) => path is null ? null : [.. path.Take(path.Length - 1).Select(k => costs.Sigmas[k])];

    private int Points(double? end) => end is { } e ? Math.Max(2, Nearest(e) + 1) : costs.Sigmas.Count;

    private int Nearest(double sigma) => Enumerable.Range(0, costs.Sigmas.Count).MinBy(k => Math.Abs(Math.Log(costs.Sigmas[k] / sigma)));
}
