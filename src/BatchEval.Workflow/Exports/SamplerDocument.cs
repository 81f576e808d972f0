using System.Text.Json.Nodes;
using BatchEval.Core.Sampling.Solvers;
using BatchEval.Onnx.Networks;

namespace BatchEval.Workflow.Exports;

/// <summary><c>sampler.json</c>: everything that a sampler does, as numbers. Its readers are the Python files beside it; docs/exports.md has every member.</summary>
internal static class SamplerDocument
{
    public const int Format = 1;

    public static JsonObject Write(ExportSubject subject)
    {
        var (candidate, table) = (subject.Candidate, subject.Table);
        return new JsonObject
        {
            ["format"] = Format,
            ["solver"] = candidate.Solver,
            ["candidate"] = JsonNode.Parse(CandidateJson.Write(candidate)),
            ["noise"] = "At a level the state is alpha * image + sigma * noise, as the network was trained; sampling starts from startScale * noise.",
            ["ending"] = subject.Ending,
            ["model"] = Model(subject),
            ["guidance"] = Guidance(subject.Conditions),
            ["clamp"] = subject.Manifest.Sample.Limit is { Quantile: null } clamp ? new JsonArray(clamp.Low, clamp.High) : null,
            ["thresholding"] = subject.Manifest.Sample.Limit is { Quantile: { } ratio } limit ? new JsonObject { ["ratio"] = ratio, ["max"] = limit.High } : null,
            ["startScale"] = subject.StartScale,
            ["history"] = table.History,
            ["levels"] = new JsonArray([.. subject.Levels.Select(l => Level(l, subject.Schedule))]),
            ["networks"] = new JsonArray([.. subject.Networks.Select(n => new JsonObject { ["file"] = n.File, ["droppedBlocks"] = new JsonArray([.. n.DroppedBlocks.Select(b => JsonValue.Create(b))]) })]),
            ["reuse"] = new JsonArray([.. candidate.Steps.Select(s => JsonValue.Create(s.Reuse))]),
            ["stepsComputationMask"] = new JsonArray([.. subject.ComputedSteps.Select(c => JsonValue.Create(c ? 1 : 0))]),
            ["skip"] = candidate.Skip is { } skip ? Skip(skip) : null,
            ["mostComputedSteps"] = candidate.MostComputedSteps,
            ["networkCalls"] = candidate.NetworkCalls,
            ["rows"] = Rows(subject, table),
        };
    }

    public static JsonArray Rows(ExportSubject subject, CoefficientTable table) => new([.. table.Rows.Select(r => Row(subject, r))]);

    private static JsonObject Guidance(Conditions conditions) => new()
    {
        ["scale"] = conditions.GuidanceScale,
        ["rescale"] = conditions.GuidanceRescale,
        ["interval"] = conditions.GuidanceInterval is [var low, var high] ? new JsonArray(low, high) : null,
        ["classifier"] = conditions.ClassifierScale,
    };

    private static JsonObject Model(ExportSubject subject)
    {
        var (manifest, entry) = (subject.Manifest, subject.Manifest.Denoiser);
        return new JsonObject
        {
            ["name"] = manifest.Name,
            ["process"] = manifest.Schedule.Process.ToString().ToLowerInvariant(),
            ["prediction"] = entry.Prediction.ToString().ToLowerInvariant(),
            ["trainSteps"] = manifest.Schedule.TrainSteps,
            ["sigmaData"] = (manifest.Schedule as LogSigmaNoiseSchedule)?.SigmaData,
            ["timeScale"] = (manifest.Schedule as FlowNoiseSchedule)?.TimeScale,
            ["shape"] = new JsonArray(manifest.Sample.Channels, manifest.Sample.Height, manifest.Sample.Width),
            ["names"] = new JsonObject { ["sample"] = entry.SampleInput, ["time"] = entry.TimeInput, ["labels"] = entry.LabelInput, ["context"] = entry.ContextInput, ["output"] = entry.Output },
            ["timeFactor"] = entry.TimeFactor,
            ["packed"] = entry.Packed,
            ["contexts"] = entry.ContextFile is { } contexts ? Path.GetFileName(contexts) : null,
            ["images"] = entry.ImagesFile is { } images ? Path.GetFileName(images) : null,
            ["classes"] = manifest.Labels?.Count,
            ["nullLabel"] = manifest.Labels?.Null,
            ["label"] = subject.Conditions.Label is { } label ? label : null,
        };
    }

    private static JsonObject Level(NoiseLevel level, NoiseSchedule schedule) => new()
    {
        ["time"] = level.IsClean ? null : level.Time, ["alpha"] = level.Alpha, ["sigma"] = level.Sigma, ["ratio"] = Finite(schedule.SigmaOf(level)),
    };

    /// <summary>A number as JSON holds it: null for sigma / alpha where no signal is left.</summary>
    public static JsonNode? Finite(double value) => double.IsFinite(value) ? value : null;

    private static JsonObject Row(ExportSubject subject, SolverRow row)
    {
        var step = subject.Candidate.Steps[row.Step];
        var (fromState, fromNetwork) = row.Prediction(subject.Manifest.Denoiser.Prediction);
        return new JsonObject
        {
            ["step"] = row.Step,
            ["time"] = row.NetworkTime,
            ["levelTime"] = row.Level.Time,
            ["alpha"] = row.Level.Alpha,
            ["sigma"] = row.Level.Sigma,
            ["network"] = step.Reuse ? null : Enumerable.Range(0, subject.Networks.Count).First(n => subject.Networks[n].Drop.SequenceEqual(step.Drop)),
            ["guidance"] = CandidateJson.NameOf(step.Guidance),
            ["outputScale"] = row.OutputScale,
            ["predict"] = new JsonObject { ["state"] = fromState, ["network"] = fromNetwork },
            ["learnedNoise"] = row.LearnedNoise,
            ["remember"] = row.Remembered is { } kept ? Combination(kept) : null,
            ["next"] = Combination(row.Next),
            ["nextAnchor"] = row.NextAnchor is { } anchor ? Combination(anchor) : null,
        };
    }

    private static JsonObject Combination(LinearCombination c) => new()
    {
        ["state"] = c.State, ["anchor"] = c.Anchor, ["raw"] = c.Raw, ["data"] = new JsonArray([.. c.Data.Select(d => JsonValue.Create(d))]), ["noise"] = c.Noise,
    };

    private static JsonObject Skip(SkipPolicy skip) => new()
    {
        ["threshold"] = skip.Threshold, ["maxConsecutive"] = skip.MaxConsecutive, ["warmup"] = skip.Warmup, ["order"] = skip.Order, ["guard"] = skip.Guard,
        ["maxCalls"] = skip.MaxCalls, ["criterion"] = skip.CriterionName,
    };
}
