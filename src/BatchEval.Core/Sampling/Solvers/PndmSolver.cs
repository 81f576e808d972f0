namespace BatchEval.Core.Sampling.Solvers;

/// <summary>
/// Pseudo numerical methods (Liu et al. 2022) as diffusers computes them: PLMS, fourth-order Adams-Bashforth on the noise prediction whose second
/// level is called twice (n + 1 calls), or PNDM, which begins with three Runge-Kutta steps of four calls.
/// </summary>
internal sealed class PndmSolver(bool rungeKutta) : Solver
{
    private const int Started = 3;

    public static IReadOnlyList<SolverDefinition> Definitions { get; } =
    [
        new("plms", "Liu et al. 2022; CompVis", _ => new PndmSolver(false)) { Elsewhere = new("PNDMScheduler(skip_prk_steps=True)") },
        new("pndm", "Liu et al. 2022", _ => new PndmSolver(true)) { Elsewhere = new("PNDMScheduler") },
    ];

    public override string Name => Definitions[rungeKutta ? 1 : 0].Name;

    public override int Order => rungeKutta ? 4 : 2;

    public override int NetworkCalls(Candidate candidate, int step)
    {
        var steps = candidate.Steps.Count - (candidate.End is null ? 1 : 0);
        return candidate.Steps[step].Reuse ? 0
            : rungeKutta ? step < Math.Min(Started, steps) ? 4 : 1
            : step == 0 && steps > 0 ? 2 : 1;
    }

    protected override CoefficientTable Build(NoiseLevel[] levels, NoiseSchedule schedule)
    {
        var form = new OdeForm(schedule.Process);
        var rows = new List<SolverRow>();
        // position of each step's own slope among all that are remembered
        var own = new List<int>();
        for (var k = 0; k < levels.Length - 1; k++)
        {
            own.Add(rows.Count);
            if (!levels[k + 1].IsClean && rungeKutta && k < Started)
            {
                RungeKutta(rows, form, levels, k, schedule);
            }
            else if (!levels[k + 1].IsClean && !rungeKutta && k == 0)
            {
                Improved(rows, form, levels);
            }
            else
            {
                rows.Add(new SolverRow(k, levels[k], Multistep(form, levels, k, own), LinearCombination.Keep) { Remembered = form.Slope(levels[k]) });
            }
        }

        return new CoefficientTable(rows, History: rungeKutta ? 13 : 5);
    }

    private static double Length(OdeForm form, NoiseLevel from, NoiseLevel to) => form.At(to) - form.At(from);

    // from the step's start, which is the anchor, with slopes newest first
    private static LinearCombination FromAnchor(OdeForm form, NoiseLevel from, NoiseLevel to, params double[] weights)
    {
        var step = form.Step(from, to, weights);
        return step with { State = 0, Anchor = step.State };
    }

    private static LinearCombination Multistep(OdeForm form, NoiseLevel[] levels, int k, List<int> own)
    {
        var h = Length(form, levels[k], levels[k + 1]);
        var ab = AdamsBashforth.Equal(Math.Min(4, k + 1));
        var weights = new double[own[k] - own[k - ab.Length + 1] + 1];
        for (var j = 0; j < ab.Length; j++)
        {
            weights[own[k] - own[k - j]] = h * ab[j];
        }

        return form.Step(levels[k], levels[k + 1], weights);
    }

    private static void Improved(List<SolverRow> rows, OdeForm form, NoiseLevel[] levels)
    {
        var h = Length(form, levels[0], levels[1]);
        rows.Add(new SolverRow(0, levels[0], form.Step(levels[0], levels[1], h), LinearCombination.Keep) { Remembered = form.Slope(levels[0]) });
        rows.Add(new SolverRow(0, levels[1], FromAnchor(form, levels[0], levels[1], h / 2, h / 2), LinearCombination.Keep) { Remembered = form.Slope(levels[1]) });
    }

    private static void RungeKutta(List<SolverRow> rows, OdeForm form, NoiseLevel[] levels, int k, NoiseSchedule schedule)
    {
        var (from, to) = (levels[k], levels[k + 1]);
        var half = (from.Time - to.Time) / 2;
        var middle = schedule.At(from.Time - (schedule.TrainSteps is null ? half : Math.Floor(half)));
        var (h, toMiddle) = (Length(form, from, to), Length(form, from, middle));
        var hold = new LinearCombination { Anchor = 1 };
        rows.Add(new SolverRow(k, from, form.Step(from, middle, toMiddle), LinearCombination.Keep) { Remembered = form.Slope(from) });
        rows.Add(new SolverRow(k, middle, FromAnchor(form, from, middle, toMiddle), hold) { Remembered = form.Slope(middle) });
        rows.Add(new SolverRow(k, middle, FromAnchor(form, from, to, h), hold) { Remembered = form.Slope(middle) });
        rows.Add(new SolverRow(k, to, FromAnchor(form, from, to, h / 6, h / 3, h / 3, h / 6), hold) { Remembered = form.Slope(to) });
    }
}
