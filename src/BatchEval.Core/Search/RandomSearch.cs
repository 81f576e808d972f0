using BatchEval.Core.Randomness;
using BatchEval.Core.Sampling;

namespace BatchEval.Core.Search;

/// <summary>
/// The baseline of searches: every candidate is drawn independently. It runs through <see cref="Evolution"/> with the same population, rungs and
/// budget, and differs from it only in that nothing is inherited.
/// </summary>
public static class RandomSearch
{
    /// <summary>Creates a random search of the same budget as an evolution with these options.</summary>
    public static ISearchMethod WithBudgetOf(CandidateSpace space, EvolutionOptions options, ulong seed) =>
        new Evolution(new Memoryless(space), options, [], seed);

    private sealed class Memoryless(CandidateSpace space) : CandidateSpace
    {
        public override Candidate Random(PhiloxStream random) => space.Random(random);

        public override Candidate Mutate(Candidate parent, PhiloxStream random) => space.Random(random);

        public override Candidate Cross(Candidate first, Candidate second, PhiloxStream random) => space.Random(random);

        public override Candidate? Adopt(Candidate candidate) => null;
    }
}
