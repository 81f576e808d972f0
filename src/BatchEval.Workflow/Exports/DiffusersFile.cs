using System.Text.Json;
using BatchEval.Core.Sampling.Solvers;

namespace BatchEval.Workflow.Exports;

/// <summary><c>diffusers.py</c>: the class of diffusers that computes the same, or our own scheduler where there is none.</summary>
internal static class DiffusersFile
{
    /// <summary>The text.</summary>
    /// <param name="alone">True to write <c>diffusers_scheduler.py</c> and <c>sampler.json</c> into it where they are needed, for a text that has no files beside it.</param>
    public static string Write(ExportSubject subject, bool alone = false)
    {
        if (Obstacles.OfHosts(subject, infinite: false) is { Count: > 0 } refused)
        {
            var why = string.Join("; ", refused);
            return PythonText.Comment([$"{subject.Candidate.Solver}, {subject.Candidate.Steps.Count} steps. Not in diffusers: {why}.", "sampler.py with sampler.json runs it, on the ONNX files or on any network.", subject.Ending, .. Notes(subject)])
                + $"raise NotImplementedError({PythonText.Quoted($"diffusers cannot run this sampler: {why}. Use sampler.py.")})\n";
        }

        if (subject.Solver.DiffusersOn(subject.Schedule.Process) is not { } peer)
        {
            return OwnScheduler(subject, [$"diffusers has no scheduler that is {subject.Candidate.Solver} on this model and takes a list of levels"], alone);
        }

        var form = DiffusersClass.All[peer.Class];
        var obstacles = Obstacles.Of(subject, form.Abilities, DiffusersClass.StartOf(peer.Class, subject)).ToList();
        if (DiffusersClass.Misfit(peer.Class, subject) is { } misfit)
        {
            obstacles.Add(misfit);
        }

        if (form.List == ListArgument.KarrasPositions && StartSigma(subject) <= 1.01)
        {
            obstacles.Add("start: the class starts from noise above 1");
        }

        return obstacles.Count == 0 ? Class(subject, peer, form) : OwnScheduler(subject, obstacles.Prepend($"{peer.Class} cannot run it"), alone);
    }

    private static string Class(ExportSubject subject, DiffusersScheduler peer, DiffusersClass form)
    {
        var (argument, list) = List(subject, form);
        var edm = form.List == ListArgument.KarrasPositions;
        IEnumerable<(string Name, string Value)> options =
        [
            .. peer.Options, .. DiffusersClass.OfModel(peer.Class, subject), .. form.Options,
            .. edm ? [("sigma_min", "low"), ("sigma_max", "high"), ("rho", "7.0")] : Array.Empty<(string, string)>(),
        ];
        options = options.DistinctBy(o => o.Name); // the solver's own come first, then the model's
        return PythonText.Comment(
            [
                $"{subject.Candidate.Solver}, {subject.Candidate.Steps.Count} steps: {peer.Class} of diffusers, checked with {DiffusersClass.Version}.",
                subject.Ending,
                .. edm && subject.Schedule is SigmaNoiseSchedule ? ["For pipelines whose network takes c_in x and 0.25 ln sigma (EDM); the scheduler then gives the clean sample that was searched on."] : Array.Empty<string>(),
                .. Notes(subject),
                $"Pipelines that do not take {argument}=, and networks without a pipeline: sample() below. Image-to-image: strength=1.0.",
            ])
            + (edm ? "import torch\n" : string.Empty) + $"from diffusers import {peer.Class}\n\n"
            + (edm ? Positions(subject) : string.Empty)
            + $"pipe.scheduler = {peer.Class}.from_config(\n    pipe.scheduler.config,\n{string.Concat(options.OrderBy(o => o.Name, StringComparer.Ordinal).Select(o => $"    {o.Name}={o.Value},\n"))})\n"
            + $"{argument} = {list}\n"
            + StartLine(subject)
            + $"image = pipe(prompt, {argument}={argument}{Start(subject)}{Guidance(subject)}).images[0]\n"
            + Loop($"{argument}={argument}", subject.Schedule.Process == NoiseProcess.Flow, subject.Table.IsStochastic);
    }

