using System.Text.Json.Nodes;
using BatchEval.Core.Randomness;
using BatchEval.Core.Sampling;
using BatchEval.Core.Sampling.Skipping;
using BatchEval.Core.Sampling.Solvers;
using BatchEval.Onnx.Networks;
using BatchEval.Onnx.Sampling;
using BatchEval.Workflow.Exports;

namespace BatchEval.Workflow.Tests.Exports;

/// <summary>One candidate, exported into a folder, with what the engine samples from the same noise.</summary>
internal sealed class ExportedCase
{
    private const int Samples = 3;
    private const int Size = 4;
    private readonly FormulaModel model;

    /// <param name="model">The model.</param>
    /// <param name="candidate">The candidate.</param>
    /// <param name="folder">An empty folder.</param>
    public ExportedCase(FormulaModel model, Candidate candidate, string folder)
    {
        (this.model, Candidate, Folder) = (model, candidate, folder);
        var noise = new NoiseBank(0);
        Subject = new ExportSubject(candidate, model.Opened.Manifest, Conditions.None);
        Directory.CreateDirectory(folder);
        foreach (var (name, text) in ExportBundle.Files(Subject))
        {
            File.WriteAllText(Path.Combine(folder, name), text);
        }

        File.WriteAllText(Path.Combine(folder, "alone.py"), ExportBundle.Print("diffusers", Subject));
        Expected = [.. new SamplingEngine(model.Opened, noise, Conditions.None).Run([.. Enumerable.Range(0, Samples).Select(i => (candidate, (long)i))]).SelectMany(r => r.Failure is null ? r.Image : throw new InvalidOperationException(r.Failure))];
        Input = new JsonObject
        {
            ["folder"] = folder,
            ["network"] = Numbers(model.Constants),
            ["learned"] = model.Learned,
            ["shape"] = new JsonArray(Samples, 1, 2, 2),
            ["noise"] = Numbers(Draw(noise, NoiseBank.StartDraw)),
            ["draws"] = new JsonArray([.. Enumerable.Range(0, Subject.Table.Rows.Count).Where(r => Subject.Table.Rows[r].Next.Noise != 0).Select(r => Numbers(Draw(noise, r + 1)))]),
            ["ratios"] = model.Schedule is DiscreteNoiseSchedule discrete ? Numbers(Enumerable.Range(0, 1000).Select(t => Math.Min(1e9, discrete.At(t).Ratio))) : null,
        };
    }

    public Candidate Candidate { get; }

    public ExportSubject Subject { get; }

    public string Folder { get; }

    /// <summary>Final states of the engine, all samples.</summary>
    public float[] Expected { get; }

    /// <summary>The case for run_exports.py.</summary>
    public JsonObject Input { get; }

    /// <summary>Largest difference between a program's states and the engine's, in units of the largest state where that is above 1: the engine has seven digits.</summary>
    public double Miss(JsonNode? states) => Largest(states, [.. Expected.Select(x => (double)x)]) / Math.Max(1, Expected.Max(Math.Abs));

    /// <summary>Largest difference between a program's states, computed in double precision, and the rows executed in double precision here.</summary>
    public double ExactMiss(JsonNode? states) => Largest(states, Exact());

    private static double Largest(JsonNode? states, double[] expected)
    {
        double[] got = [.. states!.AsArray().Select(v => v!.GetValue<double>())];
        got.Length.ShouldBe(expected.Length);
        return got.Zip(expected, (a, b) => Math.Abs(a - b)).Max();
    }

    // The same network and the same noise as the engine's, without ONNX Runtime and without single precision.
    private double[] Exact()
    {
        var (manifest, noise) = (model.Opened.Manifest, new NoiseBank(0));
        var scale = manifest.Schedule.StartScale(Subject.Table.Rows[0].Level);
        return [.. Enumerable.Range(0, Samples).SelectMany(sample =>
        {
            double[] start = [.. Sample(noise, sample, NoiseBank.StartDraw).Select(z => scale * z)];
            var (steps, row) = (new StepOutputs<double>(Candidate, Subject.Table, start), 0);
            return RowExecutor.Run(
                Subject.Table, manifest.Denoiser.Prediction,
                (x, level) =>
                {
                    if (steps.NeedsCall(row))
                    {
                        steps.Take(row, model.Network(x, level.Time));
                    }

                    return steps.Output(row);
                },
                start, (r, z) => Sample(noise, sample, r + 1).CopyTo(z, 0), manifest.Sample.Limit, (_, x) => steps.Observe(row++, x));
        })];
    }

    /// <summary>Every solver with and without noise of its own, plain, with an end, with a reused output, and with a reused output that is extrapolated.</summary>
    public static IEnumerable<(string Name, Candidate Candidate)> All(FormulaModel model)
    {
        foreach (var solver in SolverRegistry.All.Select(d => d.Name).Concat(["ddim(eta=0.5)", "ddim(clip-noise=0,eta=1)", "euler-ancestral(eta=0.5)", "dpmpp-3m(diffusers=1)", "unipc(order=3)"]))
        {
            CandidateStep[] steps = [.. model.Times.Select(t => new CandidateStep(t))], reusing = [.. model.Times.Select((t, i) => new CandidateStep(t, reuse: i == 2))];
            yield return ($"{solver} plain", new Candidate(solver, steps));
            yield return ($"{solver} end", new Candidate(solver, steps, end: model.End));
            yield return ($"{solver} reuse", new Candidate(solver, reusing));
            yield return ($"{solver} extrapolated", new Candidate(solver, reusing, new SkipPolicy(0, order: 1, warmup: 3)));
        }
    }

    /// <summary>Some solvers on the processes that fewer models have: networks with EDM's preconditioning, no signal at the end, u as the time.</summary>
    public static IEnumerable<(string Name, Candidate Candidate)> Some(FormulaModel model)
    {
        string[] solvers = model.Process == "zero" ? ["ddim", "dpmpp-2m", "ddpm", "dpmpp-2s"] : ["ddim", "heun", "dpmpp-2m", "dpmpp-sde", "unipc", "ddim(eta=0.5)", .. model.Process == "flow-1" ? ["lcm", "sa-solver"] : Array.Empty<string>()];
        foreach (var solver in solvers)
        {
            yield return ($"{solver} plain", Candidate.At(solver, model.Times));
            yield return ($"{solver} end", Candidate.At(solver, model.Times, model.End));
        }

        var told = model.Process == "zero" ? 640 : model.Times[2] + (0.05 * (model.Times[1] - model.Times[2]));
        yield return ("ddim told", new Candidate("ddim", model.Times.Select((t, i) => new CandidateStep(t, numbers: i == 2 ? new StepNumbers { NetworkTime = told } : null))));
    }

    private static float[] Draw(NoiseBank noise, int draw) => [.. Enumerable.Range(0, Samples).SelectMany(i => Sample(noise, i, draw)).Select(z => (float)z)];

    private static double[] Sample(NoiseBank noise, int sample, int draw)
    {
        var drawn = new float[Size];
        noise.Fill(sample, draw, drawn);
        return [.. drawn.Select(z => (double)z)];
    }

    private static JsonArray Numbers(IEnumerable<double> values) => new([.. values.Select(v => JsonValue.Create(v))]);

    private static JsonArray Numbers(IEnumerable<float> values) => Numbers(values.Select(v => (double)v));
}
