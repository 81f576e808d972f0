using BatchEval.Core.Sampling;
using BatchEval.Workflow.Evaluation;
using BatchEval.Workflow.Reports;
using BatchEval.Workflow.Runs;
using BatchEval.Workflow.Specifications;

namespace BatchEval.Workflow.Tests.Reports;

/// <summary>Reports built by hand.</summary>
internal static class SampleReports
{
    public static ReportModel Typical() => Of(
        Score("searched", EntryRole.Searched, 2.71, 0.12, [674, 431.5, 212, 38]),
        [
            Score("trimmed-uniform", EntryRole.Baseline, 2.78, 0.11, [649, 486, 324, 162]),
            Score("random-search", EntryRole.Baseline, 3.20, 0.14, [702, 380, 190, 61]),
            Score("trailing", EntryRole.Baseline, 6.12, 0.21, [999, 749, 499, 249]),
            Score("log-snr", EntryRole.Baseline, 7.95, 0.25, [999, 531, 163, 3]),
            Score("leading", EntryRole.Baseline, 8.40, 0.22, [750, 500, 250, 0]),
            Score("karras", EntryRole.Baseline, 11.30, 0.30, [999, 795, 380, 0]),
            Score("linspace", EntryRole.Baseline, 14.90, 0.31, [999, 666, 333, 0]),
        ],
        [
            Score("candidate 1", EntryRole.Given, 4.05, 0.15, [700, 500, 300, 100]) with { NetworkCalls = 3.25 },
            Failed("candidate 2", EntryRole.Given, "The network returned a value that is not finite at t = 640."),
        ]);

    public static ReportModel Of(CandidateScore? best, IReadOnlyList<CandidateScore> baselines, IReadOnlyList<CandidateScore> others, string metric = "fid")
    {
        var board = new Leaderboard("digits-4-calls-1a2b3c4d", 7, metric, best, baselines, others, new EvaluationProtocol(
            "digits", "sha256:0011", "features.onnx:features [64], uint8 images in [-1, 1]", 1500, 297, "trailing 50 ddim", 1,
            "search [0, 512), validation [1000000, +1000), final [2000000, +2000)", "FID: delete-group jackknife over 10 groups of samples."));
        var all = board.Ranked();
        var grids = all.Where(s => s.Failure is null).DistinctBy(s => s.Id).ToDictionary(s => s.Id, _ => Png(274, 274));
        var axis = all.DistinctBy(s => s.Id).ToDictionary(s => s.Id, s => (IReadOnlyList<NoisePoint>)[.. s.Candidate.Steps.Select(Point)]);
        return new ReportModel(Specification(metric), "{\n  \"name\": \"digits-4-calls\",\n  \"seed\": 7\n}", board, History(), new EvaluationCounts(1832, 24, 301_000, 1_204_000, 143_210), axis, grids, Png(274, 274));
    }

    public static CandidateScore Score(string name, EntryRole role, double fid, double error, double[] times)
    {
        var candidate = Candidate.At("ddim", times);
        return new CandidateScore
        {
            Id = candidate.ShortId, Name = name, Role = role, Candidate = candidate, NetworkCalls = times.Length, Objective = fid, ObjectiveError = error,
            Metrics = new Dictionary<string, MetricValue>
            {
                ["fid"] = new() { Value = fid, Error = error, Samples = 2000 }, ["fid-held-out"] = new() { Value = fid + 1.4, Error = error * 1.3, Samples = 2000 },
                ["psnr"] = new() { Value = 24 - fid, Error = 0.21, Samples = 256 }, ["ssim"] = new() { Value = 0.93 - (fid / 40), Error = 0.004, Samples = 256 },
                ["lpips"] = new() { Value = 0.02 + (fid / 50), Error = 0.002, Samples = 256 },
            },
        };
    }

    public static CandidateScore Failed(string name, EntryRole role, string reason)
    {
        var candidate = Candidate.At("ddim", [640, 320]);
        return new CandidateScore
        {
            Id = candidate.ShortId, Name = name, Role = role, Candidate = candidate, NetworkCalls = 2, Objective = double.PositiveInfinity, Failure = reason,
        };
    }

    /// <summary>The signature and the header of a PNG; a report reads no further.</summary>
    public static byte[] Png(int width, int height) =>
        [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52, 0, 0, (byte)(width >> 8), (byte)width, 0, 0, (byte)(height >> 8), (byte)height];

    private static NoisePoint Point(CandidateStep step)
    {
        var alpha = Math.Exp(-0.5 * ((0.1 * step.Time / 1000) + (19.9 / 2 * Math.Pow(step.Time / 1000, 2))));
        return new NoisePoint(step.Time, Math.Sqrt(Math.Max(1e-4, 1 - (alpha * alpha))) / alpha, step.Drop.Count, step.Reuse);
    }

    private static GenerationRecord[] History() =>
    [
        .. Enumerable.Range(0, 8).Select(g => new GenerationRecord(RunStage.Search, g, 9 + (4 * Math.Exp(-g / 1.6)), 13 + (60 * Math.Exp(-g / 1.2)), 36_000L * (g + 1))),
        .. Enumerable.Range(0, 8).Select(g => new GenerationRecord(RunStage.RandomSearch, g, 10.2 + (9 * Math.Exp(-g / 2.5)), 55 + (6 * Math.Sin(g)), 36_000L * (g + 1))),
    ];

    private static RunSpecification Specification(string metric) => SpecificationJson.Read($$"""
        {
          "name": "digits-4-calls", "model": "samples/digits", "seed": 7, "budget": { "networkCalls": 4 },
          "search": { "population": 40, "generations": 8, "elites": 8, "mutants": 18, "crossovers": 14, "survivors": 0.35 },
          "objective": { "metric": "{{metric}}" }, "validation": { "elites": 6 }, "execution": { "unitEvaluations": 20000, "cellSamples": 256 }
        }
        """);
}
