using System.Diagnostics;
using BatchEval.Core.Randomness;
using BatchEval.Onnx.Sampling;
using BatchEval.Workflow.Runs;
using BatchEval.Workflow.Scoring;
using BatchEval.Workflow.Storage;

namespace BatchEval.Workflow.Activities;

/// <summary>Computes one unit: images, features and paired metrics of its cells, all in common batches.</summary>
/// <param name="store">The store.</param>
/// <param name="models">Model packages.</param>
/// <param name="time">Clock for measured durations.</param>
public sealed class EvaluateActivity(RunStore store, ModelHost models, TimeProvider time)
{
    /// <summary>Runs the activity; cells that exist are left as they are.</summary>
    public async Task<UnitOutcome> RunAsync(UnitInput input, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(input);
        var plan = await store.RequireJsonAsync<UnitPlan>(BlobNames.Plan(input.RunId, input.Round), cancellation);
        var cells = plan.Units[input.Unit].Cells;
        var missing = new List<Cell>();
        foreach (var cell in cells)
        {
            if (!await store.ExistsAsync(BlobNames.Cell(cell.Key, CellFiles.Result), cancellation))
            {
                missing.Add(cell);
            }
        }

        if (missing.Count == 0)
        {
            return new UnitOutcome(0, cells.Count, 0);
        }

        var context = await RunContext.LoadAsync(store, models, input.RunId, cancellation);
        var evaluations = await ComputeAsync(context, missing, cancellation);
        return new UnitOutcome(missing.Count, cells.Count - missing.Count, evaluations);
    }

    private async Task<long> ComputeAsync(RunContext context, List<Cell> cells, CancellationToken cancellation)
    {
        var model = models.Open(context.Package);
        var specification = context.Specification;
        var engine = new SamplingEngine(model.Sampling, new NoiseBank(specification.Seed), specification.Conditions, specification.Execution.BatchSize);
        var began = time.GetTimestamp();
        var work = cells.SelectMany(c => c.Range.Indices.Select(i => (c.Candidate, i))).ToList();
        var samples = engine.Run(work, cancellation: cancellation);
        var perCall = time.GetElapsedTime(began).TotalMilliseconds / Math.Max(1, cells.Sum(c => c.NetworkCalls));
        var scorer = new CellScorer(model);
        var from = 0;
        foreach (var cell in cells)
        {
            var own = samples.AsSpan(from, cell.Range.Count).ToArray();
            from += own.Length;
            var compared = cell.ComparedWith is { } key ? await CellFiles.ReadImagesAsync(store, key, cancellation) : null;
            var scored = scorer.Score(cell, own, compared);
            var result = scored.ToResult(cell, context.RunId, perCall * cell.NetworkCalls, Process.GetCurrentProcess().PeakWorkingSet64);
            await CellFiles.WriteAsync(store, cell, scored, result, cancellation);
        }

        return engine.Evaluations;
    }
}
