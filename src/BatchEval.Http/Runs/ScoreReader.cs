using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using BatchEval.Core.Metrics.Catalog;
using BatchEval.Workflow.Evaluation;
using BatchEval.Workflow.Runs;
using BatchEval.Workflow.Storage;

namespace BatchEval.Http.Runs;

/// <summary>Reads the scores of a run's rounds. A round's scores never change once they are written, so they are kept.</summary>
internal sealed class ScoreReader(RunStore store)
{
    private const int ReadsAtOnce = 16;
    private const int MostKept = 5000;

    private static readonly string[] Searches = [Name(RunStage.Search), Name(RunStage.RandomSearch), Name(RunStage.Rivals)];
    private static readonly string Validation = Name(RunStage.Validation);

    private static readonly MetricColumn[] Known = [.. MetricCatalog.All.Select(m => new MetricColumn(m.Member, m.Label, m.Unit, m.HigherIsBetter, m.Direction))];

    private static readonly ConditionalWeakTable<RunStore, ConcurrentDictionary<string, ScoredRound>> Kept = [];

    /// <summary>The rounds from one on.</summary>
    /// <param name="run">The run.</param>
    /// <param name="metric">Key of its objective.</param>
    /// <param name="since">First round.</param>
    /// <param name="end">Round under way.</param>
    public async Task<ScoreTable> ReadAsync(string run, string metric, int since, int end, CancellationToken cancellation)
    {
        var objective = MetricCatalog.Find(metric).Member;
        var rounds = new List<ScoredRound>();
        var written = new Lazy<Task<Dictionary<string, DateTimeOffset>>>(async () =>
            (await store.ListAsync(BlobNames.Rounds(run), cancellation)).ToDictionary(b => b.Name, b => b.Written, StringComparer.Ordinal));
        foreach (var chunk in Enumerable.Range(0, end).Chunk(ReadsAtOnce))
        {
            var read = await Task.WhenAll(chunk.Select(round => RoundAsync(run, round, written, cancellation)));
            rounds.AddRange(read.TakeWhile(r => r is not null)!);
            if (read.Contains(null))
            {
                break;
            }
        }

        var shown = rounds.Where(r => r.Round >= since && r.Rows.Count > 0).ToList();
        var known = Known.First(m => m.Key == objective);
        var metrics = Known.Where(m => m.Key != objective && rounds.Exists(r => r.Rows.Any(s => s.Values.ContainsKey(m.Key))));
        return new ScoreTable(rounds.Count, objective, [known, .. metrics], shown, [.. History(rounds, known)], CandidateGenes.Kinds);
    }

    private async Task<ScoredRound?> RoundAsync(string run, int round, Lazy<Task<Dictionary<string, DateTimeOffset>>> written, CancellationToken cancellation)
    {
        var kept = Kept.GetOrCreateValue(store);
        var key = string.Create(CultureInfo.InvariantCulture, $"{run}/{round}");
        if (kept.TryGetValue(key, out var found))
        {
            return found;
        }

        if (await store.ReadJsonAsync<RoundScores>(BlobNames.Scores(run, round), cancellation) is not { } scores)
        {
            return null;
        }

        var plan = scores.Generation is null ? (await store.ReadJsonAsync<UnitPlan>(BlobNames.Plan(run, round), cancellation))?.Plan : null;
        var genes = CandidateGenes.Columns(scores.Scores.Select(s => s.Candidate));
        var made = new ScoredRound(
            round, Name(scores.Stage), scores.Generation ?? plan?.Generation, scores.Rung ?? plan?.Rung,
            scores.Scores.Count == 0 ? null : scores.Scores[0].Samples, scores.Validates ?? false, (await written.Value).TryGetValue(BlobNames.Scores(run, round), out var at) ? at : null,
            genes.Count == 0 ? null : genes, [.. scores.Scores.Select(s => Row(s, scores.Parents, genes))]);
        if (kept.Count >= MostKept)
        {
            kept.Clear();
        }

        return kept[key] = made;
    }

