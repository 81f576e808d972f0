using BatchEval.Core.Sampling.Solvers;
using BatchEval.Onnx.Networks;
using BatchEval.Onnx.Packages;
using BatchEval.Onnx.Sampling;

namespace BatchEval.Workflow.Exports;

/// <summary>What is exported: a candidate on a model, written out once for all forms.</summary>
public sealed class ExportSubject
{
    /// <summary>Writes a candidate out.</summary>
    /// <param name="conditions">What it was measured under.</param>
    /// <param name="networks">One network per distinct set of dropped blocks; null for the package's own network.</param>
    public ExportSubject(Candidate candidate, ModelManifest manifest, Conditions conditions, IReadOnlyList<ExportedNetwork>? networks = null)
    {
        (Candidate, Manifest, Conditions) = (candidate, manifest, conditions);
        Networks = networks ?? [new ExportedNetwork([], Path.GetFileName(manifest.Denoiser.File), [])];
        Table = Solver.Table(candidate, Schedule);
        Levels = [.. candidate.Steps.Select(s => Schedule.At(Schedule.Nearest(s.Time))), candidate.End is { } end ? Schedule.At(end) : NoiseLevel.Clean];
        StartScale = Schedule.StartScale(Table.Rows[0].Level) * Table.StartScale;
    }

    public Candidate Candidate { get; }

    public ModelManifest Manifest { get; }

    /// <summary>What it was measured under.</summary>
    public Conditions Conditions { get; }

    /// <summary>The networks, in the order in which <c>sampler.json</c> counts them.</summary>
    public IReadOnlyList<ExportedNetwork> Networks { get; }

    public CoefficientTable Table { get; }

    /// <summary>The levels of the steps, and the level where sampling ends.</summary>
    public IReadOnlyList<NoiseLevel> Levels { get; }

    /// <summary>Standard deviation of the state that sampling starts from.</summary>
    public double StartScale { get; }

    public NoiseSchedule Schedule => Manifest.Schedule;

    public Solver Solver => Solver.Parse(Candidate.Solver);

    /// <summary>Levels as other tools write them: u for flow models, sigma / alpha for others, 0 for no noise.</summary>
    public IReadOnlyList<double> Sigmas => [.. Levels.Select(Schedule.SigmaOf)];

    /// <summary>True when every time is a whole number.</summary>
    public bool HasWholeTimes => Times.All(t => t == Math.Round(t));

    /// <summary>The times of the steps, as the network can be told them.</summary>
    public IReadOnlyList<double> Times => [.. Levels.SkipLast(1).Select(l => l.Time)];

    /// <summary>One entry per step: whether the network is computed, as far as that is decided beforehand.</summary>
    public IReadOnlyList<bool> ComputedSteps => [.. Candidate.Steps.Select(s => !s.Reuse)];

    /// <summary>Where sampling ends, in words.</summary>
    public string Ending => Candidate.End is { } end
        ? FormattableString.Invariant($"Sampling stops at t = {end} (sigma {PythonText.Number(Sigmas[^1])}), where no network call is made; the noise of that level is left in the image.")
        : "The last network call is made at the last level before 0; its data prediction is the image.";

    /// <summary>Whether the network is called where nothing is left of the image and sigma / alpha, in which other tools keep their state, is infinite.</summary>
    public bool HasPureNoise => Schedule.Process != NoiseProcess.Flow && Table.Rows.Any(r => r.Level.IsPureNoise);

    /// <summary>Whether the rows are those of the named solver, without numbers of the candidate's own.</summary>
    public bool IsPlain
    {
        get
        {
            var plain = Solver.Table([.. Levels.Take(Levels.Count - 1)], Levels[^1], Schedule);
            return SamplerDocument.Rows(this, Table).ToJsonString() == SamplerDocument.Rows(this, plain).ToJsonString();
        }
    }
}
