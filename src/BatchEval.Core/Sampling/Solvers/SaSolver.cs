namespace BatchEval.Core.Sampling.Solvers;

/// <summary>
/// SA-Solver (Xue et al. 2023) in the data prediction: a stochastic Adams-Bashforth predictor, and an Adams-Moulton corrector that uses the predictor's
/// own noise, so a step costs one call. The anchor holds the corrected state. Orders grow over the first steps and fall over the last.
/// </summary>
/// <param name="predictor">Order of the predictor, 1 to 3.</param>
/// <param name="corrector">Order of the corrector, 1 to 3.</param>
/// <param name="tau">Share of noise, 0 for the ODE and 1 for the reverse SDE.</param>
/// <param name="range">Times between which tau holds, as <see cref="NoiseSchedule.TrainingTime"/> counts them; beyond them it is 0.</param>
internal sealed class SaSolver(int predictor = 2, int corrector = 2, double tau = 1, (double Low, double High)? range = null) : Solver
{
    private static readonly (double Low, double High) Default = (200, 800);
    private readonly (double Low, double High) noisy = range ?? Default;

    public static IReadOnlyList<SolverDefinition> Definitions { get; } =
    [
        new("sa-solver", "Xue et al. 2023", a => new SaSolver(a.Whole("predictor"), a.Whole("corrector"), a["tau"], (a["from"], a["to"])))
        {
            Parameters = [new("corrector", 2, 1, 3, Whole: true), new("from", 200, 0, 1e6), new("predictor", 2, 1, 3, Whole: true), new("tau", 1, 0, 1), new("to", 800, 0, 1e6)],
            Elsewhere = new("SASolverScheduler", "sa_solver"),
        },
    ];

    public override string Name => Definitions[0].NameOf(corrector, noisy.Low, predictor, tau, noisy.High);

    protected override CoefficientTable Build(NoiseLevel[] levels, NoiseSchedule schedule)
    {
        double[] taus = [.. levels.Select(l => !l.IsClean && schedule.TrainingTime(l) is var time && time >= noisy.Low && time <= noisy.High ? tau : 0)];
        var rows = new List<SolverRow>();
        for (var k = 0; k < levels.Length - 1; k++)
        {
            // y_k = corrected, or where noise was added x_k + (corrected - predicted): the noise of both is the same draw
            var corrected = LinearCombination.Keep;
            if (k > 0)
            {
                corrected = Update(levels, taus, k - 1, CorrectorOrder(k - 1), newest: 0, lead: 1);
                if (NoiseOf(levels, taus, k - 1) != 0)
                {
                    corrected += LinearCombination.Keep + (-1 * Update(levels, taus, k - 1, PredictorOrder(levels, k - 1), newest: 1, lead: 0));
                }
            }

            var next = Update(levels, taus, k, PredictorOrder(levels, k), newest: 0, lead: 0);
            rows.Add(new SolverRow(k, levels[k], Compose(next, corrected) with { Noise = NoiseOf(levels, taus, k) }, corrected));
        }

        return new CoefficientTable(rows, History: Math.Max(predictor + 1, corrector));
    }

    private int PredictorOrder(NoiseLevel[] levels, int k) => Math.Min(Math.Min(predictor, levels.Length - 1 - k), k + 1);

    // The step that is corrected is never the last, so that its end lowers no order.
    private int CorrectorOrder(int k) => Math.Min(corrector, k + 2);

    private static double NoiseOf(NoiseLevel[] levels, double[] taus, int k)
    {
        var (from, to) = (levels[k], levels[k + 1]);
        var t = taus[k];
        return to.IsClean || t == 0 ? 0 : to.Sigma * Math.Sqrt(-Exponential.MinusOne(-2 * t * t * (to.Lambda - from.Lambda)));
    }

    // A step from y_k (the anchor) to level k + 1 with data predictions at levels k + lead, k + lead - 1, ..., the first at history position newest
    private static LinearCombination Update(NoiseLevel[] levels, double[] taus, int k, int order, int newest, int lead)
    {
        var (from, to) = (levels[k], levels[k + 1]);
        if (to.IsClean)
        {
            return new LinearCombination { Data = [to.Alpha] };
        }

        var (t, h) = (taus[k], to.Lambda - from.Lambda);
        var rate = 1 + (t * t);
        double[] nodes = [.. Enumerable.Range(0, order).Select(i => levels[k + lead - i].Lambda - to.Lambda)];
        // rate sigma' e^(-t^2 lambda') int_(lambda)^(lambda') e^(rate s) l_i(s) ds, with s measured from lambda'
        var weights = Moments(nodes, rate, h);
        if (order == 2)
        {
            var bend = lead == 0
                ? ((h * h / 2) - (((h * rate) - 1 + Math.Exp(-rate * h)) / (rate * rate))) / (from.Lambda - levels[k - 1].Lambda)
                : (h / 2) - (((h * rate) - 1 + Math.Exp(-rate * h)) / (rate * rate * h));
            (weights[0], weights[1]) = (weights[0] + bend, weights[1] - bend);
        }

        var data = new double[newest + order];
        for (var i = 0; i < order; i++)
        {
            data[newest + i] = rate * to.Alpha * weights[i];
        }

        return new LinearCombination { Anchor = Math.Exp(-t * t * h) * to.Sigma / from.Sigma, Data = data };
    }

    // int_(-h)^0 e^(a s) l_i(s) ds for Lagrange polynomials through the nodes
    private static double[] Moments(double[] nodes, double a, double h)
    {
        // I_0 = (1 - e^(-a h)) / a,  I_n = (-(-h)^n e^(-a h) - n I_(n-1)) / a
        var end = Math.Exp(-a * h);
        double[] integral = new double[3];
        integral[0] = -Exponential.MinusOne(-a * h) / a;
        integral[1] = ((h * end) - integral[0]) / a;
        integral[2] = ((-h * h * end) - (2 * integral[1])) / a;
        return AdamsBashforth.OfMoments(nodes, integral);
    }

    // next in terms of the corrected state, which is itself a combination
    private static LinearCombination Compose(LinearCombination next, LinearCombination corrected) =>
        (next.Anchor * corrected) + (next with { Anchor = 0 });
}
