using System.Text.Json;
using BatchEval.Core.Sampling;
using BatchEval.Core.Sampling.Solvers;
using BatchEval.Tests.Shared;

namespace BatchEval.Core.Tests.Sampling;

/// <summary>Every solver against an independent implementation in double precision (tools/golden/solvers.py), state by state, to 1e-10 relative.</summary>
public sealed class SolverGoldenTests
{
    private static readonly JsonElement Golden = Read("solvers/solvers.json");

    public static TheoryData<string, string> Cases => new()
    {
        { "ddim", "ddim" },
        { "ddim(eta=1)", "ddim-eta1" },
        { "ddim(eta=0.5)", "ddim-eta0.5" },
        { "ddim(clip-noise=0)", "ddim-clamp" },
        { "ddim", "ddim-clamp-recompute" },
        { "ddpm", "ddpm" },
        { "ddpm", "ddpm-clamp" },
        { "euler", "euler" },
        { "euler-ancestral", "euler-ancestral" },
        { "heun", "heun" },
        { "dpmpp-1", "dpmpp-1" },
        { "dpmpp-2m", "dpmpp-2m" },
        { "dpmpp-2m", "dpmpp-2m-clamp" },
        { "dpmpp-3m(diffusers=1)", "dpmpp-3m-lower-order-final" },
        { "dpmpp-3m", "dpmpp-3m-exact" },
        { "sde-dpmpp-1", "sde-dpmpp-1" },
        { "sde-dpmpp-2m", "sde-dpmpp-2m" },
        { "unipc(order=1)", "unipc-1" },
        { "unipc", "unipc-2" },
        { "unipc(order=3)", "unipc-3" },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Matches_the_independent_implementation(string solver, string name)
    {
        var golden = Golden.GetProperty("cases").EnumerateArray().Single(c => c.GetProperty("name").GetString() == name);
        var schedule = DiscreteNoiseSchedule.Linear(1000, 1e-4, 0.02);
        var candidate = Candidate.At(solver, Numbers(Golden.GetProperty("timesteps")));
        var noise = Golden.GetProperty("noise").EnumerateArray().Select(Numbers).ToArray();
        var clamp = golden.GetProperty("options").TryGetProperty("clamp", out _) ? new DataLimit(-1, 1) : null;
        var states = new List<(int Step, double[] State)>();

        RowExecutor.Run(
            Solver.Table(candidate, schedule), PredictionType.Epsilon, Network, Numbers(Golden.GetProperty("start")),
            (row, z) => noise[row].CopyTo(z, 0), clamp, (row, state) => states.Add((row.Step, state)));

        candidate.NetworkCalls.ShouldBe(golden.GetProperty("networkCalls").GetInt32());
        var expected = golden.GetProperty("states").EnumerateArray().Select(Numbers).ToArray();
        var actual = states.GroupBy(s => s.Step).Select(g => g.Last().State).ToArray();
        actual.Length.ShouldBe(expected.Length);
        for (var step = 0; step < expected.Length; step++)
        {
            for (var i = 0; i < expected[step].Length; i++)
            {
                actual[step][i].ShouldBe(expected[step][i], 1e-10 * Math.Max(1, Math.Abs(expected[step][i])), $"{name}, step {step}, element {i}");
            }
        }
    }

    [Theory]
    [InlineData(PredictionType.Epsilon, "epsilon")]
    [InlineData(PredictionType.V, "v")]
    [InlineData(PredictionType.Sample, "data")]
    public void Every_prediction_type_gives_the_same_data_prediction(PredictionType type, string member)
    {
        var golden = Read("solvers/predictions.json");
        var (p, q) = DataPrediction.For(type, DiscreteNoiseSchedule.Linear(1000, 1e-4, 0.02).At(golden.GetProperty("timestep").GetDouble()));
        var (x, output, data) = (Numbers(golden.GetProperty("x")), Numbers(golden.GetProperty(member)), Numbers(golden.GetProperty("data")));
        for (var i = 0; i < x.Length; i++)
        {
            ((p * x[i]) + (q * output[i])).ShouldBe(data[i], 1e-12);
        }
    }

    internal static JsonElement Read(string file) =>
        JsonDocument.Parse(File.ReadAllText(Path.Combine(RepoPaths.Root, "tests", "Golden", file))).RootElement;

    internal static double[] Numbers(JsonElement array) => [.. array.EnumerateArray().Select(e => e.GetDouble())];

    private static double[] Network(double[] x, NoiseLevel level) => [.. x.Select(v => (0.8 * Math.Sin(v)) + (0.1 * level.Time / 1000))];
}
