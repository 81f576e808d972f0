using BatchEval.Core.Sampling;
using Microsoft.ML.OnnxRuntime;

namespace BatchEval.Onnx.Networks;

/// <summary>What a denoising network declares, checked against its manifest: names, types, ranks and extents.</summary>
internal sealed class DenoiserSignature
{
    private readonly IReadOnlyDictionary<string, TensorInput> conditions;
    private readonly double timeFactor;

    private DenoiserSignature(TensorInput sample, TensorInput time, TensorInput output, Dictionary<string, TensorInput> conditions, double timeFactor, string file) =>
        (Sample, Time, Output, this.conditions, this.timeFactor, File) = (sample, time, output, conditions, timeFactor, file);

    public TensorInput Sample { get; }

    public TensorInput Time { get; }

    public TensorInput Output { get; }

    /// <summary>File name for messages.</summary>
    public string File { get; }

    /// <summary>True when one call can hold samples at different times.</summary>
    public bool TimePerSample { get; private init; }

    /// <summary>The batch size that the graph is fixed to, or null.</summary>
    public int? FixedBatch { get; private init; }

    public int OutputChannels { get; private init; }

    /// <summary>Whether states are packed into tokens.</summary>
    public bool Packed { get; private init; }

    /// <summary>Reads what a network declares.</summary>
    /// <exception cref="ProblemException">Everything that does not fit the manifest.</exception>
    public static DenoiserSignature Of(IReadOnlyList<TensorInput> inputs, IReadOnlyList<TensorInput> outputs, ModelManifest manifest, string file)
    {
        var (entry, shape) = (manifest.Denoiser, manifest.Sample);
        var declared = inputs.ToDictionary(i => i.Name, StringComparer.Ordinal);
        TensorInput Input(string name) => TensorInput.Find(inputs, name, "input", file);
        var (sample, time, output) = (Input(entry.SampleInput), Input(entry.TimeInput), TensorInput.Find(outputs, entry.Output, "output", file));
        var conditions = entry.ConditionInputs.Select(Input).ToDictionary(i => i.Name, StringComparer.Ordinal);
        string[] fed = [sample.Name, time.Name, .. conditions.Keys];
        var problems = new List<Problem>();
        void Report(string message) => problems.Add(new Problem(string.Empty, message));
        foreach (var unfed in inputs.Where(i => !fed.Contains(i.Name)))
        {
            Report($"has the input '{unfed.Name}' {unfed.ShapeText}, which nothing supplies; the manifest names {string.Join(", ", fed)}.");
        }

        CheckState(sample, shape, entry.Packed, 1, "input", Report, entry.ImagesFile is not null);
        var factor = CheckState(output, shape, entry.Packed, 2, "output", Report);
        var batches = new[] { sample, output }.Concat(conditions.Values.Where(c => HasBatchAxis(c, entry))).Where(t => t.Rank > 0 && t.Shape[0] > 0).ToList();
        CheckTime(time, manifest.Schedule, Report);
        CheckLabels(entry, declared, manifest.Labels, Report);
        var perSample = time.Rank == 1 && time.Shape[0] != 1;
        if (perSample && time.Shape[0] > 1)
        {
            batches.Add(time);
        }

        if (batches.Select(b => b.Shape[0]).Distinct().Count() > 1)
        {
            Report($"fixes different batch sizes: {string.Join(", ", batches.Select(b => $"'{b.Name}' {b.ShapeText}"))}.");
        }

        return problems.Count == 0
            ? new DenoiserSignature(sample, time, output, conditions, entry.TimeFactor, file)
            {
                TimePerSample = perSample, FixedBatch = batches.Count > 0 ? batches[0].Shape[0] : null, OutputChannels = factor * shape.Channels, Packed = entry.Packed,
            }
            : throw new ProblemException(file, problems);
    }

    /// <summary>The value of the time input: one number where all samples share it.</summary>
    public OrtValue TimeValue(float[] times)
    {
        var values = timeFactor == 1 ? times : Array.ConvertAll(times, t => (float)(t * timeFactor));
        return TimePerSample ? Time.Create(values, [values.Length]) : Time.Create([values[0]], Time.Rank == 0 ? [] : [1]);
    }

