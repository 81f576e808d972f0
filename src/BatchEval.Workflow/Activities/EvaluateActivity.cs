using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using BatchEval.Core.Randomness;
using BatchEval.Core.Sampling;
using BatchEval.Onnx.Runtime;
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
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>Runs the activity; cells that exist are left as they are, and a unit that another process computes is left to it.</summary>
    /// <exception cref="NetworkFailedException">The machine could not compute some of the cells; those that it could are stored.</exception>
    public async Task<UnitOutcome> RunAsync(UnitInput input, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(input);
        using var trace = WorkflowTelemetry.Traces.StartActivity("evaluate")?.SetTag("run", input.RunId).SetTag("round", input.Round).SetTag("unit", input.Unit);
        var plan = await store.RequireJsonAsync<UnitPlan>(BlobNames.Plan(input.RunId, input.Round), cancellation);
        var cells = plan.Units[input.Unit].Cells;
        for (var began = time.GetTimestamp(); ;)
        {
            if ((await MissingAsync(cells, cancellation)).Count == 0)
            {
                WorkflowTelemetry.UnitsDone.Add(1, new KeyValuePair<string, object?>("computed", false));
                return new UnitOutcome(0, cells.Count, 0);
            }

            if (await store.ReadJsonAsync<RunStatus>(BlobNames.Status(input.RunId), cancellation) is { } status && RunStates.ForbidsWork(status.State))
            {
                return new UnitOutcome(0, 0, 0, Stopped: true);
            }

            var (claim, other) = await store.TryClaimAsync(WorkOf(cells), input.RunId, cancellation);
            if (claim is not null)
            {
                await using (claim)
                {
                    return await ComputeAsync(input, cells, cancellation);
                }
            }

            if (!input.Patient || time.GetElapsedTime(began) > Patience)
            {
                return new UnitOutcome(0, 0, 0, ClaimedBy: other!.Name);
            }

            await Task.Delay(TimeSpan.FromSeconds(1), time, cancellation);
        }
    }

    private static string WorkOf(IReadOnlyList<Cell> cells) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(string.Join(' ', cells.Select(c => c.Key)))));

    private async Task<List<Cell>> MissingAsync(IReadOnlyList<Cell> cells, CancellationToken cancellation)
    {
        var missing = new List<Cell>();
        foreach (var cell in cells)
        {
            if (!await store.ExistsAsync(BlobNames.Cell(cell.Key, CellFiles.Result), cancellation))
            {
                missing.Add(cell);
            }
        }

        return missing;
    }

    private async Task<UnitOutcome> ComputeAsync(UnitInput input, IReadOnlyList<Cell> cells, CancellationToken cancellation)
    {
        // Looked for again: whoever held the claim before may have written them.
        var missing = await MissingAsync(cells, cancellation);
        if (missing.Count == 0)
        {
            return new UnitOutcome(0, cells.Count, 0);
        }

        var context = await RunContext.LoadAsync(store, models, input.RunId, cancellation);
        var (model, specification, evaluations) = (models.Open(context.Package).Sampling, context.Specification, 0L);
        var sampler = new UnitSampler(specification.Execution.BatchSize, Compute);
        var began = time.GetTimestamp();
        var samples = sampler.Run(missing, cancellation);
        var busy = time.GetElapsedTime(began);
        WorkflowTelemetry.DeviceTime.Add(busy.TotalSeconds);
        WorkflowTelemetry.Images.Add(samples.Keys.Sum(c => (long)c.Range.Count));
        await WriteAsync(context, samples, busy.TotalMilliseconds / Math.Max(1, samples.Keys.Sum(c => c.NetworkCalls)), cancellation);
        if (sampler.Failure is { } failure)
        {
            throw failure;
        }

        WorkflowTelemetry.UnitsDone.Add(1, new KeyValuePair<string, object?>("computed", true));
        return new UnitOutcome(missing.Count, cells.Count - missing.Count, evaluations);

        SampleResult[] Compute(int batchSize, IReadOnlyList<(Candidate Candidate, long Sample)> work)
        {
            var engine = new SamplingEngine(model, new NoiseBank(specification.Seed), specification.Conditions, batchSize);
            try
            {
                return engine.Run(work, cancellation: cancellation);
            }
            finally
            {
                evaluations += engine.Evaluations;
            }
        }
    }

    private async Task WriteAsync(RunContext context, Dictionary<Cell, SampleResult[]> samples, double millisecondsPerCall, CancellationToken cancellation)
    {
        var scorer = new CellScorer(models.Open(context.Package));
        foreach (var (cell, results) in samples)
        {
            var compared = cell.ComparedWith is { } key ? await CellFiles.ReadImagesAsync(store, key, cancellation) : null;
            var scored = scorer.Score(cell, results, compared);
            using var process = Process.GetCurrentProcess();
            var result = scored.ToResult(cell, context.RunId, millisecondsPerCall * cell.NetworkCalls, process.PeakWorkingSet64);
            await CellFiles.WriteAsync(store, cell, scored, result, cancellation);
        }
    }
}
