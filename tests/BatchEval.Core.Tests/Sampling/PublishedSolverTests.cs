using System.Text.Json;
using BatchEval.Core.Sampling;
using BatchEval.Core.Sampling.Configurations;
using BatchEval.Core.Sampling.Solvers;

namespace BatchEval.Core.Tests.Sampling;

/// <summary>
/// Whole loops on a toy network against diffusers, k-diffusion and ComfyUI themselves in double precision (tools/golden/schedulers.py): 1e-9, and 2e-5
/// where their weights are quadratures of that precision (LMS).
/// </summary>
public sealed class PublishedSolverTests
{
    private static readonly JsonElement Golden = SolverGoldenTests.Read("schedulers/loops.json");

    private static readonly Dictionary<string, string> Ours = new(StringComparer.Ordinal)
    {
        ["dpm-1m"] = SchedulerConfiguration.Read("""{"_class_name":"DPMSolverMultistepScheduler","algorithm_type":"dpmsolver","solver_order":1}""").Solver,
        ["lms k-diffusion"] = "lms", ["euler churn"] = "euler(churn=3,s-noise=1.003,s-tmax=50,s-tmin=0.5)",
        ["sa-solver(1,1)"] = "sa-solver(corrector=1,predictor=1)", ["sa-solver(2,2)"] = "sa-solver", ["sa-solver(3,3)"] = "sa-solver(corrector=3,predictor=3)",
        ["flow euler"] = "euler", ["flow heun"] = "heun",
    };

    public static TheoryData<string> Names => [.. Golden.GetProperty("loops").EnumerateArray().Select(l => l.GetProperty("name").GetString()!)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Loops_end_where_the_published_ones_do(string name)
    {
        var golden = Golden.GetProperty("loops").EnumerateArray().Single(l => l.GetProperty("name").GetString() == name);
        var flow = name.StartsWith("flow", StringComparison.Ordinal);
        NoiseSchedule noise = flow ? new FlowNoiseSchedule(1000) : DiscreteNoiseSchedule.Linear(1000, 1e-4, 0.02);
        var solver = Ours.GetValueOrDefault(name, name);
        double[] times = [.. SolverGoldenTests.Numbers(golden.GetProperty("times")).Distinct()];
        var sigmas = golden.TryGetProperty("sigmas", out var s) ? SolverGoldenTests.Numbers(s) : [];
        if (name == "pndm")
        {
            // the halves of its Runge-Kutta steps are calls of the solver, not of the schedule
            times = [.. times.Where((_, i) => i > 5 || i % 2 == 0)];
        }

        var table = Solver.Table(Candidate.At(solver, times, sigmas.Length > 0 && sigmas[^1] > 0 ? 0 : null), noise);
        var draws = Golden.GetProperty("noise").EnumerateArray().Select(SolverGoldenTests.Numbers).ToList();
        var drawn = 0;
        // Most draw where they add noise; SA-Solver draws at every step, and k-diffusion's Euler before the step that our row ends at.
        int DrawOf(int row) => name == "euler churn" ? row + 1 : name.StartsWith("sa-solver", StringComparison.Ordinal) ? row : drawn++;
        if (!name.StartsWith("pndm", StringComparison.Ordinal) && !name.StartsWith("dpmpp-", StringComparison.Ordinal) && name != "euler churn")
        {
            table.Rows.Select(r => Math.Round(r.NetworkTime)).ShouldBe(SolverGoldenTests.Numbers(golden.GetProperty("times")).Select(t => Math.Round(t)), 0.5);
        }

        var final = RowExecutor.Run(
            table, flow ? PredictionType.Flow : PredictionType.Epsilon, Network,
            SolverGoldenTests.Numbers(Golden.GetProperty("start")), (row, z) => draws[DrawOf(row)].CopyTo(z, 0));

        // a network with learned variances gives them behind its prediction
        double[] Network(double[] x, NoiseLevel level) =>
            [.. x.Select(v => (0.8 * Math.Sin(v)) + (0.1 * level.Time / 1000)), .. table.LearnsNoise ? x.Select(Math.Tanh) : []];

        var expected = SolverGoldenTests.Numbers(golden.GetProperty("final"));
        var tolerance = solver == "lms" ? 2e-5 : 1e-9;
        final.Length.ShouldBe(expected.Length);
        for (var i = 0; i < expected.Length; i++)
        {
            final[i].ShouldBe(expected[i], tolerance * Math.Max(1, Math.Abs(expected[i])), $"{name}, element {i}");
        }
    }

}
