using System.Globalization;
using BatchEval.Core.Sampling;

namespace BatchEval.Http.Runs;

/// <summary>What searches vary of candidates beyond times and solver, as numbers. The pages list, draw and explain whatever stands here.</summary>
internal static class CandidateGenes
{
    /// <summary>What each of them does, for people.</summary>
    public static IReadOnlyList<GeneKind> Kinds { get; } =
    [
        new("start scale", "factor on the noise that sampling starts from"),
        new("end", "time at which sampling stops; 0 for no noise"),
        new("skip threshold", "a call is left out while the criterion of the skip policy stays below"),
        new("skips in a row", "most calls that the skip policy leaves out in a row"),
        new("skip warm-up", "first steps that are always computed"),
        new("skip order", "order by which an output that is left out is extrapolated"),
        new("skip guard", "last steps that are always computed"),
        new("skip most calls", "most calls per sample; 0 for no limit"),
        new("dropped", "blocks left out at the step"),
        new("reused", "1 where an earlier output is used in place of a call"),
        new("guided", "2 for both evaluations of guidance, 1 for the positive one and the last difference, 0 for the positive one alone"),
        new("shift", "added to the time that the network is told"),
        new("scale", "factor on the network's output"),
        new("w", "weight of the first difference of data predictions"),
        new("u", "weight of the second difference of data predictions"),
        new("a", "relative correction of the state's coefficient"),
        new("b", "relative correction of the data predictions' coefficients"),
    ];

    // Columns stand in the order of the kinds.
    private static readonly Dictionary<string, int> Places = Kinds.Select((kind, place) => (kind.Name, place)).ToDictionary(k => k.Name, k => k.place, StringComparer.Ordinal);

    /// <summary>What at least one of the candidates has.</summary>
    public static IReadOnlyList<GeneColumn> Columns(IEnumerable<Candidate> candidates) => [.. candidates
        .SelectMany(Of).Where(g => g.Value != g.Usual).GroupBy(g => g.Name).Select(g => g.First())
        .OrderBy(g => g.Kind).ThenBy(g => g.Step).Select(g => new GeneColumn(g.Name, g.Usual))];

    /// <summary>What one candidate has in each column.</summary>
    public static IEnumerable<double> Values(Candidate candidate, IReadOnlyList<GeneColumn> columns)
    {
        var own = Of(candidate).ToDictionary(g => g.Name, g => g.Value, StringComparer.Ordinal);
        return columns.Select(c => own.GetValueOrDefault(c.Name, c.Usual));
    }

    private static IEnumerable<Gene> Of(Candidate candidate)
    {
        yield return Whole("start scale", candidate.StartScale, 1);
        yield return Whole("end", candidate.End ?? 0, 0);
        if (candidate.Skip is { } skip)
        {
            yield return Whole("skip threshold", skip.Threshold, 0);
            yield return Whole("skips in a row", skip.MaxConsecutive, 0);
            yield return Whole("skip warm-up", skip.Warmup, 0);
            yield return Whole("skip order", skip.Order, 0);
            yield return Whole("skip guard", skip.Guard, 0);
            yield return Whole("skip most calls", skip.MaxCalls ?? 0, 0);
        }

        foreach (var (step, index) in candidate.Steps.Select((s, i) => (s, i + 1)))
        {
            yield return At("dropped", step.Drop.Count, 0);
            yield return At("reused", step.Reuse ? 1 : 0, 0);
            yield return At("guided", step.Guidance switch { StepGuidance.Full => 2, StepGuidance.Cached => 1, _ => 0 }, 2);
            var numbers = step.Numbers ?? new StepNumbers();
            yield return At("shift", (numbers.NetworkTime ?? step.Time) - step.Time, 0);
            yield return At("scale", numbers.OutputScale, 1);
            yield return At("w", numbers.FirstDifference, 0);
            yield return At("u", numbers.SecondDifference, 0);
            yield return At("a", numbers.State, 0);
            yield return At("b", numbers.Data, 0);

            Gene At(string name, double value, double usual) => new(string.Create(CultureInfo.InvariantCulture, $"{name} {index}"), value, usual, Places[name], index);
        }

        Gene Whole(string name, double value, double usual) => new(name, value, usual, Places[name], 0);
    }

    private readonly record struct Gene(string Name, double Value, double Usual, int Kind, int Step);
}
