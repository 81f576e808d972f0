using BatchEval.Core.Sampling;
using BatchEval.Core.Sampling.Solvers;

namespace BatchEval.Core.Tests.Sampling.Solvers;

/// <summary>Which scheduler of diffusers and which sampler of k-diffusion compute the same as a solver (docs/exports.md); that they do is what PublishedSolverTests compares.</summary>
public sealed class PeerSamplersTests
{
    private static readonly NoiseProcess[] Processes = [NoiseProcess.Discrete, NoiseProcess.Sigma, NoiseProcess.Flow];

    // one entry per process: discrete, sigma, flow
    [Theory]
    [InlineData("ddim", "EulerDiscreteScheduler | EDMEulerScheduler | FlowMatchEulerDiscreteScheduler")]
    [InlineData("ddim(eta=0.5)", "- | - | -")]
    [InlineData("euler", "EulerDiscreteScheduler | EDMEulerScheduler | FlowMatchEulerDiscreteScheduler")]
    [InlineData("euler(churn=1)", "- | - | -")]
    [InlineData("ddpm", "DDPMScheduler variance_type=\"fixed_small\" | - | -")]
    [InlineData("ddpm(large=1)", "DDPMScheduler variance_type=\"fixed_large\" | - | -")]
    [InlineData("ddpm(learned=1)", "- | - | -")]
    [InlineData("heun", "HeunDiscreteScheduler | - | -")]
    [InlineData("dpmpp-1", "DPMSolverMultistepScheduler algorithm_type=\"dpmsolver++\" lower_order_final=False solver_order=1 | EDMEulerScheduler | FlowMatchEulerDiscreteScheduler")]
    [InlineData("dpmpp-2m", "DPMSolverMultistepScheduler algorithm_type=\"dpmsolver++\" lower_order_final=False solver_order=2 | - | -")]
    [InlineData("dpmpp-2m(heun=1)", "- | - | -")]
    [InlineData("dpmpp-3m", "- | - | -")]
    [InlineData("dpmpp-3m(diffusers=1)", "DPMSolverMultistepScheduler algorithm_type=\"dpmsolver++\" lower_order_final=True solver_order=3 | - | -")]
    [InlineData("sde-dpmpp-2m", "DPMSolverMultistepScheduler algorithm_type=\"sde-dpmsolver++\" solver_order=2 | - | -")]
    [InlineData("sde-dpmpp-2m(eta=0.5)", "- | - | -")]
    [InlineData("sde-dpmpp-2m(s-noise=1.5)", "- | - | -")]
    [InlineData("sde-dpmpp-2m(heun=1)", "- | - | -")]
    [InlineData("sde-dpmpp-3m", "- | - | -")]
    [InlineData("euler-ancestral", "- | - | -")]
    [InlineData("euler-ancestral(eta=0)", "EulerDiscreteScheduler | EDMEulerScheduler | FlowMatchEulerDiscreteScheduler")]
    public void Schedulers_of_diffusers(string solver, string expected) =>
        string.Join(" | ", Processes.Select(p => Solver.Parse(solver).DiffusersOn(p) is { } s ? $"{s.Class}{Options(s.Options)}" : "-")).ShouldBe(expected);

    [Theory]
    [InlineData("ddim", "euler | euler | euler")]
    [InlineData("ddim(eta=0.5)", "euler_ancestral eta=0.5 | euler_ancestral eta=0.5 | -")]
    [InlineData("ddpm", "euler_ancestral eta=1 | euler_ancestral eta=1 | -")]
    [InlineData("ddpm(large=1)", "- | - | -")]
    [InlineData("ddpm(learned=1)", "- | - | -")]
    [InlineData("euler", "euler | euler | euler")]
    [InlineData("euler(churn=1)", "- | - | -")]
    [InlineData("heun", "heun | heun | -")]
    [InlineData("lms", "lms order=4, not in ComfyUI | lms order=4, not in ComfyUI | -")]
    [InlineData("dpmpp-1", "euler | euler | euler")]
    [InlineData("dpmpp-2m", "dpmpp_2m | dpmpp_2m | -")]
    [InlineData("dpmpp-2m(heun=1)", "- | - | -")]
    [InlineData("dpmpp-3m", "- | - | -")]
    [InlineData("dpmpp-2s", "- | - | -")]
    [InlineData("dpmpp-2s-ancestral", "dpmpp_2s_ancestral eta=1 s_noise=1, not in ComfyUI | dpmpp_2s_ancestral eta=1 s_noise=1 | -")]
    [InlineData("sde-dpmpp-1", "euler_ancestral eta=1 | euler_ancestral eta=1 | -")]
    [InlineData("sde-dpmpp-2m(heun=1)", "dpmpp_2m_sde eta=1 solver_type=\"heun\" | dpmpp_2m_sde eta=1 solver_type=\"heun\" | -")]
    [InlineData("sde-dpmpp-2m(eta=0.5,s-noise=1.5)", "dpmpp_2m_sde eta=0.5 solver_type=\"midpoint\" s_noise=1.5 | dpmpp_2m_sde eta=0.5 solver_type=\"midpoint\" s_noise=1.5 | -")]
    [InlineData("sde-dpmpp-3m", "dpmpp_3m_sde eta=1 | dpmpp_3m_sde eta=1 | -")]
    public void Samplers_of_k_diffusion(string solver, string expected) =>
        string.Join(" | ", Processes.Select(p => Solver.Parse(solver).KSamplerOn(p) is { } s ? $"{s.Name}{Options(s.Options)}{(s.InComfyUi ? "" : ", not in ComfyUI")}" : "-")).ShouldBe(expected);

    [Fact]
    public void Heun_says_where_it_departs_from_others()
    {
        NoiseLevel above = new(2, 1, 300), limit = new(1.5, 1, 200), below = new(1, 1, 100);
        var heun = Solver.Parse("heun");
        heun.DepartsOn([above, below, NoiseLevel.Clean], NoiseProcess.Sigma)!.ShouldContain("above sigma / alpha = 200");
        heun.DepartsOn([below, limit], NoiseProcess.Sigma).ShouldBeNull();
        heun.DepartsOn([limit, below], NoiseProcess.Sigma).ShouldBeNull();
        heun.DepartsOn([above, below], NoiseProcess.Flow).ShouldBeNull();
        heun.DepartsOn([above, NoiseLevel.Clean], NoiseProcess.Sigma).ShouldBeNull("a step to no noise is Euler's");
        heun.DepartsOn([above], NoiseProcess.Sigma).ShouldBeNull();
        Solver.Parse("ddim").DepartsOn([above, below], NoiseProcess.Sigma).ShouldBeNull();
    }

    private static string Options(IReadOnlyList<(string Name, string Value)> options) => string.Concat(options.Select(o => $" {o.Name}={o.Value}"));
}
