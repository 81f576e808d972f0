using System.Text.Json.Serialization;
using BatchEval.Workflow.Reports;

namespace BatchEval.Http.Runs;

/// <summary>The scores of every candidate of a run, for tables and charts. Numbers are rounded to six digits.</summary>
/// <param name="Next">What to ask for next with <c>since</c>: the first round that is not here.</param>
/// <param name="Objective">Key of the metric that the run optimises.</param>
/// <param name="Metrics">The metrics that at least one row has, the objective first.</param>
/// <param name="Rounds">The rounds, in order.</param>
/// <param name="History">Best and median after each generation of the run, up to <paramref name="Next"/>.</param>
/// <param name="Genes">Every kind of gene that rounds may have.</param>
public sealed record ScoreTable(
    int Next, string Objective, IReadOnlyList<MetricColumn> Metrics, IReadOnlyList<ScoredRound> Rounds, IReadOnlyList<HistoryPoint> History, IReadOnlyList<GeneKind> Genes);

/// <summary>A metric.</summary>
/// <param name="Key">Its key in the rows.</param>
/// <param name="Label">Its name for people.</param>
/// <param name="Unit">Its unit, or empty.</param>
/// <param name="HigherIsBetter">Which way is good.</param>
/// <param name="Direction">Which way is good, in words.</param>
public sealed record MetricColumn(string Key, string Label, string Unit, bool HigherIsBetter, string Direction);

/// <summary>The scores of one round.</summary>
/// <param name="Round">Its number.</param>
/// <param name="Stage">Its stage.</param>
/// <param name="Generation">Its generation, from 0.</param>
/// <param name="Rung">Its rung, from 0.</param>
/// <param name="Samples">Samples behind each score.</param>
/// <param name="Validates">Whether a search looked at the range of samples that chooses the winner.</param>
/// <param name="Scored">When it was scored.</param>
/// <param name="Genes">What its candidates have beyond times and solver, in the order of the rows' <c>genes</c>; null where none has anything.</param>
/// <param name="Rows">One row per candidate.</param>
public sealed record ScoredRound(
    int Round, string Stage, int? Generation, int? Rung, int? Samples, bool Validates, DateTimeOffset? Scored, IReadOnlyList<GeneColumn>? Genes, IReadOnlyList<ScoreRow> Rows);

/// <summary>Something that a search varies.</summary>
/// <param name="Name">Its name for people; numbers count steps from 1.</param>
/// <param name="Usual">What a candidate without it has.</param>
public sealed record GeneColumn(string Name, double Usual);

/// <summary>A kind of gene.</summary>
/// <param name="Name">Its name; names of columns add the step to it.</param>
/// <param name="Description">What it does.</param>
public sealed record GeneKind(string Name, string Description);

/// <summary>The scores of one candidate in one round.</summary>
/// <param name="Id">First digits of the candidate's id.</param>
/// <param name="Name">Its name in the run.</param>
/// <param name="Role">What it is in the run.</param>
/// <param name="Solver">Its solver.</param>
/// <param name="Times">Its sampling times, in the model's own unit.</param>
/// <param name="Dropped">Blocks that it drops over all steps.</param>
/// <param name="Reused">Steps at which it reuses an earlier output.</param>
/// <param name="Calls">Mean network calls per sample.</param>
/// <param name="Macs">Multiply-adds per sample.</param>
/// <param name="Milliseconds">Milliseconds per sample inside the network.</param>
/// <param name="Values">Its metrics by key, as people read them: PSNR is not negated.</param>
/// <param name="Errors">Their standard errors.</param>
/// <param name="Failure">Why it could not be scored.</param>
/// <param name="Parents">First digits of the ids of those that it was bred from, in the round that bred it.</param>
/// <param name="Genes">What it has beyond times and solver, in the order of the round's <c>genes</c>; null where the round has none.</param>
public sealed record ScoreRow(
    string Id, string Name, string Role, string Solver, IReadOnlyList<double> Times, int Dropped, int Reused, double? Calls, double? Macs, double? Milliseconds,
    IReadOnlyDictionary<string, double> Values, IReadOnlyDictionary<string, double> Errors, string? Failure, IReadOnlyList<string>? Parents, IReadOnlyList<double>? Genes);

/// <summary>A search after one of its generations.</summary>
/// <param name="Stage">Its stage.</param>
/// <param name="Generation">The generation, from 0.</param>
/// <param name="Round">Round that ended it.</param>
/// <param name="Best">Best objective so far, as people read it.</param>
/// <param name="Median">Median of the generation on its last rung.</param>
/// <param name="ValidationBest">Best objective so far on the samples that choose the winner; null where the search has not looked at them by then.</param>
/// <param name="ValidationMedian">Median of those that were looked at then.</param>
public sealed record HistoryPoint(string Stage, int Generation, int Round, double? Best, double? Median, double? ValidationBest, double? ValidationMedian);

/// <summary>The steps of a candidate on the noise axis.</summary>
/// <param name="Solver">Its solver.</param>
/// <param name="Steps">Its steps, in the order of sampling.</param>
/// <param name="Blocks">Names of the blocks that the model can drop, by their number; null where the run knows none.</param>
/// <param name="Skip">What decides image by image which calls are left out, or null.</param>
/// <param name="Sampler">The numbers of each network call beside those of the solver alone; null for a candidate without numbers of its own, or where the model is not here.</param>
public sealed record CandidateSteps(string Solver, IReadOnlyList<StepPoint> Steps, IReadOnlyList<string>? Blocks, SkipRule? Skip, IReadOnlyList<SamplerSheetRow>? Sampler);

