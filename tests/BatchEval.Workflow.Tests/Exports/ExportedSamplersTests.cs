using System.Text.Json.Nodes;
using BatchEval.Core.Sampling;

namespace BatchEval.Workflow.Tests.Exports;

/// <summary>Every generated Python file is executed, and samples what the engine samples from the same noise.</summary>
public sealed class ExportedSamplersTests : IDisposable
{
    // In units of the largest state (9 to 17 for solvers that add noise): the engine computes in single precision.
    private const double Tolerance = 3e-6;

    // Plain Python computes in double precision; the same rows in double precision are all but its own numbers.
    private const double ExactTolerance = 1e-10;

    private readonly string folder = Directory.CreateTempSubdirectory("batcheval-exports-").FullName;

    [Theory]
    [InlineData("discrete")]
    [InlineData("v")]
    [InlineData("sigma")]
    [InlineData("flow")]
    public void Programs_sample_alike_in_plain_Python(string process) => Sample(process, "pure");

    [Theory]
    [InlineData("svd")]
    [InlineData("edm")]
    [InlineData("zero")]
    [InlineData("flow-1")]
    public void Programs_sample_alike_on_rarer_processes(string process)
    {
        using var model = new FormulaModel(process);
        List<(string Name, ExportedCase Case)> cases = [.. ExportedCase.Some(model).Select(c => (c.Name, Case(model, c.Candidate)))];
        var results = PythonPrograms.Run("pure", cases.Select(c => c.Case));
        for (var i = 0; i < cases.Count; i++)
        {
            var (name, exported) = cases[i];
            exported.Miss(results[i]["sampler"]).ShouldBeLessThan(Tolerance, name);
            exported.ExactMiss(results[i]["sampler"]).ShouldBeLessThan(ExactTolerance, name);
            if (process == "zero")
            {
                results[i]["comfyui"]!["refused"]!.GetValue<string>().ShouldStartWith("pure noise: ", customMessage: name);
                results[i]["k_diffusion"]!["refused"]!.GetValue<string>().ShouldContain("pure noise: ", customMessage: name);
            }
            else
            {
                exported.Miss(results[i]["comfyui"]!["image"]).ShouldBeLessThan(Tolerance, name);
            }

            if (results[i]["diffusers"]!["own"]!.GetValue<bool>())
            {
                exported.Miss(results[i]["diffusers"]!["pipe"]).ShouldBeLessThan(Tolerance, name);
                exported.Miss(results[i]["diffusers"]!["loop"]).ShouldBeLessThan(Tolerance, name);
            }
        }
    }

    [PythonTheory("numpy")]
    [InlineData("discrete")]
    [InlineData("sigma")]
    [InlineData("flow")]
    public void Programs_sample_alike_on_numpy(string process) => Sample(process, "numpy");

    [PythonTheory("torch")]
    [InlineData("discrete")]
    [InlineData("sigma")]
    [InlineData("flow")]
    public void Programs_sample_alike_on_torch(string process) => Sample(process, "torch");

    [PythonTheory("numpy")]
    [InlineData("9")]
    public void Guidance_per_step_is_carried_out_by_sampler_py(string evaluations)
    {
        using var model = new FormulaModel("discrete");
        var exported = Case(model, new Candidate("ddim", [new(800), new(400, guidance: StepGuidance.Positive)]));
        var rows = JsonNode.Parse(File.ReadAllText(Path.Combine(exported.Folder, "sampler.json")))!["rows"]!.AsArray();
        rows.Select(r => r!["guidance"]!.GetValue<string>()).ShouldBe(["full", "positive"]);
        File.ReadAllText(Path.Combine(exported.Folder, "k-diffusion.py")).ShouldContain("guidance: at t = 400 the negative evaluation is left out");
        var (code, output, errors) = PythonPrograms.Start(["-B", Path.Combine(PythonPrograms.Folder, "guidance_steps.py"), exported.Folder], string.Empty);
        code.ShouldBe(0, errors);
        output.Trim().ShouldBe(evaluations);
    }

    [Fact]
    public void Clamping_skip_policies_and_times_between_whole_ones_are_exported()
    {
        using var model = new FormulaModel("discrete", clamped: true);
        double[] times = [820.25, 700, 600.5, 500, 400, 300, 200, 100, 40];
        using var thresholding = new FormulaModel("discrete", thresholded: true);
        List<ExportedCase> cases =
        [
            .. new[] { "tensor", "adaptive-released", "output" }.Select(rule => Case(model, new Candidate(
                "dpmpp-2m", times.Select(t => new CandidateStep(t)), new SkipPolicy(rule == "output" ? 0.3 : 0.9, maxConsecutive: 2, warmup: 3, order: 1, guard: 1, criterion: SkipPolicy.ParseCriterion(rule))))),
            Case(model, Candidate.At("heun", times)), Case(model, Candidate.At("ddim(clip-noise=0)", times)),
            Case(thresholding, Candidate.At("dpmpp-2m", times)), Case(thresholding, Candidate.At("ddim(eta=0.5)", times)),
        ];
        var results = PythonPrograms.Run("pure", cases);
        for (var i = 0; i < cases.Count; i++)
        {
            cases[i].Miss(results[i]["sampler"]).ShouldBeLessThan(Tolerance, $"{cases[i].Candidate}");
            cases[i].ExactMiss(results[i]["sampler"]).ShouldBeLessThan(ExactTolerance, $"{cases[i].Candidate}");
            cases[i].Miss(results[i]["comfyui"]!["image"]).ShouldBeLessThan(Tolerance, $"{cases[i].Candidate}");
            results[i]["diffusers"]!["own"]!.GetValue<bool>().ShouldBeTrue();
            cases[i].Miss(results[i]["diffusers"]!["pipe"]).ShouldBeLessThan(Tolerance, $"{cases[i].Candidate}");
        }

        results.Take(3).ShouldAllBe(r => r["calls"]!.GetValue<int>() < 27);
    }

