using System.Text.Json.Serialization;
using BatchEval.Core.Search;
using BatchEval.Workflow.Evaluation;

namespace BatchEval.Workflow.Runs;

/// <summary>Stages of a run, in order; those a specification does not need are passed over.</summary>
public enum RunStage
{
    /// <summary>Images of the unaccelerated sampler.</summary>
    Reference,

    Search,

    /// <summary>Random search with the same budget.</summary>
    RandomSearch,

    /// <summary>Searches of parts of the space with the same budget.</summary>
    Rivals,

    /// <summary>Elites and variants of baselines on fresh samples.</summary>
    Validation,

    /// <summary>Winner and baselines on samples fresh once more.</summary>
    Final,

    /// <summary>Nothing left to do.</summary>
    Done,
}

/// <summary>Stages for people; the pages have the same words.</summary>
public static class RunStageWords
{
    /// <summary>What the stage is called.</summary>
    public static string Words(this RunStage stage) => stage switch
    {
        RunStage.RandomSearch => "random search",
        RunStage.Rivals => "searches of parts",
        _ => stage.ToString().ToLowerInvariant(),
    };
}

/// <summary>All that a run knows when a round begins.</summary>
/// <param name="Stage">Stage that the round belongs to.</param>
/// <param name="Entries">What the final stage scores, once validation has chosen it.</param>
/// <param name="History">Best score after each generation, for the report.</param>
public sealed record RunState(
    int Round,
    RunStage Stage,
    SearchState Search,
    SearchState RandomSearch,
    [property: JsonPropertyName("contestants")] IReadOnlyList<Entry> Entries,
    IReadOnlyList<GenerationRecord> History)
{
    /// <summary>States of the searches of parts of the space, in their order; those that have not begun are missing.</summary>
    public IReadOnlyList<RivalState> Rivals { get; init; } = [];

    /// <summary>Where every run begins.</summary>
    public static RunState Start { get; } = new(0, RunStage.Reference, SearchState.Empty, SearchState.Empty, [], []);
}

/// <summary>A search of a part of the space.</summary>
/// <param name="Name">Name of the baseline that it makes.</param>
public sealed record RivalState(string Name, SearchState Search);

/// <summary>One line of the search's history.</summary>
/// <param name="Stage">Search or random search.</param>
/// <param name="Generation">Generation, from 0.</param>
/// <param name="Best">Best archived score after it.</param>
/// <param name="Median">Median score of the generation on its last rung.</param>
/// <param name="SampleSteps">Network calls times samples spent until then.</param>
public sealed record GenerationRecord(RunStage Stage, int Generation, double Best, double Median, long SampleSteps);
