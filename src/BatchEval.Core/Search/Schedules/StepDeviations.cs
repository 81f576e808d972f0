using System.Numerics.Tensors;

namespace BatchEval.Core.Search.Schedules;

/// <summary>What GITS measures of a single step from the teacher's trajectory; the authors' option <c>--metric</c>.</summary>
public enum TeacherDistance
{
    /// <summary>Distance between the student's state and the teacher's at the same level (theirs: <c>l2</c>).</summary>
    L2,

    /// <summary>
    /// Distance of the student's state to the chord between the teacher's first and last state, less the teacher's own distance to it at the same
    /// level (theirs: <c>dev</c>). Negative where the step lies closer to the chord than the teacher.
    /// </summary>
    Chord,
}

/// <summary>
/// Costs of single steps from a teacher's states (GITS, Chen et al. 2024, section 4; <c>get_dp_list</c> of the released code): means over
/// the paths, per square root of the size.
/// </summary>
public sealed class StepDeviations
{
    private readonly TeacherTable teacher;
    private readonly TeacherDistance distance;
    private readonly Dictionary<(int, int, int), double> known = [];
    private readonly float[][] directions;
    private readonly double[] teachers;

    /// <param name="teacher">Its states and outputs.</param>
    public StepDeviations(TeacherTable teacher, TeacherDistance distance = TeacherDistance.L2)
    {
        (this.teacher, this.distance) = (teacher, distance);
        directions = distance == TeacherDistance.Chord ? [.. teacher.States.Select(s => Direction(s, teacher.Size))] : [];
        teachers = distance == TeacherDistance.Chord ? [.. Enumerable.Range(0, teacher.Sigmas.Count).Select(TeachersOwn)] : [];
    }

    /// <summary>Cost of a step; computed once.</summary>
    /// <param name="p">Grid point before i that a second-order step extrapolates through; -1 for a first-order step.</param>
    /// <param name="i">Where the step starts, from the teacher's state.</param>
    /// <param name="j">Where it ends, j &gt; i.</param>
    public double Of(int p, int i, int j)
    {
        if (!known.TryGetValue((p, i, j), out var value))
        {
            value = Mean(p, i, j) - (distance == TeacherDistance.Chord ? teachers[j] : 0);
            known.Add((p, i, j), value);
        }

        return value;
    }

    private double Mean(int p, int i, int j)
    {
        var (state, sum) = (new float[teacher.Size], 0.0);
        for (var m = 0; m < teacher.States.Count; m++)
        {
            teacher.Land(m, p, i, j, state);
            if (distance == TeacherDistance.L2)
            {
                TensorPrimitives.Subtract(state, teacher.States[m].AsSpan(j * teacher.Size, teacher.Size), state);
                sum += TensorPrimitives.Norm<float>(state);
            }
            else
            {
                sum += ToChord(m, state);
            }
        }

        return sum / teacher.States.Count / Math.Sqrt(teacher.Size);
    }

    private double TeachersOwn(int j)
    {
        var (state, sum) = (new float[teacher.Size], 0.0);
        for (var m = 0; m < teacher.States.Count; m++)
        {
            teacher.States[m].AsSpan(j * teacher.Size, teacher.Size).CopyTo(state);
            sum += ToChord(m, state);
        }

        return sum / teacher.States.Count / Math.Sqrt(teacher.Size);
    }

    // norm of what is left of (state - first state) without its part along the chord; overwrites the state
    private double ToChord(int m, float[] state)
    {
        TensorPrimitives.Subtract(state, teacher.States[m].AsSpan(0, teacher.Size), state);
        TensorPrimitives.MultiplyAdd(directions[m], -TensorPrimitives.Dot<float>(state, directions[m]), state, state);
        return TensorPrimitives.Norm<float>(state);
    }

    // unit vector from the first state to the last; zero for a trajectory that ends where it began
    private static float[] Direction(float[] states, int size)
    {
        var chord = new float[size];
        TensorPrimitives.Subtract(states.AsSpan(states.Length - size, size), states.AsSpan(0, size), chord);
        var length = TensorPrimitives.Norm<float>(chord);
        TensorPrimitives.Multiply(chord, length > 0 ? 1 / length : 0, chord);
        return chord;
    }
}