    [PythonTheory("numpy")]
    [InlineData("numpy")]
    public void Variances_that_the_network_learned_are_sampled_with_by_sampler_py_and_refused_by_name_elsewhere(string mode)
    {
        using var model = new FormulaModel("discrete", learned: true);
        var exported = Case(model, Candidate.At("ddpm(learned=1)", model.Times));
        exported.Input["drops"] = true;

        var result = PythonPrograms.Run(mode, [exported])[0];

        exported.Miss(result["sampler"]).ShouldBeLessThan(Tolerance);
        result["diffusers_scheduler"]!.GetValue<string>().ShouldStartWith("learned: this sampler takes its noise from the network's variances");
        result["comfyui_node"]!.GetValue<string>().ShouldStartWith("learned:");
        File.ReadAllText(Path.Combine(exported.Folder, "k-diffusion.py")).ShouldContain("learned: noise is as wide as the network's variances say");
    }

    [Fact]
    public void A_network_without_variances_cannot_be_sampled_with_learned_ones()
    {
        using var model = new FormulaModel("discrete");
        Should.Throw<Core.Json.ProblemException>(() => Case(model, Candidate.At("ddpm(learned=1)", model.Times))).Message.ShouldContain("this network gives 1 channels, and 2 are needed");
    }

    [Fact]
    public void What_a_scheduler_cannot_do_is_refused_by_name_when_the_file_is_loaded()
    {
        using var model = new FormulaModel("discrete");
        var exported = Case(model, Candidate.At("ddim", model.Times));
        var path = Path.Combine(exported.Folder, "sampler.json");
        var document = JsonNode.Parse(File.ReadAllText(path))!;
        document["networks"]![0]!["droppedBlocks"] = new JsonArray("mid_attn");
        File.WriteAllText(path, document.ToJsonString());
        exported.Input["drops"] = true;

        var result = PythonPrograms.Run("pure", [exported])[0];

        result["diffusers_scheduler"]!.GetValue<string>().ShouldStartWith("drop: this sampler leaves out blocks");
        result["comfyui_node"]!.GetValue<string>().ShouldStartWith("drop: this sampler leaves out blocks");
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private void Sample(string process, string mode)
    {
        using var model = new FormulaModel(process);
        List<(string Name, ExportedCase Case)> cases = [.. ExportedCase.All(model).Select(c => (c.Name, Case(model, c.Candidate)))];
        var results = PythonPrograms.Run(mode, cases.Select(c => c.Case));
        results.Count.ShouldBe(cases.Count);
        cases.Count.ShouldBeGreaterThan(60);
        for (var i = 0; i < cases.Count; i++)
        {
            var (name, exported) = cases[i];
            exported.Miss(results[i]["sampler"]).ShouldBeLessThan(ToleranceOf(name), name);
            if (mode == "pure")
            {
                exported.ExactMiss(results[i]["sampler"]).ShouldBeLessThan(ExactTolerance, name);
            }

            results[i]["calls"]!.GetValue<int>().ShouldBe(3 * exported.Candidate.NetworkCalls, name);
            if (results[i]["comfyui"] is { } comfy)
            {
                exported.Miss(comfy["image"]).ShouldBeLessThan(ToleranceOf(name), name);
            }

            if (results[i]["diffusers"] is { } diffusers && diffusers["own"]!.GetValue<bool>())
            {
                exported.Miss(diffusers["pipe"]).ShouldBeLessThan(ToleranceOf(name), name);
                exported.Miss(diffusers["loop"]).ShouldBeLessThan(ToleranceOf(name), name);
                diffusers["calls"]!.GetValue<int>().ShouldBe(exported.Candidate.NetworkCalls, name);
            }
        }
    }

    // With steps as long as these it adds noise of five standard deviations on the way, to which single precision refers.
    private static double ToleranceOf(string name) => name.StartsWith("sde-dpm-", StringComparison.Ordinal) ? 10 * Tolerance : Tolerance;

    private ExportedCase Case(FormulaModel model, Candidate candidate) => new(model, candidate, Path.Combine(folder, $"{Directory.GetDirectories(folder).Length:D3}"));
}
