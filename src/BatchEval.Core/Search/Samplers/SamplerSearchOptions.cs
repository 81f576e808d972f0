namespace BatchEval.Core.Search.Samplers;

/// <summary>Parameters of <see cref="SamplerSearch"/>.</summary>
/// <param name="Generations">Most generations of the optimiser.</param>
/// <param name="Rungs">Sample counts, ascending: the base is raced over them, and the optimiser goes on to the next when validation stalls.</param>
/// <param name="Survivors">Share of the bases that goes on to the next rung.</param>
/// <param name="FreshSamples">True to compare every generation on samples of its own, so that numbers do not fit themselves to few samples.</param>
public sealed record SamplerSearchOptions(int Generations, IReadOnlyList<int> Rungs, double Survivors = 0.2, bool FreshSamples = true);
