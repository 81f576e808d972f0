using System.Numerics.Tensors;
using BatchEval.Core.Randomness;
using BatchEval.Core.Sampling.Solvers;

namespace BatchEval.Onnx.Sampling;

/// <summary>One sample of one candidate on its way from noise to image.</summary>
internal sealed class Lane
{
    private readonly (float Low, float High)? clamp;
    private readonly List<float[]> history = [];
    private readonly float[] raw;
    private float[] next;
    private float[]? anchor;
    private float[]? nextAnchor;

    public Lane(SamplingPlan plan, long sample, int label, float[] start, (float Low, float High)? clamp)
    {
        (Plan, Sample, Label, State, this.clamp) = (plan, sample, label, start, clamp);
        raw = new float[start.Length];
        next = new float[start.Length];
        Executed = new bool[plan.Table.Rows.Count];
        if (plan.Table.Rows.Any(r => r.NextAnchor is not null))
        {
            (anchor, nextAnchor) = ((float[])start.Clone(), new float[start.Length]);
        }
    }

    public SamplingPlan Plan { get; }

    public long Sample { get; }

    public int Label { get; }

    public float[] State { get; private set; }

    /// <summary>Last network output; the one that a step without a call works with.</summary>
    public float[]? Output { get; set; }

    /// <summary>Which rows called the network.</summary>
    public bool[] Executed { get; }

    public string? Failure { get; private set; }

    public bool IsActive(int row) => Failure is null && row < Plan.Table.Rows.Count;

    public bool NeedsCall(int row) => !Plan.StepOf(row).Reuse;

    /// <summary>Takes the row's linear combination; <see cref="Output"/> holds the network output to use.</summary>
    public void Advance(int index, NoiseBank noise)
    {
        var row = Plan.Table.Rows[index];
        var output = Output ?? throw new InvalidOperationException("A step without a call needs an earlier output.");
        if (!float.IsFinite(TensorPrimitives.SumOfMagnitudes<float>(output)))
        {
            Failure = $"The network output is not finite at step {row.Step} (t = {row.Level.Time}), sample {Sample}.";
            return;
        }

        PredictData(index, output);
        Combine(row.Next, next, index, noise);
        if (row.NextAnchor is { } keep)
        {
            Combine(keep, nextAnchor!, index, noise);
            (anchor, nextAnchor) = (nextAnchor, anchor);
        }

        (State, next) = (next, State);
    }

    private void PredictData(int index, float[] output)
    {
        var (p, q) = Plan.Data[index];
        TensorPrimitives.Multiply(State, (float)p, raw);
        TensorPrimitives.MultiplyAdd(output, (float)q, raw, raw);
        var data = history.Count == Plan.Table.History ? history[^1] : new float[raw.Length];
        if (history.Count == Plan.Table.History)
        {
            history.RemoveAt(history.Count - 1);
        }

        raw.CopyTo(data, 0);
        if (clamp is { } range)
        {
            TensorPrimitives.Max(data, range.Low, data);
            TensorPrimitives.Min(data, range.High, data);
        }

        history.Insert(0, data);
    }

    private void Combine(LinearCombination c, float[] destination, int index, NoiseBank noise)
    {
        TensorPrimitives.Multiply(State, (float)c.State, destination);
        Accumulate(c.Anchor, anchor, destination);
        Accumulate(c.Raw, raw, destination);
        for (var j = 0; j < c.Data.Count; j++)
        {
            Accumulate(c.Data[j], c.Data[j] == 0 ? null : history[j], destination);
        }

        if (c.Noise != 0)
        {
            var z = new float[destination.Length];
            noise.Fill(Sample, index + 1, z);
            Accumulate(c.Noise, z, destination);
        }
    }

    private static void Accumulate(double factor, float[]? source, float[] destination)
    {
        if (factor != 0 && source is not null)
        {
            TensorPrimitives.MultiplyAdd(source, (float)factor, destination, destination);
        }
    }
}
