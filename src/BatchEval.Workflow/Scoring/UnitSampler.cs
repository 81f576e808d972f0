using BatchEval.Core.Json;
using BatchEval.Core.Sampling;
using BatchEval.Onnx.Runtime;
using BatchEval.Onnx.Sampling;
using BatchEval.Workflow.Cells;

namespace BatchEval.Workflow.Scoring;

/// <summary>
/// Computes the samples of a unit. Only what the computation itself implies, such as an output that is not finite, becomes a result; a failure of
/// the machine never does. When memory runs out the batch is halved, down to one sample.
/// </summary>
/// <param name="batchSize">Most samples in one network call.</param>
/// <param name="compute">Computes samples in batches of a size.</param>
internal sealed class UnitSampler(int batchSize, Func<int, IReadOnlyList<(Candidate Candidate, long Sample)>, SampleResult[]> compute)
{
    private int batchSize = batchSize;

    /// <summary>Why some cells could not be computed, or null.</summary>
    public NetworkFailedException? Failure { get; private set; }

    /// <summary>Computes cells in common batches; after a failure each by itself, so that one that fails does not take the others along.</summary>
    /// <returns>The samples of each cell that could be computed.</returns>
    public Dictionary<Cell, SampleResult[]> Run(IReadOnlyList<Cell> cells, CancellationToken cancellation)
    {
        try
        {
            return Split(cells, Compute(cells, cancellation));
        }
        catch (Exception error) when (error is not OperationCanceledException && cells.Count > 1)
        {
            var done = new Dictionary<Cell, SampleResult[]>();
            foreach (var cell in cells)
            {
                foreach (var (key, samples) in Run([cell], cancellation))
                {
                    done.Add(key, samples);
                }
            }

            return done;
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            Failure ??= new NetworkFailedException($"Candidate {cells[0].Candidate.Id} could not be computed: {ErrorText.Of(error)}", error);
            return [];
        }
    }

    private SampleResult[] Compute(IReadOnlyList<Cell> cells, CancellationToken cancellation)
    {
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            try
            {
                return compute(batchSize, [.. cells.SelectMany(Work)]);
            }
            catch (Exception error) when (batchSize > 1 && NetworkFailedException.IsOutOfMemory(error))
            {
                // Images do not depend on the batch, so the rest of the unit keeps the smaller one.
                batchSize /= 2;
            }
        }
    }

    private static IEnumerable<(Candidate Candidate, long Sample)> Work(Cell cell) => cell.Range.Indices.Select(i => (cell.Candidate, i));

    private static Dictionary<Cell, SampleResult[]> Split(IReadOnlyList<Cell> cells, SampleResult[] samples)
    {
        var split = new Dictionary<Cell, SampleResult[]>();
        var from = 0;
        foreach (var cell in cells)
        {
            split[cell] = samples[from..(from + cell.Range.Count)];
            from += cell.Range.Count;
        }

        return split;
    }
}
