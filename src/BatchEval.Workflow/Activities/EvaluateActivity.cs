using System.Diagnostics;
using BatchEval.Core.Json;
using BatchEval.Core.Randomness;
using BatchEval.Core.Sampling;
using BatchEval.Onnx.Sampling;
using BatchEval.Workflow.Cells;
using BatchEval.Workflow.Models;
using BatchEval.Workflow.Runs;
using BatchEval.Workflow.Scoring;
using BatchEval.Workflow.Storage;
using BatchEval.Workflow.Telemetry;

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
        using var trace = WorkflowTelemetry.Traces.StartActivity("evaluate")?.SetTag("run", input.RunId).SetTag("round", input.Round).SetTag("unit", input.Unit);
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
            WorkflowTelemetry.UnitsDone.Add(1, new KeyValuePair<string, object?>("computed", false));
            return new UnitOutcome(0, cells.Count, 0);
        }

        if (await store.ReadJsonAsync<RunStatus>(BlobNames.Status(input.RunId), cancellation) is { } status && RunStates.ForbidsWork(status.State))
        {
            return new UnitOutcome(0, 0, 0, Stopped: true);
        }

        var context = await RunContext.LoadAsync(store, models, input.RunId, cancellation);
        var evaluations = await ComputeAsync(context, missing, cancellation);
        WorkflowTelemetry.UnitsDone.Add(1, new KeyValuePair<string, object?>("computed", true));
        return new UnitOutcome(missing.Count, cells.Count - missing.Count, evaluations);
    }

    private async Task<long> ComputeAsync(RunContext context, List<Cell> cells, CancellationToken cancellation)
    {
        var model = models.Open(context.Package);
        var specification = context.Specification;
        var engine = new SamplingEngine(model.Sampling, new NoiseBank(specification.Seed), specification.Conditions, specification.Execution.BatchSize);
        var began = time.GetTimestamp();
        var samples = Sample(engine, cells, cancellation);
        var busy = time.GetElapsedTime(began);
        WorkflowTelemetry.DeviceTime.Add(busy.TotalSeconds);
        WorkflowTelemetry.Images.Add(cells.Sum(c => (long)c.Range.Count));
        var perCall = busy.TotalMilliseconds / Math.Max(1, cells.Sum(c => c.NetworkCalls));
        var scorer = new CellScorer(model);
        foreach (var cell in cells)
        {
            var compared = cell.ComparedWith is { } key ? await CellFiles.ReadImagesAsync(store, key, cancellation) : null;
            var scored = scorer.Score(cell, samples[cell.Key], compared);
            using var process = Process.GetCurrentProcess();
            var result = scored.ToResult(cell, context.RunId, perCall * cell.NetworkCalls, process.PeakWorkingSet64);
            await CellFiles.WriteAsync(store, cell, scored, result, cancellation);
        }

        return engine.Evaluations;
    }

    // One candidate whose network cannot be built or runs out of memory must not take the others along: after a failure every cell is
    // tried once more by itself, and only the one that fails again is recorded as failed.
    private static Dictionary<string, SampleResult[]> Sample(SamplingEngine engine, List<Cell> cells, CancellationToken cancellation)
    {
        try
        {
            return Split(cells, engine.Run([.. cells.SelectMany(Work)], cancellation: cancellation));
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            return cells.ToDictionary(c => c.Key, c => SampleAlone(engine, c, cancellation));
        }
    }

    private static SampleResult[] SampleAlone(SamplingEngine engine, Cell cell, CancellationToken cancellation)
    {
        try
        {
            return engine.Run([.. Work(cell)], cancellation: cancellation);
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            return [.. cell.Range.Indices.Select(i => new SampleResult(i, 0, [], [], ErrorText.Of(error)))];
        }
    }

    private static IEnumerable<(Candidate Candidate, long Sample)> Work(Cell cell) => cell.Range.Indices.Select(i => (cell.Candidate, i));

    private static Dictionary<string, SampleResult[]> Split(List<Cell> cells, SampleResult[] samples)
    {
        var split = new Dictionary<string, SampleResult[]>(StringComparer.Ordinal);
        var from = 0;
        foreach (var cell in cells)
        {
            split[cell.Key] = samples[from..(from + cell.Range.Count)];
            from += cell.Range.Count;
        }

        return split;
    }
}
