namespace BatchEval.Core.Sampling.Solvers;

/// <summary>
/// SDE-DPM-Solver++ of order 1 to 3 (Lu et al. 2022b; order 3 and the share of noise as in k-diffusion), in the data prediction: with
/// g = (1 + eta) h, x' = (sigma'/sigma) e^(-eta h) x + alpha' (1 - e^-g) D + ... + sigma' sqrt(1 - e^(-2 eta h)) z.
/// </summary>
/// <param name="order">1, 2 or 3.</param>
/// <param name="eta">Share of noise, 0 to 1; 1 is the reverse SDE.</param>
/// <param name="heun">Of order 2 only: true for the second-order term of <c>solver_type="heun"</c>.</param>
internal sealed class SdeDpmSolverPlusPlus(int order, double eta = 1, double noise = 1, bool heun = false) : Solver
{
    private static readonly SolverParameter[] Shares = [new("eta", 1, 0, 1), new("s-noise", 1, 0, 2)];

    /// <summary>One definition per order.</summary>
    public static IReadOnlyList<SolverDefinition> Definitions { get; } =
    [
        new("sde-dpmpp-1", "Lu et al. 2022b, eq. 18", _ => new SdeDpmSolverPlusPlus(1))
        {
            Elsewhere = new("DPMSolverMultistepScheduler(algorithm_type=\"sde-dpmsolver++\", solver_order=1)"),
        },
        new("sde-dpmpp-2m", "Lu et al. 2022b, eq. 18", a => new SdeDpmSolverPlusPlus(2, a["eta"], a["s-noise"], a.Flag("heun")))
        {
            Parameters = [Shares[0], SolverParameter.Flag("heun", false), Shares[1]],
            Elsewhere = new("DPMSolverMultistepScheduler(algorithm_type=\"sde-dpmsolver++\")", "dpmpp_2m_sde", "sample_dpmpp_2m_sde", "DPM++ 2M SDE"), Variants = [("DPM++ 2M SDE Heun", "sde-dpmpp-2m(heun=1)")],
        },
        new("sde-dpmpp-3m", "k-diffusion", a => new SdeDpmSolverPlusPlus(3, a["eta"], a["s-noise"])) { Parameters = Shares, Elsewhere = new(null, "dpmpp_3m_sde", "sample_dpmpp_3m_sde", "DPM++ 3M SDE") },
    ];

    public override string Name => order switch
    {
        1 => Definitions[0].Name,
        2 => Definitions[1].NameOf(eta, heun ? 1 : 0, noise),
        _ => Definitions[2].NameOf(eta, noise),
    };

    public override int Order => order;

    public override DiffusersScheduler? DiffusersOn(NoiseProcess process) => process == NoiseProcess.Discrete && order < 3 && (eta, noise, heun) == (1, 1, false)
        ? new("DPMSolverMultistepScheduler", ("algorithm_type", "\"sde-dpmsolver++\""), ("solver_order", $"{order}"))
        : null;

    public override KSampler? KSamplerOn(NoiseProcess process) =>
        order == 1 ? KSampler.Ancestral(process, 1)
        : process == NoiseProcess.Flow ? null
        : order == 3 ? new("dpmpp_3m_sde", Options([("eta", Number(eta))])) { ComfyNode = ("SamplerDPMPP_3M_SDE", ["eta", "s_noise", "noise_device"]) }
        : new("dpmpp_2m_sde", Options([("eta", Number(eta)), ("solver_type", Type)])) { ComfyNode = ("SamplerDPMPP_2M_SDE", ["solver_type", "eta", "s_noise", "noise_device"]) };

    private IReadOnlyList<(string, string)> Options(IReadOnlyList<(string, string)> options) => noise == 1 ? options : [.. options, ("s_noise", Number(noise))];

    private string Type => heun ? "\"heun\"" : "\"midpoint\"";

    protected override CoefficientTable Build(NoiseLevel[] levels, NoiseSchedule schedule) => RowPerStep(levels, k => Step(levels, k), order);

    private LinearCombination Step(NoiseLevel[] levels, int k)
    {
        var (from, to) = (levels[k], levels[k + 1]);
        if (to.IsClean)
        {
            return new LinearCombination { Data = [to.Alpha] };
        }

        var h = to.Lambda - from.Lambda;
        var share = -Exponential.MinusOne(-h - (eta * h));
        return new LinearCombination
        {
            State = to.Sigma / from.Sigma * Math.Exp(-eta * h),
            Data = Data(levels, k, to.Alpha, h, share),
            Noise = to.Sigma * Math.Sqrt(-Exponential.MinusOne(-2 * (eta * h))) * noise,
        };
    }

    private double[] Data(NoiseLevel[] levels, int k, double alpha, double h, double share)
    {
        if (order == 1 || k == 0)
        {
            return [alpha * share];
        }

        var first = levels[k].Lambda - levels[k - 1].Lambda;
        if (order == 2 && !heun)
        {
            // D0 + D1 / 2
            var half = 0.5 * h / first;
            return [alpha * share * (1 + half), -alpha * share * half];
        }

        // phi2 D1 - phi3 D2 with g = (1 + eta) h
        var g = (1 + eta) * h;
        var phi2 = alpha * (1 - (share / g));
        var r0 = first / h;
        if (order == 2 || k == 1)
        {
            return Exponential.SecondOrder(alpha * share, phi2, r0);
        }

        var phi3 = (phi2 / g) - (0.5 * alpha);
        return Exponential.ThirdOrder(alpha * share, phi2, phi3, r0, (levels[k - 1].Lambda - levels[k - 2].Lambda) / h);
    }

    private static string Number(double value) => FormattableString.Invariant($"{value}");
}