    private static IEnumerable<HistoryPoint> History(List<ScoredRound> rounds, MetricColumn objective)
    {
        foreach (var search in rounds.Where(r => r.Generation is not null && Searches.Contains(r.Stage)).GroupBy(r => r.Stage))
        {
            double? best = null, validated = null;
            var last = search.Max(r => r.Round);
            // A stage may hold several searches one after another; each begins at generation 0 again.
            foreach (var generation in search.GroupAdjacent(r => r.Generation!.Value))
            {
                (best, validated) = generation[0].Generation == 0 ? (null, null) : (best, validated);
                var values = Values(generation.LastOrDefault(r => !r.Validates));
                // A search that does not look at them by itself is validated after its last generation.
                var chosen = Values(generation.LastOrDefault(r => r.Validates) ?? (search.Key == Searches[0] && generation[^1].Round == last ? rounds.Find(r => r.Stage == Validation) : null));
                (best, validated) = (Better(best, values), Better(validated, chosen));
                yield return new HistoryPoint(search.Key, generation[0].Generation!.Value, generation[^1].Round, best, Median(values), chosen.Length == 0 ? null : validated, Median(chosen));
            }
        }

        double[] Values(ScoredRound? round) =>
            [.. (round?.Rows ?? []).Where(r => r.Values.ContainsKey(objective.Key) && (round!.Stage != Validation || r.Role == Name(EntryRole.Searched))).Select(r => r.Values[objective.Key]).Order()];

        double? Better(double? best, double[] sorted) =>
            sorted.Length == 0 ? best : objective.HigherIsBetter ? Math.Max(best ?? sorted[^1], sorted[^1]) : Math.Min(best ?? sorted[0], sorted[0]);
    }

    private static string Name(Enum value) => JsonNamingPolicy.CamelCase.ConvertName(value.ToString());

    private static double? Median(double[] sorted) => sorted.Length == 0 ? null : (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;

    private static ScoreRow Row(CandidateScore score, IReadOnlyDictionary<string, IReadOnlyList<string>>? parents, IReadOnlyList<GeneColumn> genes)
    {
        var (values, errors) = (new Dictionary<string, double>(StringComparer.Ordinal), new Dictionary<string, double>(StringComparer.Ordinal));
        foreach (var metric in MetricCatalog.All)
        {
            Add(metric.Member, score.Of(metric.Key)?.Value, score.Of(metric.Key)?.Error);
        }

        var steps = score.Candidate.Steps;
        return new ScoreRow(
            score.Id, score.Name, Name(score.Role), score.Candidate.Solver, [.. steps.Select(s => Round(s.Time))],
            steps.Sum(s => s.Drop.Count), steps.Count(s => s.Reuse), Finite(score.NetworkCalls), Finite(score.Macs), Finite(score.Milliseconds), values, errors, score.Failure,
            parents is not null && parents.TryGetValue(score.Candidate.Id, out var bred) ? [.. bred.Select(id => id[..score.Id.Length])] : null,
            genes.Count == 0 ? null : [.. CandidateGenes.Values(score.Candidate, genes).Select(Round)]);

        void Add(string key, double? value, double? error)
        {
            if (Finite(value) is { } v)
            {
                values[key] = v;
                if (Finite(error) is { } e)
                {
                    errors[key] = e;
                }
            }
        }
    }

    private static double? Finite(double? value) => value is { } v && double.IsFinite(v) ? Round(v) : null;

    private static double Round(double value) => double.Parse(value.ToString("G6", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
}

/// <summary>Grouping of neighbours.</summary>
internal static class Neighbours
{
    /// <summary>Groups elements that follow each other and have the same key.</summary>
    public static IEnumerable<IReadOnlyList<T>> GroupAdjacent<T, TKey>(this IEnumerable<T> source, Func<T, TKey> key)
    {
        var group = new List<T>();
        foreach (var item in source)
        {
            if (group.Count > 0 && !EqualityComparer<TKey>.Default.Equals(key(group[^1]), key(item)))
            {
                yield return group;
                group = [];
            }

            group.Add(item);
        }

        if (group.Count > 0)
        {
            yield return group;
        }
    }
}
