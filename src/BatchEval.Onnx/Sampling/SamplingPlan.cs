using System.Buffers.Binary;
using System.Security.Cryptography;
using BatchEval.Core.Sampling;
using BatchEval.Core.Sampling.Solvers;

namespace BatchEval.Onnx.Sampling;

/// <summary>
/// A candidate made ready for a model: its rows, and for every row a key that says which network evaluation it is. Two rows of two
/// candidates with equal keys see the same state of the same sample, provided that the sample skipped the same rows under both
/// (<see cref="Trajectory.Path"/>), so one evaluation serves both (prefix sharing).
/// </summary>
public sealed class SamplingPlan
{
    public SamplingPlan(Candidate candidate, NoiseSchedule schedule, PredictionType prediction)
    {
        (Candidate, Prediction) = (candidate, prediction);
        Table = Solver.Table(candidate, schedule);
        Data = [.. Table.Rows.Select(r => r.Prediction(prediction))];
        NoiseScale = (float)schedule.StartScale(Table.Rows[0].Level);
        Keys = EvaluationKeys();
    }

    public Candidate Candidate { get; }

    public CoefficientTable Table { get; }

    /// <summary>What the network returns.</summary>
    public PredictionType Prediction { get; }

    /// <summary>Data prediction coefficients per row.</summary>
    public IReadOnlyList<DataPrediction> Data { get; }

    /// <summary>Standard deviation of the state that the table starts from, before the table's own factor.</summary>
    public float NoiseScale { get; }

    /// <summary>Standard deviation of the state that enters the first network call.</summary>
    public float StartScale => (float)(NoiseScale * Table.StartScale);

    /// <summary>Evaluation keys per row.</summary>
    public IReadOnlyList<UInt128> Keys { get; }

    /// <summary>The candidate's step that a row belongs to.</summary>
    public CandidateStep StepOf(int row) => Candidate.Steps[Table.Rows[row].Step];

    private UInt128[] EvaluationKeys()
    {
        var keys = new UInt128[Table.Rows.Count];
        var prefix = Chain(0, [StartScale]);
        for (var r = 0; r < keys.Length; r++)
        {
            var (row, step) = (Table.Rows[r], StepOf(r));
            var evaluation = Chain(prefix, [row.NetworkTime, (double)step.Guidance, .. step.Drop.Select(d => (double)d)]);
            keys[r] = evaluation;
            LinearCombination?[] taken = [row.Next, row.NextAnchor, row.Remembered];
            prefix = Chain(evaluation, [Data[r].FromState, Data[r].FromNetwork, row.LearnedNoise ?? 0, .. taken.SelectMany(c => c is null ? [double.NaN] : Numbers(c))]);
        }

        return keys;
    }

    private static IEnumerable<double> Numbers(LinearCombination c) => [c.State, c.Anchor, c.Raw, c.Noise, c.Data.Count, .. c.Data];

    /// <summary>Extends a digest by numbers.</summary>
    internal static UInt128 Chain(UInt128 previous, IReadOnlyList<double> numbers)
    {
        var bytes = new byte[16 + (8 * numbers.Count)];
        BinaryPrimitives.WriteUInt128LittleEndian(bytes, previous);
        for (var i = 0; i < numbers.Count; i++)
        {
            BinaryPrimitives.WriteDoubleLittleEndian(bytes.AsSpan(16 + (8 * i)), numbers[i]);
        }

        return BinaryPrimitives.ReadUInt128LittleEndian(SHA256.HashData(bytes));
    }
}
