namespace BatchEval.Core.Search.Optimisers;

/// <summary>Parameters of <see cref="CmaEs"/>.</summary>
/// <param name="Population">Points per generation, lambda; null for 4 + floor(3 ln n).</param>
/// <param name="Sigma">First step size.</param>
/// <param name="StepTolerance">A restart follows when every standard deviation has fallen below this.</param>
/// <param name="ValueTolerance">A restart follows when the best values of the last 10 + ceil(30 n / lambda) generations differ by less than this.</param>
/// <param name="Restarts">Most restarts; each doubles the population (IPOP).</param>
public sealed record CmaOptions(
    int? Population = null, double Sigma = 1, double StepTolerance = 1e-12, double ValueTolerance = 1e-12, int Restarts = 9);
