namespace BatchEval.Core.Search.Costs;

/// <summary>What one droppable block costs per sample and network call; dropping it saves that much.</summary>
/// <param name="Id">Block id, as in <see cref="Sampling.CandidateStep.Drop"/>.</param>
/// <param name="Name">Readable name from the graph.</param>
/// <param name="Milliseconds">Measured milliseconds.</param>
/// <param name="Parameters">Weights that only this block uses.</param>
public sealed record BlockCost(int Id, string Name, double Macs, double Milliseconds, long Parameters);