/// <summary>A run-time skip policy.</summary>
/// <param name="Criterion">Name of the measure of change.</param>
/// <param name="Threshold">A call is left out while the measure stays below.</param>
/// <param name="MaxConsecutive">Most calls left out in a row.</param>
/// <param name="Warmup">First steps that are always computed.</param>
/// <param name="Guard">Last steps that are always computed.</param>
/// <param name="Order">Order by which a left-out output is extrapolated; 0 holds the last one.</param>
/// <param name="MaxCalls">Most calls per sample, or null.</param>
public sealed record SkipRule(string Criterion, double Threshold, int MaxConsecutive, int Warmup, int Guard, int Order, int? MaxCalls);

/// <summary>What the images of a run are to show.</summary>
/// <param name="Prompts">The prompt of each image of the final stage, by the image's number; empty for a run without prompts.</param>
public sealed record PromptList(IReadOnlyList<ImagePrompt> Prompts);

/// <summary>The prompt of an image.</summary>
public sealed record ImagePrompt(string Prompt, string? Negative);

/// <summary>Which images called the network at which step, for a skip policy that decides per image.</summary>
/// <param name="FirstSample">Index of the first image.</param>
/// <param name="Images">One text per image: 1 where the network was called, 0 where not, in the order of the calls of the whole schedule.</param>
public sealed record CandidateMasks(long FirstSample, IReadOnlyList<string> Images);

/// <summary>One step.</summary>
/// <param name="Time">The model's own time.</param>
/// <param name="Ratio">Noise-to-signal ratio sigma / alpha; null where it is infinite or the model is not here.</param>
/// <param name="Dropped">Blocks that are left out.</param>
/// <param name="Reused">Whether an earlier output is used in place of a network call.</param>
/// <param name="Guidance">How the step is guided: <c>full</c> (both evaluations), <c>positive</c> or <c>cached</c>; null in runs without guidance.</param>
public sealed record StepPoint(double Time, [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] double? Ratio, IReadOnlyList<int> Dropped, bool Reused, string? Guidance);

/// <summary>A specification that could be started.</summary>
/// <param name="Id">The id that its run has.</param>
/// <param name="Exists">Whether there is such a run.</param>
/// <param name="Rounds">Rounds that it will have, as foreseen; null where it is too large to foresee while somebody waits.</param>
/// <param name="NetworkCalls">Network calls that it will make at most, as foreseen; null where its rounds are.</param>
/// <param name="DeviceSeconds">Device time for that, from the time per call of an earlier run of the same model; null where there is none.</param>
/// <param name="Amount">The same as money, where a price is known.</param>
/// <param name="Currency">Currency of the amount.</param>
public sealed record CheckedRun(string Id, bool Exists, int? Rounds, long? NetworkCalls, double? DeviceSeconds, double? Amount, string? Currency);

/// <summary>The workers that have said something lately (<c>batcheval worker</c>).</summary>
/// <param name="Workers">The workers, by id.</param>
public sealed record WorkerList(IReadOnlyList<WorkerSummary> Workers);

/// <summary>A worker.</summary>
/// <param name="Id">Machine and process.</param>
/// <param name="Device">Kind of device.</param>
/// <param name="Started">When it began.</param>
/// <param name="Seen">When it last said that it is there.</param>
public sealed record WorkerSummary(string Id, string Device, DateTimeOffset Started, DateTimeOffset Seen);

/// <summary>Who computes units of a run.</summary>
/// <param name="Processes">The processes, by name.</param>
public sealed record WorkList(IReadOnlyList<WorkSummary> Processes);

/// <summary>A process that computes units of a run.</summary>
/// <param name="Name">Machine and process.</param>
/// <param name="Units">Units that it computes at this moment.</param>
/// <param name="Done">Units that it has computed.</param>
/// <param name="Last">When it finished the last one.</param>
public sealed record WorkSummary(string Name, int Units, int Done, DateTimeOffset? Last);

/// <summary>What a few calls of a model's network show.</summary>
/// <param name="Digest">Digest of the package.</param>
/// <param name="Failed">How many checks contradict the manifest.</param>
/// <param name="Checks">The checks, in order.</param>
public sealed record ModelCheckDocument(string Digest, int Failed, IReadOnlyList<ModelCheckLine> Checks);

/// <summary>One thing that was looked at.</summary>
/// <param name="Name">What.</param>
/// <param name="Passed">Whether it is as it should be; null where nothing could be told.</param>
/// <param name="Seen">What was seen.</param>
public sealed record ModelCheckLine(string Name, [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] bool? Passed, string Seen);

/// <summary>A model of the service.</summary>
/// <param name="Name">The name that specifications give.</param>
/// <param name="Description">One sentence about it.</param>
/// <param name="Card">Its <c>README.md</c>, or null.</param>
/// <param name="Templates">Bundled specifications by file name, as JSON text.</param>
public sealed record ModelCard(string Name, string? Description, string? Card, IReadOnlyDictionary<string, string> Templates);
