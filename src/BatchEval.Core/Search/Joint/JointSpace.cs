using BatchEval.Core.Randomness;
using BatchEval.Core.Sampling;

namespace BatchEval.Core.Search.Joint;

/// <summary>
/// Candidates made of (step, mask) pairs: when the network is called, and which of its blocks each call leaves out. The number of steps
/// is free: dropped blocks buy steps. Genomes are sorted by noise level, a mask always stays with its step, and every operator ends
/// inside the budget.
/// </summary>
public sealed class JointSpace : CandidateSpace
{
    private const int Tries = 10;
    private const double StructureProbability = 0.2;

    // Times, and masks, that a mutation changes on average at most, however many steps there are.
    private const double MostChanges = 1;
    private const double FillProbability = 0.75;
    private const double DropRatherThanCut = 0.7;
    private readonly string solver;
    private readonly NoiseSchedule schedule;
    private readonly TimeAxis axis;
    private readonly MaskOperators masks;

    /// <param name="budget">What a candidate may cost.</param>
    /// <exception cref="ArgumentException">The budget does not allow one step of the whole network, or a parameter is out of range.</exception>
    public JointSpace(string solver, NoiseSchedule schedule, Budget budget, JointOptions options)
    {
        if (!budget.Allows(Candidate.At(solver, [schedule.MinTime])))
        {
            throw new ArgumentException("The budget does not allow a single step of the whole network.", nameof(budget));
        }

        if (!(options.MutationProbability > 0 && options.MutationProbability <= 1) || !(options.LocalShare >= 0 && options.LocalShare <= 1)
            || !(options.Window.Low >= 0 && options.Window.Low <= options.Window.High && options.Window.High <= 1))
        {
            throw new ArgumentException("mutation probability must lie in (0, 1], local share in [0, 1], and the prune window in [0, 1], ascending.", nameof(options));
        }

        (this.solver, this.schedule, Budget, Options) = (solver, schedule, budget, options);
        (axis, masks) = (new TimeAxis(schedule), new MaskOperators(budget.Costs.Blocks.Count, options));
    }

    /// <summary>What a candidate may cost.</summary>
    public Budget Budget { get; }

    public JointOptions Options { get; }

    private bool Shared => Options.Masks == MaskRule.Shared;

    private int MostSteps => axis.Count ?? 1000;

    /// <summary>The same space with other parameters.</summary>
    public JointSpace With(JointOptions options) => new(solver, schedule, Budget, options);

    public override Candidate Random(PhiloxStream random)
    {
        var genome = new JointGenome();
        if (Options.Grids is { } grids)
        {
            foreach (var time in grids[random.NextInt(grids.Count)])
            {
                genome.TryAdd(time, masks.Draw(time, random));
            }
        }

        genome.Share(Shared ? masks.Draw(axis.Draw(random), random) : null);
        return Finish(genome, fill: true, random);
    }

    public override Candidate Mutate(Candidate parent, PhiloxStream random)
    {
        if (Options.Grids is not null && random.NextDouble() < StructureProbability)
        {
            return OnOtherGrid(parent, random);
        }

        var genome = new JointGenome();
        double[] times = [.. parent.Steps.Select(s => s.Time)];
        var forced = random.NextInt(times.Length);
        var chance = Options.Published ? Options.MutationProbability : Math.Min(Options.MutationProbability, MostChanges / times.Length);
        for (var i = 0; i < times.Length; i++)
        {
            var (time, mask) = (times[i], parent.Steps[i].Drop);
            var changeTime = Options.Grids is null && (random.NextDouble() < chance || (i == forced && (!masks.Open || random.NextInt(2) == 0)));
            if (changeTime)
            {
                time = random.NextDouble() < Options.LocalShare ? axis.Move(times, i, random) : axis.Draw(random);
            }

            var changeMask = random.NextDouble() < chance || (i == forced && !changeTime);
            genome.TryAdd(time, changeMask && !Shared ? masks.Mutate(mask, time, random) : mask);
        }

        genome.Share(Shared ? random.NextInt(2) == 0 ? masks.Mutate(parent.Steps[0].Drop, times[forced], random) : parent.Steps[0].Drop : null);
        Restructure(genome, random);
        return Finish(genome, Options.Published || random.NextDouble() < FillProbability, random);
    }

    public override Candidate Cross(Candidate first, Candidate second, PhiloxStream random)
    {
        var genome = new JointGenome();
        if (Options.Grids is not null)
        {
            for (var i = 0; i < first.Steps.Count; i++)
            {
                genome.TryAdd(first.Steps[i].Time, (random.NextInt(2) == 0 ? first.Steps[i] : second.Steps[i * second.Steps.Count / first.Steps.Count]).Drop);
            }
        }
        else if (!Options.Published && random.NextDouble() < Options.LocalShare)
        {
            // High noise from one parent, low noise from the other.
            var cut = first.Steps[random.NextInt(first.Steps.Count)].Time;
            genome.AddAll(first.Steps.Where(s => s.Time >= cut));
            genome.AddAll(second.Steps.Where(s => s.Time < cut));
        }
        else
        {
            var common = Math.Min(first.Steps.Count, second.Steps.Count);
            var longer = first.Steps.Count > common ? first : second;
            genome.AddAll(Enumerable.Range(0, common).Select(i => (random.NextInt(2) == 0 ? first : second).Steps[i]));
            genome.AddAll(longer.Steps.Skip(common));
        }

        genome.Share(Shared ? (random.NextInt(2) == 0 ? first : second).Steps[0].Drop : null);
        return Finish(genome, Options.Published || random.NextDouble() < FillProbability, random);
    }

