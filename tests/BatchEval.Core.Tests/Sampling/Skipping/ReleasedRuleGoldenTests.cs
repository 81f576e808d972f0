using System.Text.Json;
using BatchEval.Core.Sampling;
using BatchEval.Core.Sampling.Skipping;
using BatchEval.Tests.Shared;

namespace BatchEval.Core.Tests.Sampling.Skipping;

/// <summary>The rule <c>adaptive-released</c> against an independent transcription (tools/golden/skipping.py): every mask exact.</summary>
public sealed class ReleasedRuleGoldenTests
{
    private static readonly JsonElement Golden = SolverGoldenTests.Read("skipping/masks.json");

    [Fact]
    public void Masks_on_the_recorded_trajectory_are_exact()
    {
        var latents = Latents();
        foreach (var golden in Golden.GetProperty("recorded").EnumerateArray())
        {
            // The release knows no start state: whatever stands in for it must not matter with its four warm-up steps.
            var decider = new SkipDecider<float>(Policy(golden), latents.Length, latents[7]);
            var runs = new List<bool>();
            foreach (var latent in latents)
            {
                runs.Add(decider.Decide());
                decider.Observe(latent);
            }

            ToyRun.Bits(runs).ShouldBe(golden.GetProperty("runs").GetString(), golden.GetRawText());
        }
    }

    [Fact]
    public void Masks_and_final_states_in_the_loop_are_exact()
    {
        var loop = Golden.GetProperty("loop");
        foreach (var golden in loop.GetProperty("cases").EnumerateArray())
        {
            var times = Enumerable.Range(0, 50).Select(k => 999.0 - (20 * k));
            var candidate = new Candidate("ddim", times.Select(t => new CandidateStep(t)), Policy(golden));
            var run = ToyRun.Run(candidate, SolverGoldenTests.Numbers(loop.GetProperty("start")));
            ToyRun.Bits(run.Executed).ShouldBe(golden.GetProperty("runs").GetString());
            var expected = SolverGoldenTests.Numbers(golden.GetProperty("final"));
            for (var i = 0; i < expected.Length; i++)
            {
                run.Final[i].ShouldBe(expected[i], 1e-9 * Math.Max(1, Math.Abs(expected[i])));
            }
        }
    }

    private static SkipPolicy Policy(JsonElement golden) => new(
        golden.GetProperty("threshold").GetDouble(), golden.GetProperty("maxConsecutive").GetInt32(), criterion: SkipCriterion.Released);

    // [50, 64] float32, little-endian, behind a version 1 header
    private static float[][] Latents()
    {
        var bytes = File.ReadAllBytes(Path.Combine(RepoPaths.Root, "tests", "Golden", "skipping", "latents.npy"));
        var start = 10 + BitConverter.ToUInt16(bytes, 8);
        return [.. Enumerable.Range(0, 50).Select(k => Enumerable.Range(0, 64).Select(i => BitConverter.ToSingle(bytes, start + (4 * ((64 * k) + i)))).ToArray())];
    }
}
