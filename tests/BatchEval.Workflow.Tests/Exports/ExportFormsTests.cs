using System.Text.Json.Nodes;
using BatchEval.Core.Sampling;
using BatchEval.Onnx.Networks;
using BatchEval.Workflow.Exports;

namespace BatchEval.Workflow.Tests.Exports;

/// <summary>Which class, sampler and list each form names, and what it says is not in it. Class parameters: Python/peers.json, recorded from diffusers, k-diffusion and ComfyUI.</summary>
public sealed class ExportFormsTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("batcheval-forms-").FullName;

    [Fact]
    public void Each_solver_names_the_class_that_computes_the_same_with_every_option_in_code()
    {
        (string Process, string Solver, string Class, string Argument, (string, string)[] Options)[] expected =
        [
            ("discrete", "ddim", "EulerDiscreteScheduler", "timesteps", [("timestep_spacing", "leading"), ("use_karras_sigmas", "False"), ("final_sigmas_type", "zero"), ("prediction_type", "epsilon")]),
            ("v", "euler", "EulerDiscreteScheduler", "timesteps", [("prediction_type", "v_prediction"), ("interpolation_type", "linear"), ("rescale_betas_zero_snr", "False")]),
            ("discrete", "ddpm", "DDPMScheduler", "timesteps", [("variance_type", "fixed_small"), ("clip_sample", "False")]),
            ("discrete", "heun", "HeunDiscreteScheduler", "timesteps", [("clip_sample", "False"), ("use_beta_sigmas", "False")]),
            ("discrete", "dpmpp-1", "DPMSolverMultistepScheduler", "timesteps", [("solver_order", "1"), ("algorithm_type", "dpmsolver++")]),
            ("discrete", "dpmpp-2m", "DPMSolverMultistepScheduler", "timesteps", [("solver_order", "2"), ("lower_order_final", "False"), ("euler_at_final", "False"), ("use_lu_lambdas", "False")]),
            ("discrete", "dpmpp-3m(diffusers=1)", "DPMSolverMultistepScheduler", "timesteps", [("solver_order", "3"), ("lower_order_final", "True")]),
            ("discrete", "sde-dpmpp-2m", "DPMSolverMultistepScheduler", "timesteps", [("algorithm_type", "sde-dpmsolver++"), ("solver_order", "2"), ("solver_type", "midpoint")]),
            ("flow", "euler", "FlowMatchEulerDiscreteScheduler", "sigmas", [("shift", "1.0"), ("use_dynamic_shifting", "False"), ("shift_terminal", "None")]),
            ("flow", "ddim", "FlowMatchEulerDiscreteScheduler", "sigmas", [("stochastic_sampling", "False")]),
            ("sigma", "ddim", "EDMEulerScheduler", "sigmas", [("sigma_schedule", "karras"), ("final_sigmas_type", "zero")]),
            ("svd", "euler", "EDMEulerScheduler", "sigmas", [("sigma_data", "1"), ("prediction_type", "v_prediction")]),
            ("edm", "euler", "EDMEulerScheduler", "sigmas", [("sigma_data", "0.5"), ("prediction_type", "epsilon")]),
        ];
        foreach (var (process, solver, name, argument, options) in expected)
        {
            using var model = new FormulaModel(process);
            var diffusers = Run(model, Candidate.At(solver, model.Times))["diffusers"]!;
            diffusers["own"]!.GetValue<bool>().ShouldBeFalse($"{process} {solver}");
            diffusers["class"]!.GetValue<string>().ShouldBe(name);
            double[] given = [.. diffusers["given"]![argument]!.AsArray().Select(v => v!.GetValue<double>())];
            diffusers["again"]!.ToJsonString().ShouldBe(diffusers["given"]!.ToJsonString());
            given.ShouldBe(process switch { "flow" => model.Times.Select(t => t / 1000), "sigma" => model.Times.Select(s => Position(s, model.Times[0])),
                "svd" or "edm" => model.Times.Select(t => Position(Math.Exp(4 * t), Start(model))), _ => model.Times }, 1e-9, $"{process} {solver}");
            options.ShouldAllBe(o => diffusers["options"]![o.Item1]!.GetValue<string>() == o.Item2);
        }
    }

    [Theory]
    [InlineData("discrete", "ddim", "euler", "")]
    [InlineData("discrete", "ddim(eta=0.5)", "euler_ancestral", "0.5")]
    [InlineData("discrete", "ddpm", "euler_ancestral", "1")]
    [InlineData("sigma", "heun", "heun", "")]
    [InlineData("v", "dpmpp-2m", "dpmpp_2m", "")]
    [InlineData("sigma", "sde-dpmpp-2m", "dpmpp_2m_sde", "1")]
    public void K_diffusion_is_called_by_function_and_options(string process, string solver, string function, string eta)
    {
        using var model = new FormulaModel(process);
        var result = Run(model, Candidate.At(solver, model.Times))["k_diffusion"]!;
        result["function"]!.GetValue<string>().ShouldBe($"sample_{function}");
        (result["options"]!["eta"]?.GetValue<string>() ?? string.Empty).ShouldBe(eta);
    }

    [Theory]
    [InlineData("sde-dpmpp-2m(heun=1,s-noise=0.9)", "dpmpp_2m_sde", "s_noise=0.9, solver_type=heun")]
    [InlineData("sde-dpmpp-2m(eta=0.5)", "dpmpp_2m_sde", "solver_type=midpoint")]
    [InlineData("sde-dpmpp-3m(s-noise=0.9)", "dpmpp_3m_sde", "s_noise=0.9")]
    [InlineData("dpmpp-2s-ancestral(eta=0.5)", "dpmpp_2s_ancestral", "eta=0.5, s_noise=1")]
    [InlineData("lms(order=3)", "lms", "order=3")]
    public void K_diffusion_and_ComfyUI_get_every_option(string solver, string function, string options)
    {
        using var model = new FormulaModel("discrete");
        var result = Run(model, Candidate.At(solver, [999, 600, 300, 100]));
        result["k_diffusion"]!["function"]!.GetValue<string>().ShouldBe($"sample_{function}");
        var given = result["k_diffusion"]!["options"]!.AsObject().ToDictionary(o => o.Key, o => o.Value!.GetValue<string>());
        foreach (var option in options.Split(", ").Select(o => o.Split('=')))
        {
            given[option[0]].ShouldBe(option[1]);
        }

        var workflow = result["workflow"]!;
        if (workflow["sampler"]!.GetValue<string>() == "BatchEvalSearchedSampler")
        {
            function.ShouldBeOneOf("lms", "dpmpp_2s_ancestral");
            return;
        }

        var inputs = workflow["inputs"]!.AsObject().ToDictionary(i => i.Key, i => i.Value!.ToString());
        inputs.GetValueOrDefault("s_noise").ShouldBe(given.GetValueOrDefault("s_noise", "1"));
        inputs.GetValueOrDefault("eta").ShouldBe(given["eta"]);
        inputs.GetValueOrDefault("solver_type").ShouldBe(given.GetValueOrDefault("solver_type"));
    }

    [Fact]
    public void Heun_above_a_ratio_of_200_is_handed_over_as_our_own()
    {
        using var model = new FormulaModel("cosine");
        var files = ExportBundle.Files(new ExportSubject(Candidate.At("heun", model.Times), model.Opened.Manifest, Conditions.None));
        foreach (var form in new[] { "diffusers.py", "k-diffusion.py", "comfyui-sigmas.txt" })
        {
            files[form].ShouldContain("heun: above sigma / alpha = 200");
        }

        Run(model, Candidate.At("heun", [900, 500, 100]))["k_diffusion"]!["function"]!.GetValue<string>().ShouldBe("sample_heun");
    }

    [Theory]
    [InlineData(0.99770, "trailing")]
    [InlineData(1, "leading")]
    public void The_start_noise_of_a_folders_own_scheduler_is_that_classs(double scale, string spacing)
    {
        using var model = new FormulaModel("v");
        var at = model.Schedule.At(999).Sigma;
        var candidate = new Candidate("euler", [new(999), new(500), new(100)], startScale: scale < 1 ? at : scale);
        Run(model, candidate)["diffusers"]!["options"]!["timestep_spacing"]!.GetValue<string>().ShouldBe(spacing);
        var other = ExportBundle.Files(new ExportSubject(new Candidate("euler", [new(999), new(500)], startScale: 0.9), model.Opened.Manifest, Conditions.None))["diffusers.py"];
        other.ShouldContain("start: the noise that sampling starts from has another scale there");
        other.ShouldNotContain("numbers of its own");
    }

    [Fact]
    public void What_runs_in_no_pipeline_and_no_node_is_sent_to_the_program_that_runs_it()
    {
        using var model = new FormulaModel("discrete");
        var files = ExportBundle.Files(new ExportSubject(new Candidate("ddim", [new(800, [0]), new(300)]), model.Opened.Manifest, Conditions.None, [new([0], "a.onnx", ["block"]), new([], "b.onnx", [])]));
        files["diffusers.py"].ShouldContain("Not in diffusers: drop: at t = 800 blocks are left out");
        files["diffusers.py"].ShouldNotContain("TableScheduler");
        files["comfyui-sigmas.txt"].ShouldStartWith("Not in ComfyUI: drop: at t = 800 blocks are left out");
        files["comfyui-sigmas.txt"].ShouldNotContain("comfyui_node.py");
        files["comfyui-workflow.json"].ShouldContain("this node refuses it: drop");
    }

    [Fact]
    public void Lists_for_a_network_of_whole_times_hold_the_levels_that_are_sampled()
    {
        using var model = new FormulaModel("discrete", wholeTimes: true);
        var package = BatchEval.Onnx.Packages.ModelPackage.Open(model.Opened.Package.Directory);
        package.Manifest.Schedule.TimeInput.ShouldBe(TimeInput.Whole);
        var subject = new ExportSubject(Candidate.At("euler", [820.4, 599.7, 149.5]), package.Manifest, Conditions.None);
        subject.Levels.SkipLast(1).Select(l => l.Time).ShouldBe([820, 600, 150]);
        subject.Sigmas[0].ShouldBe(subject.Table.Rows[0].Level.Ratio);
        var files = ExportBundle.Files(subject);
        files["diffusers.py"].ShouldContain("timesteps = [820, 600, 150]");
        files["diffusers.py"].ShouldContain("EulerDiscreteScheduler");
        files["comfyui-sigmas.txt"].ShouldNotContain("numbers of its own");
    }

    [Fact]
    public void A_network_that_an_EDM_scheduler_does_not_fit_is_not_handed_to_one()
    {
        using var model = new FormulaModel("sigma");
        var manifest = model.Opened.Manifest with { Denoiser = model.Opened.Manifest.Denoiser with { Prediction = PredictionType.Epsilon } };
        ExportBundle.Files(new ExportSubject(Candidate.At("euler", model.Times), manifest, Conditions.None))["diffusers.py"].ShouldContain("prediction: the class is for networks with EDM's preconditioning");
    }

    [Theory]
    [InlineData("unipc", "k-diffusion has no unipc")]
    [InlineData("dpmpp-sde", "k-diffusion's sample_dpmpp_sde computes something else")]
    [InlineData("dpmpp-3m", "k-diffusion has no dpmpp-3m")]
    public void What_k_diffusion_lacks_is_refused_by_name(string solver, string words)
    {
        using var model = new FormulaModel("discrete");
        Run(model, Candidate.At(solver, model.Times))["k_diffusion"]!["refused"]!.GetValue<string>().ShouldContain(words);
    }

    [Fact]
    public void ComfyUI_gets_a_workflow_with_its_own_sampler_where_it_computes_the_same_and_with_our_node_where_not()
    {
        using var discrete = new FormulaModel("discrete");
        using var flow = new FormulaModel("flow");
        var plain = Run(discrete, Candidate.At("dpmpp-2m", [999, 500, 100]))["workflow"]!;
        plain["sampler"]!.GetValue<string>().ShouldBe("KSamplerSelect");
        plain["inputs"]!["sampler_name"]!.GetValue<string>().ShouldBe("dpmpp_2m");
        plain["sigmas"]!.GetValue<string>().ShouldEndWith(", 0");
        Run(discrete, Candidate.At("ddim(eta=0.25)", [999, 500, 100]))["workflow"]!["inputs"]!["eta"]!.GetValue<double>().ShouldBe(0.25);
        Run(discrete, Candidate.At("sde-dpmpp-2m", [999, 500, 100]))["workflow"]!["sampler"]!.GetValue<string>().ShouldBe("SamplerDPMPP_2M_SDE");
        Run(flow, Candidate.At("euler", flow.Times))["workflow"]!["sigmas"]!.GetValue<string>().ShouldBe("0.95, 0.8, 0.5, 0.25, 0.06, 0");
        foreach (var (model, candidate) in new[]
        {
            (flow, Candidate.At("heun", flow.Times)), (flow, Candidate.At("dpmpp-2m", flow.Times)), (flow, Candidate.At("euler-ancestral", flow.Times)), (discrete, Candidate.At("unipc", [999, 500])),
            (discrete, Candidate.At("euler", [600, 300])), (discrete, Candidate.At("euler", [999, 300.5])), (discrete, Candidate.At("euler", [999, 300], end: 10)),
            (discrete, new Candidate("euler", [new(999), new(300, reuse: true)])),
        })
        {
            Run(model, candidate)["workflow"]!["sampler"]!.GetValue<string>().ShouldBe("BatchEvalSearchedSampler", $"{candidate}");
        }
    }

    [Fact]
    public void The_printed_form_for_diffusers_needs_no_file_beside_it()
    {
        using var model = new FormulaModel("discrete");
        var exported = new ExportedCase(model, new Candidate("unipc", [.. model.Times.Select((t, i) => new CandidateStep(t, reuse: i == 2))]), Path.Combine(folder, "alone"));
        exported.Input["diffusers"] = "alone.py";
        foreach (var file in new[] { "diffusers_scheduler.py" })
        {
            File.Copy(Path.Combine(exported.Folder, file), Path.Combine(folder, file));
        }

        exported.Miss(PythonPrograms.Run("pure", [exported])[0]["diffusers"]!["pipe"]).ShouldBeLessThan(1e-5);
    }

    [Fact]
    public void Every_member_that_a_form_cannot_hold_is_named_in_it()
    {
        using var model = new FormulaModel("discrete", clamped: true);
        var manifest = model.Opened.Manifest;
        var candidate = new Candidate("dpmpp-2m", [new(900.5), new(600, reuse: true), new(500), new(400), new(300)], new SkipPolicy(0.1, warmup: 3), end: 100);
        var files = ExportBundle.Files(new ExportSubject(candidate, manifest, Conditions.None));
        foreach (var words in new[] { "reuse: at t = 600", "skip: calls are left out image by image", "clampDenoised: data predictions are clamped to [-1, 1]", "end: sampling stops at t = 100", "times between whole ones: t = 900.5" })
        {
            files["diffusers.py"].ShouldContain(words);
            files["comfyui-sigmas.txt"].ShouldContain(words);
        }

        using var limited = new FormulaModel("discrete", thresholded: true);
        var thresholded = ExportBundle.Files(new ExportSubject(Candidate.At("ddpm", [900, 500]), limited.Opened.Manifest, Conditions.None));
        foreach (var form in new[] { "diffusers.py", "k-diffusion.py", "comfyui-sigmas.txt" })
        {
            thresholded[form].ShouldContain("thresholding: data predictions are limited to the 0.6 quantile");
        }

        files["k-diffusion.py"].ShouldContain("reuse: at t = 600");
        files["diffusers.py"].ShouldContain("steps_computation_mask = [1, 0, 1, 1, 1]");
        JsonNode.Parse(files["schedule.json"])!["stepsComputationMask"]!.ToJsonString().ShouldBe("[1,0,1,1,1]");
        files["k-diffusion.py"].ShouldContain("clampDenoised: data predictions are clamped to [-1, 1]");
        var guided = ExportBundle.Files(new ExportSubject(Candidate.At("ddim", [900, 500]), manifest, new Conditions(null, 2.5) { GuidanceRescale = 0.7, GuidanceInterval = [0.3, 5], ClassifierScale = 1.5 }));
        foreach (var words in new[] { "guidance only where sigma / alpha is in (0.3, 5]", "classifier guidance with scale 1.5" })
        {
            guided["diffusers.py"].ShouldContain(words);
            guided["k-diffusion.py"].ShouldContain(words);
            guided["comfyui-sigmas.txt"].ShouldContain(words);
            guided["comfyui-workflow.json"].ShouldContain(words);
        }

        foreach (var form in new[] { "k-diffusion.py", "comfyui-sigmas.txt", "comfyui-workflow.json" })
        {
            guided[form].ShouldContain("guidance rescale 0.7");
        }

        guided["diffusers.py"].ShouldContain("guidance_scale=2.5, guidance_rescale=0.7");
        JsonNode.Parse(guided["comfyui-workflow.json"])!["6"]!["inputs"]!["cfg"]!.GetValue<double>().ShouldBe(2.5);
    }

    [Fact]
    public void Small_sigmas_have_no_exponent()
    {
        using var model = new FormulaModel("sigma");
        var candidate = Candidate.At("euler", [80, 0.002]);
        PythonText.Numbers([80, 1e-5, 1.5e-7, 0, 2e-5]).ShouldBe("80, 0.00001, 0.00000015, 0, 0.00002");
        ExportBundle.Files(new ExportSubject(candidate, model.Opened.Manifest, Conditions.None))["comfyui-sigmas.txt"].Split('\n')[0].ShouldBe("80, 0.002, 0");
    }

    [Fact]
    public void The_ending_is_told_as_it_is()
    {
        using var model = new FormulaModel("discrete");
        Ending(Candidate.At("euler", [900, 455])).ShouldBe("The last network call is made at the last level before 0; its data prediction is the image.");
        Ending(Candidate.At("euler", [900, 455], end: 0)).ShouldStartWith("Sampling stops at t = 0 (sigma 0.0100005");

        string Ending(Candidate candidate) => JsonNode.Parse(ExportBundle.Files(new ExportSubject(candidate, model.Opened.Manifest, Conditions.None))["schedule.json"])!["ending"]!.GetValue<string>();
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    // what the start noise is multiplied with: 1 or c_in sigma, in units of x0 + sigma eps
    private static double Start(FormulaModel model) => model.Schedule.At(model.Times[0]) is var first ? model.Schedule.StartScale(first) / first.Alpha : 0;

    private static double Position(double sigma, double first)
    {
        double Root(double s) => Math.Pow(s, 1.0 / 7);
        var high = Math.Sqrt((first * first) - 1);
        return (Root(high) - Root(sigma)) / (Root(high) - Root(0.002));
    }

    private JsonNode Run(FormulaModel model, Candidate candidate) =>
        PythonPrograms.Run("pure", [new ExportedCase(model, candidate, Path.Combine(folder, $"{Directory.GetDirectories(folder).Length:D3}"))])[0];
}
