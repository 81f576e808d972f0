using System.Globalization;
using BatchEval.Onnx.Networks;

namespace BatchEval.Workflow.Exports;

/// <summary>What a form of another tool can express beside a list of levels.</summary>
/// <param name="Clamps">Clamped data predictions.</param>
/// <param name="Ends">An end above 0, where the state is scaled as the model was trained.</param>
/// <param name="Fractions">Times between whole ones.</param>
/// <param name="FreeStart">Start noise of any scale; otherwise that of the tool at the first level.</param>
internal sealed record FormAbilities(bool Clamps = false, bool Ends = false, bool Fractions = false, bool FreeStart = true);

/// <summary>Why a candidate cannot be handed over by a form, each reason by the name of what is in the way.</summary>
internal static class Obstacles
{
    private const string Learning = "learned: noise is as wide as the network's variances say";

    private const string Infinite = "pure noise: the network is called where no signal is left, where sigma / alpha is infinite";

    private static string Dropping(Candidate candidate) => $"drop: at t = {Times(candidate, s => s.Drop.Count > 0)} blocks are left out";

    private static string Halving(Candidate candidate) => $"guidance: at t = {Times(candidate, s => s.Guidance != StepGuidance.Full)} the negative evaluation is left out";

    /// <summary>The reasons; empty when the form holds all of the candidate.</summary>
    public static IReadOnlyList<string> Of(ExportSubject subject, FormAbilities form, double startOfTool)
    {
        var (candidate, sample) = (subject.Candidate, subject.Manifest.Sample);
        var found = new List<string>();
        void Add(bool holds, string reason)
        {
            if (holds)
            {
                found.Add(reason);
            }
        }

        Add(candidate.Steps.Any(s => s.Drop.Count > 0), Dropping(candidate));
        Add(candidate.Steps.Any(s => s.Reuse), $"reuse: at t = {Times(candidate, s => s.Reuse)} an earlier network output is used again");
        Add(candidate.HasGuidance, Halving(candidate));
        Add(candidate.Skip is { Threshold: > 0 }, "skip: calls are left out image by image");
        Add(subject.Table.LearnsNoise, Learning);
        Add(subject.HasPureNoise, Infinite);
        Add(subject.Solver.DepartsOn(subject.Levels, subject.Schedule.Process) is not null, subject.Solver.DepartsOn(subject.Levels, subject.Schedule.Process) ?? string.Empty);
        Add(
            subject.Schedule.TimeInput != TimeInput.Real && subject.Table.Rows.Any(r => !subject.Levels.Contains(r.Level)),
            "calls between levels: this network can be told certain times only, and is called at the levels of those");
        Add(!subject.IsPlain, "numbers of its own: the steps are not those of the named solver");
        Add(sample.Limit is { Quantile: null } clamp && !(form.Clamps && clamp.Low == -clamp.High), $"clampDenoised: data predictions are clamped to [{PythonText.Number(sample.Limit?.Low ?? 0)}, {PythonText.Number(sample.Limit?.High ?? 0)}]");
        Add(sample.Limit is { Quantile: not null }, $"thresholding: data predictions are limited to the {PythonText.Number(sample.Limit?.Quantile ?? 0)} quantile of their magnitudes, sample by sample");
        Add(candidate.End is not null && !form.Ends, FormattableString.Invariant($"end: sampling stops at t = {candidate.End}"));
        Add(subject.Schedule.Process == NoiseProcess.Discrete && !subject.HasWholeTimes && !form.Fractions, $"times between whole ones: t = {Times(candidate, s => s.Time != Math.Round(s.Time))}");
        Add(!form.FreeStart && Math.Abs((subject.StartScale / startOfTool) - 1) > 1e-5, "start: the noise that sampling starts from has another scale there");
        return found;
    }

    /// <summary>What no sampler inside ComfyUI or a pipeline of diffusers can do, our own included; each reason by name.</summary>
    /// <param name="infinite">Whether the tool keeps its state in units of x / alpha.</param>
    public static IReadOnlyList<string> OfHosts(ExportSubject subject, bool infinite)
    {
        var candidate = subject.Candidate;
        (bool Holds, string Reason)[] all =
        [
            (candidate.Steps.Any(s => s.Drop.Count > 0), Dropping(candidate)), (candidate.HasGuidance, Halving(candidate)), (subject.Table.LearnsNoise, Learning), (infinite && subject.HasPureNoise, Infinite),
        ];
        return [.. all.Where(r => r.Holds).Select(r => r.Reason)];
    }

    /// <summary>Guidance that a form does not carry out, each member by name.</summary>
    /// <param name="conditions">What the candidate was measured under.</param>
    /// <param name="rescales">Whether the form holds guidance rescale.</param>
    /// <param name="interval">How a user brings in the guidance interval.</param>
    public static IEnumerable<string> Guidance(Conditions conditions, bool rescales, string interval)
    {
        if (conditions.GuidanceRescale != 0 && !rescales)
        {
            yield return $"Not in this file: guidance rescale {PythonText.Number(conditions.GuidanceRescale)} (arXiv 2305.08891).";
        }

        if (conditions.GuidanceInterval is [var low, var high])
        {
            yield return $"Not in this file: guidance only where sigma / alpha is in ({PythonText.Number(low)}, {PythonText.Number(high)}]; {interval}.";
        }

        if (conditions.ClassifierScale != 0)
        {
            yield return $"Not in this file: classifier guidance with scale {PythonText.Number(conditions.ClassifierScale)}.";
        }
    }

    private static string Times(Candidate candidate, Func<CandidateStep, bool> where) =>
        string.Join(", ", candidate.Steps.Where(where).Select(s => s.Time.ToString(CultureInfo.InvariantCulture)));
}
