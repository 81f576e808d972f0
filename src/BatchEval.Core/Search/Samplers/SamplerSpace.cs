using BatchEval.Core.Randomness;
using BatchEval.Core.Sampling;
using BatchEval.Core.Search.Optimisers;

namespace BatchEval.Core.Search.Samplers;

/// <summary>
/// A base candidate with numbers of its own: a box of real numbers around it, in units in which 1 is a sensible first step. Dropped blocks, reused
/// outputs, skip policy and end stay the base's, and so does the number of evaluations. Positions of steps are whole training indices on discrete-time models.
/// </summary>
public sealed class SamplerSpace : CandidateSpace
{
    private const int Digits = 5;
    private const double LocalStep = 0.5;
    private readonly Candidate origin;
    private readonly TimeAxis axis;
    private readonly double mutationProbability;

    /// <param name="groups">What is varied; at least one group.</param>
    /// <param name="mutationProbability">Chance of each number to change in a mutation.</param>
    /// <exception cref="ArgumentException">No group.</exception>
    public SamplerSpace(Candidate origin, NoiseSchedule schedule, SamplerGroups groups, double mutationProbability = 0.25)
    {
        if (groups == SamplerGroups.None)
        {
            throw new ArgumentException("A search over a sampler's numbers needs at least one group of them.", nameof(groups));
        }

        (this.origin, axis, this.mutationProbability) = (origin, new TimeAxis(schedule), mutationProbability);
        Genes = [.. SamplerGenes.Of(origin, schedule, axis, groups)];
        Variables = [.. Genes.Select(g => g.Variable)];
    }

    /// <summary>The numbers, in order.</summary>
    internal IReadOnlyList<SamplerGene> Genes { get; }

    /// <summary>Their bounds and grids.</summary>
    public IReadOnlyList<Variable> Variables { get; }

    /// <summary>The candidate at a point; numbers outside their bounds are clamped, steps that meet or cross are moved apart.</summary>
    public Candidate Decode(IReadOnlyList<double> point)
    {
        var values = Genes.Select((g, j) => (g.Number, g.Step, Value: g.At(point[j]))).ToLookup(v => (v.Number, v.Step), v => v.Value);
        double Value(SamplerNumber number, int step, double standard) => values[(number, step)].DefaultIfEmpty(standard).First();
        double Rounded(SamplerNumber number, int step, double standard) => Math.Round(Value(number, step, standard), Digits);
        var positions = Spread([.. origin.Steps.Select((s, i) => Value(SamplerNumber.Time, i, axis.PositionOf(s.Time)))]);
        var times = axis.TimesAt(positions, origin.End);
        var guidance = Genes.Any(g => g.Number == SamplerNumber.Guidance) ? GuidanceKeys.Guide(origin, i => Value(SamplerNumber.Guidance, i, 0)) : [.. origin.Steps.Select(s => s.Guidance)];
        var steps = new List<CandidateStep>();
        for (var i = 0; i < origin.Steps.Count; i++)
        {
            var (step, numbers, time) = (origin.Steps[i], origin.Steps[i].Numbers ?? new StepNumbers(), times[i]);
            steps.Add(new CandidateStep(time, step.Drop, step.Reuse, new StepNumbers
            {
                NetworkTime = axis.TimeAt(positions[i] + Value(SamplerNumber.NetworkTime, i, SamplerGenes.Offset(step, axis))) is var told && told != time ? told : null,
                OutputScale = Math.Round(1 + Value(SamplerNumber.OutputScale, i, numbers.OutputScale - 1), Digits),
                FirstDifference = Rounded(SamplerNumber.FirstDifference, i, numbers.FirstDifference),
                SecondDifference = Rounded(SamplerNumber.SecondDifference, i, numbers.SecondDifference),
                State = Rounded(SamplerNumber.State, i, numbers.State),
                Data = Rounded(SamplerNumber.Data, i, numbers.Data),
            }, guidance[i]));
        }

        return new Candidate(origin.Solver, steps, origin.Skip, origin.End, Math.Round(1 + Value(SamplerNumber.StartScale, 0, origin.StartScale - 1), Digits));
    }

    /// <summary>The point of a candidate with as many steps as the base; the inverse of <see cref="Decode"/> inside the bounds.</summary>
    public double[] Encode(Candidate candidate) => [.. Genes.Select(g => g.UnitsOf(SamplerGenes.ValueIn(candidate, g.Number, g.Step, axis)))];

    public override Candidate Random(PhiloxStream random) => Decode([.. Genes.Select(_ => random.NextGaussian())]);

    public override Candidate Mutate(Candidate parent, PhiloxStream random)
    {
        var point = Encode(parent);
        var forced = random.NextInt(point.Length);
        for (var j = 0; j < point.Length; j++)
        {
            if (j == forced || random.NextDouble() < mutationProbability)
            {
                point[j] = random.NextInt(2) == 0 ? random.NextGaussian() : point[j] + (LocalStep * random.NextGaussian());
            }
        }

        return Decode(point);
    }

    public override Candidate Cross(Candidate first, Candidate second, PhiloxStream random)
    {
        var (a, b) = (Encode(first), Encode(second));
        return Decode([.. a.Select((value, j) => random.NextInt(2) == 0 ? value : b[j])]);
    }

    public override Candidate? Adopt(Candidate candidate) =>
        candidate.Solver == origin.Solver && candidate.Steps.Count == origin.Steps.Count ? Decode(Encode(candidate)) : null;

    // Descending and at least a gap apart, inside the axis, and above the end of sampling.
    private double[] Spread(double[] positions)
    {
        var floor = origin.End is { } end ? axis.PositionOf(end) + axis.Gap : 0;
        Array.Sort(positions);
        Array.Reverse(positions);
        for (var i = 0; i < positions.Length; i++)
        {
            var whole = axis.IsDiscrete ? Math.Round(positions[i]) : positions[i];
            positions[i] = i == 0 ? Math.Min(whole, axis.Length) : Math.Min(whole, positions[i - 1] - axis.Gap);
        }

        for (var i = positions.Length - 1; i >= 0; i--)
        {
            positions[i] = Math.Max(positions[i], floor + ((positions.Length - 1 - i) * axis.Gap));
        }

        return positions;
    }
}
