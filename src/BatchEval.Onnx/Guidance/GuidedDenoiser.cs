using BatchEval.Core.Sampling;
using BatchEval.Onnx.Networks;

namespace BatchEval.Onnx.Guidance;

/// <summary>One evaluation: a state at a noise level, of a sample with a label.</summary>
/// <param name="State">[C, H, W], alpha x0 + sigma eps.</param>
/// <param name="Time">The time that the network is told.</param>
/// <param name="Difference">Positive minus negative output of an earlier evaluation of the same sample; null where there is none yet.</param>
public readonly record struct DenoiserRow(
    ReadOnlyMemory<float> State, NoiseLevel Level, double Time, long Sample, int Label, StepGuidance Guidance = StepGuidance.Full, float[]? Difference = null);

/// <summary>What an evaluation gives.</summary>
/// <param name="Output">The guided network output [C, H, W]; [2C, H, W] with <see cref="GuidedDenoiser.KeepsVariances"/>.</param>
/// <param name="Difference">Positive minus negative output, where both were evaluated.</param>
public readonly record struct GuidedOutput(float[] Output, float[]? Difference);

/// <summary>
/// The one place between network and solver: it decides how many calls an evaluation takes, packs them into batches that the network allows,
/// and puts the results together. Safe to call from several threads.
/// </summary>
/// <param name="conditioning">What the network is fed.</param>
/// <param name="batchSize">Most rows in one network call.</param>
public sealed class GuidedDenoiser(ModelManifest manifest, Conditioning conditioning, Conditions conditions, int batchSize, ClassifierGradient? classifier = null)
{
    private readonly Conditioning conditioning = conditioning.With(ConstantConditions.Guidance(manifest, conditions.GuidanceScale));
    private long calls;

    /// <summary>Network evaluations made so far: one per sample and call, two where the negative half ran, too.</summary>
    public long Evaluations => Interlocked.Read(ref calls);

    internal ClassifierFreeGuidance Guidance { get; } = new(conditions, manifest);

    /// <summary>What the sampler clamps data predictions to; with a classifier they are clamped before its gradient is added, and not again.</summary>
    public DataLimit? LimitAfter => UsesClassifier ? null : manifest.Sample.Limit;

    /// <summary>Whether the learned variances of the positive half stay behind the outputs, which are then twice as long.</summary>
    public bool KeepsVariances { get; init; }

    private bool UsesClassifier => classifier is not null && conditions.ClassifierScale != 0;

    /// <summary>Packs evaluations into calls; each call holds as many as <see cref="Evaluate"/> may take at once.</summary>
    /// <returns>Positions in <paramref name="rows"/>.</returns>
    public IEnumerable<int[]> Batches(DenoiserNetwork network, IReadOnlyList<DenoiserRow> rows)
    {
        var limit = network.FixedBatch ?? batchSize;
        // Guided and unguided evaluations do not share calls, so that a batch of fixed size is filled; nor do different times where one is shared.
        return Enumerable.Range(0, rows.Count)
            .GroupBy(i => (Guidance.Doubles(rows[i]), network.TimePerSample ? 0 : rows[i].Time))
            .SelectMany(g => g.Chunk(g.Key.Item1 ? Math.Max(1, limit / 2) : limit));
    }

    /// <summary>Evaluates one batch of <see cref="Batches"/>.</summary>
    /// <param name="members">Positions of those to evaluate.</param>
    /// <returns>One result per member.</returns>
    public GuidedOutput[] Evaluate(DenoiserNetwork network, IReadOnlyList<DenoiserRow> rows, IReadOnlyList<int> members)
    {
        DenoiserRow[] batch = [.. members.Select(m => rows[m])];
        var size = manifest.Sample.Size;
        float[][] positive, variances = [];
        float[]?[] differences = new float[batch.Length][];
        if (Guidance.Doubles(batch[0]))
        {
            // Negative first, as most pipelines do; a network fixed to one row takes two calls.
            var halves = Call(network, [.. batch.Select(r => (r, true)), .. batch.Select(r => (r, false))]);
            (positive, variances) = Split(halves[batch.Length..]);
            for (var i = 0; i < batch.Length; i++)
            {
                differences[i] = Guidance.Combine(halves[i].AsSpan(0, size), positive[i]);
            }
        }
        else
        {
            (positive, variances) = Split(Call(network, [.. batch.Select(r => (r, false))]));
            for (var i = 0; i < batch.Length; i++)
            {
                Guidance.CombineCached(batch[i], positive[i].AsSpan(0, size));
            }
        }

        if (UsesClassifier)
        {
            classifier!.Guide(batch, positive, manifest, conditions.ClassifierScale);
        }

        return [.. Enumerable.Range(0, batch.Length).Select(i => new GuidedOutput(variances.Length == 0 ? positive[i] : [.. positive[i], .. variances[i]], differences[i]))];
    }

    /// <summary>What the rows of a call are fed.</summary>
    internal IReadOnlyList<Feed> Feeds(IReadOnlyList<ConditionRow> rows) => conditioning.For(rows);

    /// <summary>Counts evaluations that others make.</summary>
    internal void Count(int evaluations) => Interlocked.Add(ref calls, evaluations);

    private (float[][] Predictions, float[][] Variances) Split(float[][] outputs) =>
        KeepsVariances ? ([.. outputs.Select(o => o[..manifest.Sample.Size])], [.. outputs.Select(o => o[manifest.Sample.Size..])]) : (outputs, []);

    private float[][] Call(DenoiserNetwork network, (DenoiserRow Row, bool Negative)[] rows)
    {
        Count(rows.Length);
        return [.. rows.Chunk(network.FixedBatch ?? rows.Length).SelectMany(part => CallOnce(network, part))];
    }

    private float[][] CallOnce(DenoiserNetwork network, (DenoiserRow Row, bool Negative)[] rows)
    {
        var size = manifest.Sample.Size;
        var count = network.FixedBatch ?? rows.Length;
        var (states, times, who) = (new float[count * size], new float[count], new ConditionRow[count]);
        for (var i = 0; i < count; i++)
        {
            // A batch of fixed size is filled up with its first row.
            var (row, negative) = rows[i < rows.Length ? i : 0];
            row.State.Span.CopyTo(states.AsSpan(i * size));
            times[i] = (float)row.Time;
            who[i] = new ConditionRow(row.Sample, row.Label, negative);
        }

        var output = new float[count * network.OutputSize];
        network.Run(states, times, conditioning.For(who), output);
        // What follows the first C channels are learned variances.
        return [.. Enumerable.Range(0, rows.Length).Select(i => output.AsSpan(i * network.OutputSize, KeepsVariances ? network.OutputSize : size).ToArray())];
    }
}
