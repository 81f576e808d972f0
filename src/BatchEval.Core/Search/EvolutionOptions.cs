namespace BatchEval.Core.Search;

/// <summary>Parameters of <see cref="Evolution"/>. The published ones (AutoDiffusion, ImageNet-64) are <see cref="AutoDiffusion"/>.</summary>
/// <param name="Population">Candidates per generation, P.</param>
/// <param name="Elites">Size of the elitist archive, k.</param>
/// <param name="Mutants">Mutants per generation.</param>
/// <param name="Crossovers">Crossovers per generation; the rest of the population is random.</param>
/// <param name="Rungs">Sample counts at which a generation is compared, ascending; losers leave at each.</param>
/// <param name="Survivors">Share of the contenders that goes on to the next rung.</param>
public sealed record EvolutionOptions(
    int Population, int Generations, int Elites, int Mutants, int Crossovers, IReadOnlyList<int> Rungs, double Survivors = 0.4)
{
    /// <summary>The published parameters: P 50, k 10, 25 mutants, 15 crossovers, 10 generations, one rung.</summary>
    public static EvolutionOptions AutoDiffusion(int samples) => new(50, 10, 10, 25, 15, [samples]);

    /// <summary>The published parameters of the search over steps and blocks: P 50, k 10, 25 mutants, 10 crossovers, 15 generations, one rung.</summary>
    public static EvolutionOptions AutoDiffusionBlocks(int samples) => new(50, 15, 10, 25, 10, [samples]);

    /// <summary>Every violated constraint, with what is allowed; empty when the options can be used.</summary>
    public IReadOnlyList<string> Violations()
    {
        var found = new List<string>();
        Require(found, Population >= 2, $"population is {Population}; allowed: at least 2.");
        Require(found, Generations >= 1, $"generations is {Generations}; allowed: at least 1.");
        Require(found, Elites >= 1 && Elites <= Population, $"elites is {Elites}; allowed: 1 to the population, {Population}.");
        Require(found, Mutants >= 0, $"mutants is {Mutants}; allowed: at least 0.");
        Require(found, Crossovers >= 0, $"crossovers is {Crossovers}; allowed: at least 0.");
        Require(found, Mutants + Crossovers <= Population, $"mutants + crossovers is {Mutants + Crossovers}; allowed: at most the population, {Population}.");
        Require(found, Rungs.Count > 0 && Rungs[0] >= 2, "rungs must be a list of sample counts, the first at least 2.");
        Require(found, Rungs.Zip(Rungs.Skip(1)).All(p => p.First < p.Second), $"rungs are [{string.Join(", ", Rungs)}]; they must ascend.");
        Require(found, Survivors > 0 && Survivors <= 1, $"survivors is {Survivors}; allowed: above 0 and at most 1.");
        return found;
    }

    private static void Require(List<string> found, bool holds, string message)
    {
        if (!holds)
        {
            found.Add(message);
        }
    }
}
