using System.Numerics.Tensors;
using BatchEval.Core.Randomness;
using BatchEval.Core.Sampling;
using BatchEval.Core.Sampling.Skipping;
using BatchEval.Onnx.Guidance;

namespace BatchEval.Onnx.Sampling;

/// <summary>One sample of one candidate on its way from noise to image.</summary>
internal sealed class Trajectory
{
    private readonly RowExecutor<float> executor;
    private readonly StepOutputs<float> steps;

    public Trajectory(SamplingPlan plan, long sample, int label, float[] start, DataLimit? limit)
    {
        (Plan, Sample, Label) = (plan, sample, label);
        executor = new RowExecutor<float>(plan.Table, plan.Prediction, start, limit);
        steps = new StepOutputs<float>(plan.Candidate, plan.Table, State);
    }

    public SamplingPlan Plan { get; }

    public long Sample { get; }

    public int Label { get; }

    public float[] State => executor.State;

    /// <summary>Which rows called the network.</summary>
    public IReadOnlyList<bool> Executed => steps.Executed;

    /// <summary>
    /// Digest of the rows this sample has left out so far. Together with the plan's key it says which evaluation comes next: trajectories that
    /// skipped alike, by plan or at run time, share it.
    /// </summary>
    public UInt128 Path { get; private set; }

    public string? Failure { get; private set; }

    public bool IsActive(int row) => Failure is null && row < Plan.Table.Rows.Count;

    /// <summary>Whether the network is called at a row: by plan, and by the skip policy on what this sample has done so far.</summary>
    public bool NeedsCall(int row) => steps.NeedsCall(row);

    /// <summary>Positive minus negative output of the last guided evaluation, where later steps want it.</summary>
    public float[]? Difference { get; private set; }

    /// <summary>Takes in what the network returned at a row; the arrays must not change afterwards.</summary>
    public void Take(int row, GuidedOutput result)
    {
        Difference = Plan.Candidate.HasGuidance ? result.Difference ?? Difference : null;
        steps.Take(row, result.Output);
    }

    /// <summary>Executes a row with the network output, be it computed, held or extrapolated.</summary>
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
            Failure = $"The network output is not finite at step {row.Step} (t = {row.NetworkTime}), sample {Sample}.";
            return;
        }

        executor.Advance(index, output, (draw, z) => noise.Fill(Sample, draw + 1, z));
        steps.Observe(index, State);
    }
}