    public override Candidate? Adopt(Candidate candidate)
    {
        var steps = candidate.Steps;
        var whole = steps.Select(s => axis.Nearest(s.Time)).Distinct().ToList();
        var fits = whole.Count == steps.Count && whole.TrueForAll(axis.Contains) && steps.All(s => !s.Reuse && s.Drop.All(b => b < Budget.Costs.Blocks.Count))
            && (Options.Masks != MaskRule.None || steps.All(s => s.Drop.Count == 0))
            && (!Shared || steps.All(s => s.Drop.SequenceEqual(steps[0].Drop)))
            && (Options.Grids is null || Options.Grids.Any(g => g.SequenceEqual(whole)));
        var adopted = fits ? new Candidate(solver, steps.Zip(whole, (s, t) => new CandidateStep(t, s.Drop))) : null;
        return adopted is not null && Budget.Allows(adopted) ? adopted : null;
    }

    /// <summary>Candidates like a given one with one, two and three more steps, paid for with blocks.</summary>
    public IEnumerable<Candidate> Stretch(Candidate candidate, PhiloxStream random)
    {
        double[] times = [.. candidate.Steps.Select(s => s.Time)];
        for (var more = 1; more <= 3 && masks.Open; more++)
        {
            var genome = new JointGenome();
            var count = times.Length + more;
            foreach (var time in Options.Grids is { } grids ? Closest(grids, times[0], count) : Enumerable.Range(0, count).Select(i => TimeAtShare(times, (i + 0.5) / count)))
            {
                genome.TryAdd(time, []);
            }

            if (genome.Count > 0)
            {
                yield return Finish(genome, fill: false, random, rather: 1);
            }
        }
    }

    private static IReadOnlyList<double> Closest(IReadOnlyList<IReadOnlyList<double>> grids, double start, int steps) =>
        grids.Where(g => g.Count == steps).MinBy(g => Math.Abs(g[0] - start)) ?? [];

    // The time where a given share of the steps lies behind, by straight lines through the middles of the steps.
    private double TimeAtShare(double[] times, double share)
    {
        var place = (share * times.Length) - 0.5;
        var i = Math.Clamp((int)Math.Floor(place), 0, Math.Max(0, times.Length - 2));
        var next = times[Math.Min(i + 1, times.Length - 1)];
        return axis.Nearest(Math.Clamp(times[i] + ((place - i) * (next - times[i])), schedule.MinTime, schedule.MaxTime));
    }

    private void Restructure(JointGenome genome, PhiloxStream random)
    {
        if (Options.Published || Options.Grids is not null || random.NextDouble() >= StructureProbability)
        {
            return;
        }

        if (genome.Count > 1 && random.NextInt(2) == 0)
        {
            genome.RemoveAt(random.NextInt(genome.Count));
        }
        else if (masks.Open && genome.Count < MostSteps)
        {
            // One step too many: repair drops blocks for it.
            var time = axis.Draw(random);
            genome.TryAdd(time, Shared ? genome.MaskAt(0) : masks.Draw(time, random));
        }
    }

    private Candidate OnOtherGrid(Candidate parent, PhiloxStream random)
    {
        var grid = Options.Grids![random.NextInt(Options.Grids.Count)];
        var genome = new JointGenome();
        for (var i = 0; i < grid.Count; i++)
        {
            genome.TryAdd(grid[i], parent.Steps[i * parent.Steps.Count / grid.Count].Drop);
        }

        return Finish(genome, fill: false, random);
    }

    private Candidate Finish(JointGenome genome, bool fill, PhiloxStream random, double rather = DropRatherThanCut)
    {
        if (genome.Count > 0)
        {
            Repair(genome, rather, random);
        }

        if (Options.Grids is null && (fill || genome.Count == 0))
        {
            Fill(genome, random);
        }

        return genome.ToCandidate(solver);
    }

    // Adds steps until no more fit.
    private void Fill(JointGenome genome, PhiloxStream random)
    {
        for (var failures = 0; failures < Tries && genome.Count < MostSteps;)
        {
            var time = axis.Draw(random);
            var mask = genome.Shared ?? masks.Draw(time, random);
            if (!genome.TryAdd(time, mask))
            {
                failures++;
            }
            else if (!Budget.Allows(genome.ToCandidate(solver)))
            {
                genome.Remove(time);
                failures++;
            }
        }
    }

    // Drops blocks or steps until the candidate is inside the budget.
    private void Repair(JointGenome genome, double rather, PhiloxStream random)
    {
        for (var candidate = genome.ToCandidate(solver); !Budget.Allows(candidate); candidate = genome.ToCandidate(solver))
        {
            var droppable = masks.Open && !Budget.NeedsFewerCalls(candidate) ? genome.NotFull(Budget.Costs.Blocks.Count) : [];
            if (droppable.Count > 0 && (Options.Grids is not null || genome.Count == 1 || random.NextDouble() < rather))
            {
                var at = droppable[random.NextInt(droppable.Count)];
                var mask = masks.Add(genome.MaskAt(at), genome.TimeAt(at), random);
                genome.SetMask(at, mask);
                genome.Share(Shared ? mask : null);
            }
            else if (genome.Count > 1 && Options.Grids is null)
            {
                genome.RemoveAt(random.NextInt(genome.Count));
            }
            else
            {
                genome.ReplaceBy(Smallest());
            }
        }
    }

    // The last resort: what the budget is known to allow.
    private IReadOnlyList<double> Smallest() => Options.Grids?
        .Where(g => Budget.Allows(Candidate.At(solver, g))).OrderByDescending(g => g.Count).FirstOrDefault() ?? [schedule.MinTime];
}
