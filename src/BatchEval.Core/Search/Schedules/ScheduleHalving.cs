using BatchEval.Core.Sampling;
using BatchEval.Core.Sampling.Placement;

namespace BatchEval.Core.Search.Schedules;

/// <summary>Sizes of a <see cref="ScheduleHalving"/>.</summary>
/// <param name="Rungs">Sample counts, ascending.</param>
/// <param name="Elites">How many of the best are left in the end, to be compared on fresh samples.</param>
public sealed record HalvingSizes(IReadOnlyList<int> Rungs, int Elites);

/// <summary>
/// Chooses among computed schedules, heuristics and what is bred from the best of them by a quality metric: the early stopping that KLUB
/// needs, done by measurement. All are compared on few samples; the best two of every method and the best eight of all go on; the last rung is also
/// run by blends of the best computed schedules with the best heuristics, and by the two best with their ends, or the last call alone, moved.
/// </summary>
public sealed class ScheduleHalving : ISearchMethod
{
    /// <summary>Method name of blends in log sigma.</summary>
    public const string Blend = "blend";

    /// <summary>Method name of schedules with moved end points.</summary>
    public const string Refined = "refined";

    private const int KeptPerMethod = 2;
    private const int KeptOverall = 8;
    private const int Parents = 2;
    private static readonly double[] Weights = [0.25, 0.5, 0.75];
    private static readonly double[] Moves = [0.8, 1, 1.25];
    private static readonly double[] LastMoves = [0.4, 0.15];

    private readonly List<SamplingSchedule> entries;
    private readonly HashSet<string> computed;
    private readonly ILookup<string, SamplingSchedule> names;
    private readonly string solver;
    private readonly NoiseSchedule schedule;
    private readonly HalvingSizes sizes;

    /// <param name="heuristics">Everything that they are compared with.</param>
    /// <param name="sizes">Sample counts.</param>
    public ScheduleHalving(IReadOnlyList<SamplingSchedule> computed, IReadOnlyList<SamplingSchedule> heuristics, string solver, NoiseSchedule schedule, HalvingSizes sizes)
    {
        (this.solver, this.schedule, this.sizes) = (solver, schedule, sizes);
        entries = [.. computed, .. heuristics];
        this.computed = computed.Select(c => c.Name).ToHashSet(StringComparer.Ordinal);
        names = entries.ToLookup(e => Of(e).Id, StringComparer.Ordinal);
    }

    public Candidate Of(SamplingSchedule named) => Candidate.At(solver, named.Times, named.End);

    /// <summary>Everything that has been scored on the present rung, best first, under every name that it has.</summary>
    public IReadOnlyList<(SamplingSchedule Schedule, ScoredCandidate Score)> Standings(SearchState state)
    {
        var bred = state.Round > sizes.Rungs.Count ? Bred(state).ToLookup(b => Of(b).Id, StringComparer.Ordinal) : null;
        return [.. from score in state.Contenders
                   from named in names[score.Candidate.Id].Concat(bred?[score.Candidate.Id] ?? [])
                   select (named, score)];
    }

    public Proposal? Next(SearchState state)
    {
        var (round, last) = (state.Round, sizes.Rungs.Count);
        IEnumerable<Candidate> field = round == 0 ? entries.Select(Of)
            : round < last ? state.Contenders.Select(s => s.Candidate)
            : round == last ? Bred(state).Select(Of)
            : [];
        List<Candidate> distinct = [.. field.DistinctBy(c => c.Id)];
        return distinct.Count > 0 ? new Proposal(distinct, sizes.Rungs[Math.Min(round, last - 1)], 0, Math.Min(round, last - 1)) : null;
    }

    public SearchState Observe(SearchState state, IReadOnlyList<ScoredCandidate> scores)
    {
        var proposal = Next(state) ?? throw new InvalidOperationException("The search has ended; there is nothing to observe.");
        var last = proposal.Rung == sizes.Rungs.Count - 1;
        var before = state.Round == sizes.Rungs.Count ? state.Contenders : [];
        var ranked = ScoredCandidate.Rank(before.Concat(scores.Where(s => s.Failure is null))).ToList();
        return state.After(proposal, state.Round == 0 || state.Round == sizes.Rungs.Count ? 0 : sizes.Rungs[proposal.Rung - 1]) with
        {
            Contenders = last ? ranked : Kept(ranked),
            Archive = last ? [.. ranked.Take(sizes.Elites)] : state.Archive,
        };
    }

    private List<ScoredCandidate> Kept(List<ScoredCandidate> ranked)
    {
        var ofMethods = from s in ranked
                        from named in names[s.Candidate.Id]
                        group s by named.Method into method
                        from kept in method.DistinctBy(s => s.Candidate.Id).Take(KeptPerMethod)
                        select kept.Candidate.Id;
        var ids = ofMethods.Concat(ranked.Take(KeptOverall).Select(s => s.Candidate.Id)).ToHashSet(StringComparer.Ordinal);
        return [.. ranked.Where(s => ids.Contains(s.Candidate.Id))];
    }

    // Bred from entries only, so that the same state gives the same schedules before and after they were scored.
    private List<SamplingSchedule> Bred(SearchState state)
    {
        var standings = (from s in state.Contenders where names[s.Candidate.Id].Any() select names[s.Candidate.Id].First()).ToList();
        var bred = from c in standings.Where(s => computed.Contains(s.Name)).Take(Parents)
                   from h in standings.Where(s => !computed.Contains(s.Name)).Take(Parents)
                   from w in Weights
                   select SamplingSchedule.OfRatios(Blend, $"{1 - w} {h.Name} + {w} {c.Name}", schedule, SigmaKnots.Blend(h.Ratios(schedule), c.Ratios(schedule), w));
        return [.. bred.Concat(standings.Take(Parents).SelectMany(Moved)).Where(b => !names.Contains(Of(b).Id)).DistinctBy(b => Of(b).Id)];
    }

    private IEnumerable<SamplingSchedule> Moved(SamplingSchedule parent)
    {
        var (low, high) = (schedule.At(schedule.MinTime).Ratio, schedule.At(schedule.MaxTime).Ratio);
        var calls = parent.Ratios(schedule);
        var moved = from first in Moves
                    from last in calls.Length > 1 ? Moves : [1]
                    where first != 1 || last != 1
                    select (Variant: $"{parent.Name}, ends x{first}, x{last}", Calls: Stretch(calls, first, last));
        var lowered = from last in calls.Length > 1 ? LastMoves : []
                      select (Variant: $"{parent.Name}, last call x{last}", Calls: (double[])[.. calls.SkipLast(1), calls[^1] * last]);
        return moved.Concat(lowered)
            .Where(m => m.Calls[0] <= high && m.Calls[^1] >= low && m.Calls.Zip(m.Calls.Skip(1)).All(p => p.First > p.Second))
            .Select(m => SamplingSchedule.OfRatios(Refined, m.Variant, schedule, m.Calls));
    }

    // linear in log sigma: the first level times one factor, the last times another, those between in proportion
    private static double[] Stretch(double[] calls, double first, double last)
    {
        var (top, span) = (calls[0], Math.Log(calls[0] / calls[^1]));
        return [.. calls.Select(c => c * first * Math.Pow(last / first, span > 0 ? Math.Log(top / c) / span : 0))];
    }
}
