using BatchEval.Core.Sampling;

namespace BatchEval.Core.Search.Joint;

/// <summary>
/// AutoDiffusion's search as published: time steps only, until the best candidate stays the same or five generations have passed; then
/// the share of blocks that new masks may drop grows by a fifth of its maximum every generation.
/// </summary>
/// <param name="space">Candidates and operators; its window is the largest one.</param>
/// <param name="seeds">Candidates that the first generation contains.</param>
public sealed class TwoStageSearch(JointSpace space, EvolutionOptions options, IEnumerable<Candidate> seeds, ulong seed) : ISearchMethod
{
    private const int StageOneEpochs = 5;
    private const int WindowSteps = 5;
    private readonly Candidate[] seeds = [.. seeds];

    public Proposal? Next(SearchState state) => Evolve(state).Next(state);

    public SearchState Observe(SearchState state, IReadOnlyList<ScoredCandidate> scores)
    {
        var observed = Evolve(state).Observe(state, scores);
        var (epoch, rung) = Math.DivRem(state.Round, options.Rungs.Count);
        if (rung < options.Rungs.Count - 1 || observed.Archive.Count == 0)
        {
            return observed;
        }

        var before = state.Archive.Count == 0 ? null : state.Archive[0].Candidate;
        return observed with { Window = Widen(state.Window ?? PruneWindow.Closed, epoch, observed.Archive[0].Candidate == before) };
    }

    /// <summary>The window of the next generation.</summary>
    /// <param name="epoch">Generations finished before the one just observed.</param>
    /// <param name="unchanged">True when the best candidate stayed the same.</param>
    public PruneWindow Widen(PruneWindow window, int epoch, bool unchanged)
    {
        var (low, most) = (window.Low, space.Options.Window);
        // In fifths, so that rounding never leaves a sliver open.
        var fifths = (int)Math.Round(window.High * WindowSteps / Math.Max(most.High, double.Epsilon));
        var grows = fifths == 0 ? unchanged || epoch >= StageOneEpochs : fifths < WindowSteps;
        var high = grows ? most.High * (fifths + 1) / WindowSteps : window.High;
        return new PruneWindow(epoch > StageOneEpochs ? Math.Min(most.Low, high) : low, high);
    }

    private Evolution Evolve(SearchState state) =>
        new(space.With(space.Options with { Window = state.Window ?? PruneWindow.Closed }), options, seeds, seed);
}
