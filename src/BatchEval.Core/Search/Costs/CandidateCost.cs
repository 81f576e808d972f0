namespace BatchEval.Core.Search.Costs;

/// <summary>What sampling one image with a candidate costs.</summary>
/// <param name="Milliseconds">Milliseconds inside the network.</param>
/// <param name="NetworkCalls">Network calls; guidance does not double them.</param>
/// <param name="PeakBytes">Most memory in use at once.</param>
public sealed record CandidateCost(double Macs, double Milliseconds, int NetworkCalls, long PeakBytes);
