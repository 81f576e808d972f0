using BatchEval.Core.Randomness;
using BatchEval.Core.Sampling;

namespace BatchEval.Core.Search;

/// <summary>
/// The candidates a search may propose, and how new ones come from old ones. Every operator returns a candidate inside the space and
/// inside the budget: repair is part of the operator, so nothing downstream has to check again.
/// </summary>
public abstract class CandidateSpace
{
    public abstract Candidate Random(PhiloxStream random);

    /// <summary>Changes a candidate a little.</summary>
    public abstract Candidate Mutate(Candidate parent, PhiloxStream random);

    /// <summary>Mixes two candidates.</summary>
    public abstract Candidate Cross(Candidate first, Candidate second, PhiloxStream random);

    /// <summary>Brings a candidate from elsewhere (a seed, a named spacing) into the space, or returns null when it has no place there.</summary>
    public abstract Candidate? Adopt(Candidate candidate);
}