    /// <summary>The value of another input.</summary>
    /// <exception cref="ProblemException">Its rank or extents are not what the network declares.</exception>
    public OrtValue Value(Feed feed)
    {
        if (!conditions.TryGetValue(feed.Input, out var input))
        {
            throw new ProblemException($"{File} has no input '{feed.Input}'; it has: {string.Join(", ", conditions.Keys)}.");
        }

        var (data, shape) = input.Rank == 2 && feed.Shape.Length == 1 ? OneHot(feed.Data, input.Shape[1]) : (feed.Data, feed.Shape);
        var fits = input.Rank == shape.Length && input.Shape.Zip(shape).All(p => p.First <= 0 || p.First == p.Second);
        return fits
            ? input.Create(data, shape)
            : throw new ProblemException($"Input '{input.Name}' of {File} is declared {input.ShapeText}; what the model supplies has the shape [{string.Join(", ", shape)}].");
    }

    // EDM: a label as a row of zeros with a one, and of zeros alone for none.
    private static (float[] Data, long[] Shape) OneHot(float[] labels, int classes)
    {
        var rows = new float[labels.Length * classes];
        for (var i = 0; i < labels.Length; i++)
        {
            if (labels[i] >= 0 && labels[i] < classes)
            {
                rows[(i * classes) + (int)labels[i]] = 1;
            }
        }

        return (rows, [labels.Length, classes]);
    }

    private static bool HasBatchAxis(TensorInput input, DenoiserEntry entry) =>
        !entry.Conditions.Any(c => c.Value == input.Name && c.Key is ConditionRole.TextIds or ConditionRole.ImageIds);

    // Returns how many times the state's channels there are. Where images are joined to it, there are more of them.
    private static int CheckState(TensorInput tensor, SampleEntry shape, bool packed, int most, string role, Action<string> report, bool joined = false)
    {
        int[] wanted = packed ? [LatentPacking.Tokens(shape), 4 * shape.Channels] : [shape.Channels, shape.Height, shape.Width];
        var factor = !packed && tensor.Rank == 4 && tensor.Shape[1] == most * shape.Channels ? most : 1;
        if (!packed)
        {
            wanted[0] *= factor;
        }

        bool Fits(int declared, int axis) => declared <= 0 || declared == wanted[axis] || (joined && axis == 0 && declared > wanted[0]);
        if (tensor.Rank != wanted.Length + 1 || !tensor.Shape.Skip(1).Select(Fits).All(fits => fits))
        {
            report($"has the {role} '{tensor.Name}' of shape {tensor.ShapeText}; the manifest's sample wants [batch, {string.Join(", ", wanted)}]{(joined ? " with the channels of the images behind its own" : string.Empty)}.");
        }

        return factor;
    }

    private static void CheckTime(TensorInput time, NoiseSchedule schedule, Action<string> report)
    {
        if (time.Rank > 1)
        {
            report($"has the time input '{time.Name}' with {time.Rank} dimensions; a time input is a scalar, one number for all samples, or a vector with one entry per sample.");
        }

        if (time.IsInteger && schedule is not DiscreteNoiseSchedule)
        {
            var kind = schedule is FlowNoiseSchedule ? "flow" : "sigma";
            report($"has the time input '{time.Name}' of whole numbers ({time.Type}), but times of the schedule '{kind}' are fractions ({schedule.MinTime:G4} to {schedule.MaxTime:G6}), which rounding would spoil. "
                + "Is the schedule in the manifest right? Integer times belong to linear, scaled-linear, cosine, betas or alphas.");
        }
    }

    private static void CheckLabels(DenoiserEntry entry, Dictionary<string, TensorInput> declared, LabelsEntry? labels, Action<string> report)
    {
        if (entry.LabelInput is null || !declared.TryGetValue(entry.LabelInput, out var label))
        {
            return;
        }

        if (label.Rank is 0 or > 2)
        {
            report($"has the label input '{label.Name}' {label.ShapeText}; labels are a vector [batch], or rows of zeros with a one [batch, classes].");
        }
        else if (label.Rank == 2 && label.Shape[1] > 0 && labels is not null && label.Shape[1] != labels.Count)
        {
            report($"has the label input '{label.Name}' {label.ShapeText}; the manifest counts {labels.Count} classes.");
        }
    }
}
