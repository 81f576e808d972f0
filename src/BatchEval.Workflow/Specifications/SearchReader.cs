using System.Text.Json.Nodes;
using BatchEval.Core.Json;
using BatchEval.Core.Search;

namespace BatchEval.Workflow.Specifications;

/// <summary>Reads and writes the search of a specification; presets only change defaults.</summary>
internal static class SearchReader
{
    private static readonly EvolutionOptions Times = new(32, 6, 8, 14, 10, [128, 512]);
    private static readonly EvolutionOptions Blocks = new(32, 6, 10, 14, 10, [64, 256, 1000]);

    public static SearchSpecification Read(JsonInspector? search, List<Problem> problems)
    {
        if (search is null)
        {
            return new SearchSpecification("evolution", Times, 0.25, 0.5);
        }

        var method = search.Text("method", "evolution", SearchSpecification.SearchMethods);
        var space = search.Text("space", "times", SearchSpecification.Spaces);
        var published = search.Text("preset", "batcheval", "batcheval", "autodiffusion") == "autodiffusion";
        var options = ReadEvolution(search, Standard(space != "times", published));
        var specification = new SearchSpecification(method, options, search.Number("mutationProbability", 0.25, 0, 1), search.Number("localShare", published ? 0 : 0.5, 0, 1))
        {
            Genes = ReadGenes(search),
            Distance = ScheduleMethods.Distance(search.Text("distance", ScheduleMethods.Distances[0], ScheduleMethods.Distances)),
            DataFree = search.Flag("dataFree", false),
            Space = space,
            TwoStages = search.Flag("twoStages", published && space != "times"),
            MinPrune = search.Number("minPrune", 0, 0, 1),
            MaxPrune = search.Number("maxPrune", published ? 0.1 : 0.5, 0, 1),
        };
        if (specification.MinPrune > specification.MaxPrune)
        {
            search.Report("minPrune", $"is {specification.MinPrune}; allowed: at most maxPrune, {specification.MaxPrune}.");
        }

        if (space != "times" && specification.Genes.Count > 1)
        {
            search.Report("genes", $"names '{specification.Genes[1]}'; a search over {space} takes 'times' only.");
        }

        search.Close();
        problems.AddRange(options.Violations().Select(v => new Problem(search.Path, v)));
        return specification;
    }

    public static JsonObject Write(SearchSpecification search) => new()
    {
        ["method"] = search.Method,
        ["genes"] = new JsonArray([.. search.Genes.Select(g => JsonValue.Create(g))]),
        ["distance"] = ScheduleMethods.Distances[(int)search.Distance],
        ["dataFree"] = search.DataFree,
        ["space"] = search.Space,
        ["population"] = search.Evolution.Population,
        ["generations"] = search.Evolution.Generations,
        ["elites"] = search.Evolution.Elites,
        ["mutants"] = search.Evolution.Mutants,
        ["crossovers"] = search.Evolution.Crossovers,
        ["rungs"] = new JsonArray([.. search.Evolution.Rungs.Select(r => JsonValue.Create(r))]),
        ["survivors"] = search.Evolution.Survivors,
        ["mutationProbability"] = search.MutationProbability,
        ["localShare"] = search.LocalShare,
        ["twoStages"] = search.TwoStages,
        ["minPrune"] = search.MinPrune,
        ["maxPrune"] = search.MaxPrune,
    };

    private static IReadOnlyList<string> ReadGenes(JsonInspector search)
    {
        var genes = search.Texts("genes") ?? [SearchSpecification.TimesGene];
        if (genes.Except(SearchSpecification.KnownGenes).FirstOrDefault() is { } unknown)
        {
            search.Report("genes", $"names '{unknown}'; allowed: {string.Join(", ", SearchSpecification.KnownGenes)}.");
        }
        else if (!genes.Contains(SearchSpecification.TimesGene))
        {
            search.Report("genes", $"must name '{SearchSpecification.TimesGene}': a search always varies the times.");
        }

        return [.. SearchSpecification.KnownGenes.Where(genes.Contains)];
    }

    private static EvolutionOptions Standard(bool blocks, bool published) => (blocks, published) switch
    {
        (true, true) => EvolutionOptions.AutoDiffusionBlocks(1000),
        (false, true) => EvolutionOptions.AutoDiffusion(1000),
        (true, false) => Blocks,
        _ => Times,
    };

    private static EvolutionOptions ReadEvolution(JsonInspector search, EvolutionOptions standard)
    {
        var population = search.Integer("population", standard.Population, 2, 10_000);
        return new EvolutionOptions(
            population,
            search.Integer("generations", standard.Generations, 1, 10_000),
            search.Integer("elites", Math.Min(standard.Elites, population), 1, 10_000),
            search.Integer("mutants", population * standard.Mutants / standard.Population, 0, 10_000),
            search.Integer("crossovers", population * standard.Crossovers / standard.Population, 0, 10_000),
            search.Integers("rungs", 2, 1_000_000) ?? standard.Rungs,
            search.Number("survivors", standard.Survivors, 0, 1));
    }
}
