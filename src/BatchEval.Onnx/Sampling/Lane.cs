using System.Numerics.Tensors;
using BatchEval.Core.Randomness;
using BatchEval.Core.Sampling.Skipping;
using BatchEval.Core.Sampling.Solvers;

namespace BatchEval.Onnx.Sampling;

/// <summary>One sample of one candidate on its way from noise to image.</summary>
internal sealed class Lane
{
    private readonly (float Low, float High)? clamp;
    private readonly List<float[]> history = [];
    private readonly SampleSteps<float> steps;
    private readonly float[] raw;
    private float[] next;
    private float[]? anchor;
    private float[]? nextAnchor;

    public Lane(SamplingPlan plan, long sample, int label, float[] start, (float Low, float High)? clamp)
    {
        (Plan, Sample, Label, State, this.clamp) = (plan, sample, label, start, clamp);
        raw = new float[start.Length];
        next = new float[start.Length];
        steps = new SampleSteps<float>(plan.Candidate, plan.Table, start);
        if (plan.Table.Rows.Any(r => r.NextAnchor is not null))
        {
            (anchor, nextAnchor) = ((float[])start.Clone(), new float[start.Length]);
        }
    }

    public SamplingPlan Plan { get; }

    public long Sample { get; }

    public int Label { get; }

    public float[] State { get; private set; }

    /// <summary>Which rows called the network.</summary>
    public IReadOnlyList<bool> Executed => steps.Executed;

    /// <summary>
    /// Digest of the rows this sample has left out so far. Together with the plan's key it says which evaluation comes next: lanes that
    /// skipped alike, by plan or at run time, share it.
    /// </summary>
    public UInt128 Path { get; private set; }

    public string? Failure { get; private set; }

    public bool IsActive(int row) => Failure is null && row < Plan.Table.Rows.Count;

    /// <summary>Whether the network is called at a row: by plan, and by the skip policy on what this sample has done so far.</summary>
    public bool NeedsCall(int row) => steps.NeedsCall(row);

    /// <summary>Takes in what the network returned at a row; the array must not change afterwards.</summary>
    public void Take(int row, float[] output) => steps.Take(row, output);

    /// <summary>Takes the row's linear combination of the state and of the network output, be it computed, held or extrapolated.</summary>
    public void Advance(int index, NoiseBank noise)
    {
        var row = Plan.Table.Rows[index];
        var output = steps.Output(index);
        if (!steps.Executed[index])
        {
            Path = SamplingPlan.Chain(Path, [index, Plan.Candidate.Skip?.Order ?? 0]);
        }

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
        steps.Observe(index, State);
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
