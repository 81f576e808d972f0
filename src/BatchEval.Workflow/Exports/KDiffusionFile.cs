using BatchEval.Core.Sampling.Solvers;

namespace BatchEval.Workflow.Exports;

/// <summary><c>k-diffusion.py</c>: the function of k-diffusion that computes the same, or why there is none.</summary>
internal static class KDiffusionFile
{
    private static readonly FormAbilities Abilities = new(Ends: true, Fractions: true);

    private static string Lacking(ExportSubject subject) =>
        SolverRegistry.Find(subject.Candidate.Solver.Split('(')[0])?.Elsewhere.KDiffusion is { } function
            ? $"k-diffusion's {function} computes something else than {subject.Candidate.Solver} (docs/solvers.md says where we differ)"
            : $"k-diffusion has no {subject.Candidate.Solver}";

    public static string Write(ExportSubject subject)
    {
        var peer = subject.Schedule.Process == NoiseProcess.Flow ? null : subject.Solver.KSamplerOn(subject.Schedule.Process);
        List<string> obstacles =
        [
            .. subject.Schedule.Process == NoiseProcess.Flow ? ["flow: k-diffusion has no models that are trained on straight lines"] : Array.Empty<string>(),
            .. peer is null && subject.Schedule.Process != NoiseProcess.Flow ? [Lacking(subject)] : Array.Empty<string>(),
            .. Obstacles.Of(subject, Abilities, subject.StartScale),
        ];
        var guidance = Obstacles.Guidance(subject.Conditions, rescales: false, "the model's wrapper sees every sigma");
        var sigmas = $"sigmas = torch.tensor({PythonText.List(subject.Sigmas)})\n";
        if (obstacles.Count > 0)
        {
            return PythonText.Comment([$"{subject.Candidate.Solver}, {subject.Candidate.Steps.Count} steps. k-diffusion cannot run it: {string.Join("; ", obstacles)}.", "sampler.py beside this file runs it on any network; these are its levels.", subject.Ending, .. guidance])
                + $"import torch\n\n{sigmas}\n\ndef sample(model, noise, **options):\n    raise NotImplementedError({PythonText.Quoted($"k-diffusion cannot run this sampler: {string.Join("; ", obstacles)}. Use sampler.py.")})\n";
        }

        var options = string.Concat(peer!.Options.Select(o => $", {o.Name}={o.Value}"));
        return PythonText.Comment(
            [
                $"{subject.Candidate.Solver}, {subject.Candidate.Steps.Count} steps: sample_{peer.Name} of k-diffusion{(options.Length > 0 ? $" with {options[2..]}" : string.Empty)}.", subject.Ending,
                $"Guidance is the model's matter{(subject.Conditions.IsGuided ? $"; it was measured with scale {PythonText.Number(subject.Conditions.GuidanceScale)}" : string.Empty)}. Data predictions are not clamped.",
                .. guidance,
            ])
            + $"import torch\nfrom k_diffusion.sampling import sample_{peer.Name}\n\n{sigmas}\n\n"
            + "def sample(model, noise, **options):\n"
            + "    '''model(x, sigma) gives the clean image, as the wrappers of k_diffusion.external do; noise is standard normal.'''\n"
            + $"    return {(subject.Levels[^1].Alpha == 1 ? string.Empty : $"{PythonText.Number(subject.Levels[^1].Alpha)} * ")}sample_{peer.Name}(model, {PythonText.Number(subject.StartScale / subject.Levels[0].Alpha)} * noise, sigmas.to(noise.device){options}, **options)\n";
    }
}