    private static string OwnScheduler(ExportSubject subject, IEnumerable<string> reasons, bool alone)
    {
        var skips = subject.Candidate.Skip is not null || subject.Candidate.Steps.Any(s => s.Reuse);
        var load = alone ? $"TableScheduler(json.loads(r'''{SamplerDocument.Write(subject).ToJsonString(Compact)}'''))" : "TableScheduler.from_file(\"sampler.json\")";
        return PythonText.Comment(
            [
                $"{subject.Candidate.Solver}, {subject.Candidate.Steps.Count} steps, by a scheduler of our own: {string.Join("; ", reasons)}.",
                subject.Ending,
                .. Notes(subject),
                alone ? "Everything it needs is in this text." : "Put diffusers_scheduler.py and sampler.json beside this file.",
                "Networks without a pipeline: sample() below. Image-to-image: strength=1.0.",
            ])
            + (alone ? SamplerReaders.Program("diffusers_scheduler.py") + "\n\n" : "from diffusers_scheduler import TableScheduler\n\n")
            + $"pipe.scheduler = {load}\n"
            + (skips ? "pipe.scheduler.attach(pipe)  # leaves out the calls of the network that no image needs\n" : string.Empty)
            + StartLine(subject)
            + $"image = pipe(prompt, num_inference_steps=len(pipe.scheduler.rows){Start(subject)}{Guidance(subject)}).images[0]\n"
            + Loop(string.Empty, flow: false, subject.Table.IsStochastic);
    }

    private static (string Argument, string List) List(ExportSubject subject, DiffusersClass form) => form.List switch
    {
        ListArgument.KarrasPositions => ("sigmas", "torch.tensor([(high ** (1 / 7) - level ** (1 / 7)) / (high ** (1 / 7) - low ** (1 / 7)) for level in levels], dtype=torch.float64)"),
        ListArgument.FlowSigmas => ("sigmas", PythonText.List(subject.Sigmas.SkipLast(1))),
        ListArgument.TimestepsOrSigmas when !subject.HasWholeTimes => ("sigmas", PythonText.List(subject.Sigmas)),
        _ => ("timesteps", PythonText.List(subject.Times)),
    };

    // What the start noise is multiplied with in units of x0 + sigma eps
    private static double StartSigma(ExportSubject subject) => subject.StartScale / subject.Levels[0].Alpha;

    // The class starts from sqrt(sigma_max^2 + 1), whatever the list
    private static string Positions(ExportSubject subject) =>
        PythonText.Comment(["The class takes positions on its own Karras curve in place of sigmas, and starts from noise of standard deviation sqrt(high ** 2 + 1)."])
        + $"levels = {PythonText.List(subject.Sigmas.SkipLast(1))}\n"
        + $"low, high = {PythonText.Number(Math.Min(subject.Sigmas[^2], 0.002))}, ({PythonText.Number(StartSigma(subject))} ** 2 - 1) ** 0.5\n";

    private static IEnumerable<string> Notes(ExportSubject subject)
    {
        if (subject.Candidate.Steps.Any(s => s.Reuse))
        {
            yield return $"Network computed at each step (1) or not (0), as caching libraries take it: steps_computation_mask = [{string.Join(", ", subject.ComputedSteps.Select(c => c ? 1 : 0))}]";
        }

        foreach (var note in Obstacles.Guidance(subject.Conditions, rescales: true, "set pipe.guidance_scale in callback_on_step_end"))
        {
            yield return note;
        }

        if (subject.Candidate.Skip is { Threshold: > 0 })
        {
            yield return "The skip policy decides image by image, so there is no fixed list of computed steps.";
        }
    }

    // Flow pipelines start from noise of scale 1 whatever the first level
    private static string StartLine(ExportSubject subject) => NeedsStart(subject)
        ? $"# The first level is below u = 1, and pipelines do not scale their noise: give standard normal noise in the pipeline's own shape, scaled.\nlatents = {PythonText.Number(subject.StartScale)} * noise\n"
        : string.Empty;

    private static string Start(ExportSubject subject) => NeedsStart(subject) ? ", latents=latents" : string.Empty;

    private static bool NeedsStart(ExportSubject subject) => subject.Schedule.Process == NoiseProcess.Flow && Math.Abs(subject.StartScale - 1) > 1e-6;

    private static string Guidance(ExportSubject subject) =>
        (subject.Manifest.Labels is null && !subject.Conditions.IsGuided ? string.Empty : $", guidance_scale={PythonText.Number(subject.Conditions.GuidanceScale)}")
        + (subject.Conditions.GuidanceRescale == 0 ? string.Empty : $", guidance_rescale={PythonText.Number(subject.Conditions.GuidanceRescale)}");

    private static string Loop(string list, bool flow, bool stochastic)
    {
        var (parameter, argument) = stochastic ? (", generator=None", ", generator=generator") : (string.Empty, string.Empty);
        return $"""


            def sample(network, noise{parameter}):
                '''The loop of a pipeline: network(x, t) gives the network's output, guidance included; noise is {(flow ? "the start state" : "standard normal")}.'''
                scheduler = pipe.scheduler
                scheduler.set_timesteps({list})
                x = {(flow ? "noise" : "noise * scheduler.init_noise_sigma")}
                for t in scheduler.timesteps:
                    x = scheduler.step(network({(flow ? "x" : "scheduler.scale_model_input(x, t)")}, t), t, x{argument}, return_dict=False)[0]
                return x

            """.ReplaceLineEndings("\n");
    }

    private static readonly JsonSerializerOptions Compact = new();
}
