using System.Text.Json.Serialization;
using BatchEval.Workflow.Evaluation;

namespace BatchEval.Http.Runs;

/// <summary>A run that was submitted.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Created">Whether it is new.</param>
/// <param name="StatusUrl">Where it stands.</param>
/// <param name="Management">Addresses for managing it elsewhere, by name.</param>
public sealed record StartedRun(string Id, bool Created, string StatusUrl, [property: JsonIgnore] IReadOnlyDictionary<string, string> Management)
{
    /// <summary>The addresses as members of the document.</summary>
    [JsonExtensionData]
    public IDictionary<string, object> Addresses => Management.OrderBy(p => p.Key, StringComparer.Ordinal).ToDictionary(p => p.Key, p => (object)p.Value);
}

/// <summary>Runs, all of them or a page.</summary>
/// <param name="Runs">The newest first.</param>
/// <param name="Next">What to give as <c>after</c> for the next page; missing on the last one.</param>
public sealed record RunList(IReadOnlyList<RunSummary> Runs, string? Next = null);

/// <summary>One line of the list of runs.</summary>
/// <param name="Id">Its id.</param>
/// <param name="State">One of <c>pending</c>, <c>running</c>, <c>paused</c>, <c>finished</c>, <c>failed</c>, <c>stopped</c>.</param>
/// <param name="Stage">Stage it is in.</param>
/// <param name="Round">Next round.</param>
/// <param name="Best">Best candidate so far.</param>
/// <param name="Started">When it was submitted.</param>
/// <param name="Updated">When its state was last written.</param>
/// <param name="Error">Why it failed.</param>
/// <param name="StatusUrl">More about it.</param>
public sealed record RunSummary(
    string Id, string State, string Stage, int Round,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] BestSummary? Best,
    DateTimeOffset Started, DateTimeOffset Updated,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? Error,
    string StatusUrl);

/// <summary>The best candidate of a run in short.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">Its name.</param>
/// <param name="Objective">Its objective; lower is better.</param>
/// <param name="ObjectiveError">Standard error of the objective.</param>
/// <param name="Value">The objective as people read it: PSNR is not negated.</param>
/// <param name="Label">Name of the objective for people.</param>
/// <param name="Unit">Its unit, or empty.</param>
public sealed record BestSummary(
    string Id, string Name,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] double? Objective,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] double? ObjectiveError,
    double? Value, string? Label, string? Unit);

/// <summary>Where a run stands.</summary>
/// <param name="Id">Its id.</param>
/// <param name="State">One of <c>pending</c>, <c>running</c>, <c>paused</c>, <c>finished</c>, <c>failed</c>, <c>stopped</c>.</param>
/// <param name="Stage">Stage it is in.</param>
/// <param name="Round">Next round.</param>
/// <param name="Best">Best candidate so far.</param>
/// <param name="Started">When it was submitted.</param>
/// <param name="Updated">When its state was last written.</param>
/// <param name="Error">Why it failed.</param>
/// <param name="StatusUrl">This document.</param>
/// <param name="Objective">Metric that it minimises or maximises.</param>
/// <param name="Model">Its model: the service's name for it, or the last folder of its path where the service has none.</param>
/// <param name="Seed">Its seed.</param>
/// <param name="Generation">Generation under way, from 0.</param>
/// <param name="Generations">Generations of its search.</param>
/// <param name="Units">Units of the round under way.</param>
/// <param name="UnitsDone">How many of them are finished.</param>
/// <param name="Counts">What it computed and found.</param>
/// <param name="Cost">What that cost.</param>
/// <param name="Share">Share of the work that is done, 0 to 1; null until the run has been prepared.</param>
/// <param name="SecondsLeft">Estimate from the measured time per network call.</param>
/// <param name="Links">Where its parts are.</param>
public sealed record RunDocument(
    string Id, string State, string Stage, int Round,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] CandidateScore? Best,
    DateTimeOffset Started, DateTimeOffset Updated,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? Error,
    string StatusUrl, string Objective, string Model, ulong Seed,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] int? Generation,
    int Generations,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] int? Units,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] int? UnitsDone,
    RunCounts Counts, RunCost Cost,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] double? Share,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] double? SecondsLeft,
    RunLinks Links);

/// <summary>What a run computed and what it found in the store.</summary>
/// <param name="Computed">Shards computed by this run.</param>
/// <param name="Reused">Shards that another run had computed.</param>
/// <param name="Samples">Images behind all of them.</param>
/// <param name="NetworkCalls">Network calls behind all of them.</param>
public sealed record RunCounts(int Computed, int Reused, long Samples, long NetworkCalls);

/// <summary>What a run cost.</summary>
/// <param name="DeviceSeconds">Device time of what it computed.</param>
/// <param name="Amount">The same as money, where a price is known.</param>
/// <param name="Currency">Currency of the amount.</param>
/// <param name="DeviceSecondsLeft">Device time of what is left to compute, from the measured time per network call; null where that is unknown.</param>
/// <param name="AmountLeft">The same as money.</param>
public sealed record RunCost(double DeviceSeconds, double? Amount, string? Currency, double? DeviceSecondsLeft, double? AmountLeft);

/// <summary>Addresses of a run; those of results are there once it is finished, that of its model where the service has it.</summary>
public sealed record RunLinks(string Self, string Pause, string Resume, string Stop, string? Leaderboard, string? Report, string? Best, string? Model);

/// <summary>The files of the winner.</summary>
/// <param name="Files">Their names, sorted.</param>
public sealed record FileList(IReadOnlyList<string> Files);

/// <summary>What the service allows.</summary>
/// <param name="ReadOnly">Whether it refuses whatever starts, changes or deletes something.</param>
public sealed record ServiceDocument(bool ReadOnly);

/// <summary>The models that a specification may name.</summary>
/// <param name="Models">Their names, sorted.</param>
public sealed record ModelList(IReadOnlyList<string> Models);
