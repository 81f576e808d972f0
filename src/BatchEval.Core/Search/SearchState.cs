using BatchEval.Core.Sampling;
using BatchEval.Core.Search.Joint;
using BatchEval.Core.Search.Optimisers;

namespace BatchEval.Core.Search;

/// <summary>All that a search remembers between two rounds; serialisable, so that a run resumes from it.</summary>
/// <param name="Round">Rounds observed so far.</param>
/// <param name="Archive">The best candidates so far, scored on the last rung's samples, best first.</param>
/// <param name="Contenders">Candidates that go on to the next rung of the present generation.</param>
/// <param name="Seen">Ids of all candidates ever proposed, sorted.</param>
/// <param name="SampleSteps">Network calls times samples spent so far.</param>
public sealed record SearchState(
    int Round,
    IReadOnlyList<ScoredCandidate> Archive,
    IReadOnlyList<ScoredCandidate> Contenders,
    IReadOnlyList<string> Seen,
    long SampleSteps)
{
    /// <summary>What dropping single blocks costs, once <see cref="JointSearch"/> has measured it.</summary>
    public Sensitivities? Sensitivities { get; init; }

    /// <summary>The prune window of <see cref="TwoStageSearch"/>; null while it is closed.</summary>
    public PruneWindow? Window { get; init; }

    /// <summary>The candidate around which <see cref="Samplers.SamplerSearch"/> varies numbers, once its first rounds have chosen it.</summary>
    public Candidate? Origin { get; init; }

    /// <summary>State of the optimiser of <see cref="Samplers.VectorSearch"/>.</summary>
    public OptimiserState? Optimiser { get; init; }

    /// <summary>Control variate of the present generations of <see cref="Samplers.VectorSearch"/>.</summary>
    public ControlVariate? Control { get; init; }

    /// <summary>What the search takes for its best candidates, for validation; empty for the head of the archive.</summary>
    public IReadOnlyList<Candidate> Guesses { get; init; } = [];

    /// <summary>What <see cref="ValidatedSearch"/> has found on the second range of samples; null for searches without validation.</summary>
    public ValidationState? Validation { get; init; }

    /// <summary>The state after a round of a search: its candidates are seen, and what was computed is counted.</summary>
    /// <param name="known">Samples of each candidate that earlier rounds had computed.</param>
    public SearchState After(Proposal proposal, int known = 0) => this with
    {
        Round = Round + 1,
        Seen = [.. Seen.Union(proposal.Candidates.Select(c => c.Id)).Order(StringComparer.Ordinal)],
        SampleSteps = SampleSteps + (proposal.Candidates.Sum(c => (long)c.NetworkCalls) * (proposal.Samples - known)),
    };

    /// <summary>The best candidates: by validation where there was one, by the archive otherwise.</summary>
    public IEnumerable<ScoredCandidate> Elites(int count) => (Validation is { Scored.Count: > 0 } validated ? validated.Scored : Archive).Take(count);

    /// <summary>Nothing known yet.</summary>
    public static SearchState Empty { get; } = new(0, [], [], [], 0);
}
