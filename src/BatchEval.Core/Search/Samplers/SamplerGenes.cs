using BatchEval.Core.Sampling;
using BatchEval.Core.Search.Optimisers;

namespace BatchEval.Core.Search.Samplers;

/// <summary>
/// The numbers of a base candidate that a search varies, with the changes that are sensible first steps: 30 of 1000 positions for a step, 20 for the
/// time that the network is told (at most 150), 0.03 for the output scale (less where alpha / sigma is small), 0.12 and 0.08 for the weights of
/// the differences, 0.04 and 0.03 for the corrections (half at the last step), 0.05 for the start scale.
/// </summary>
internal static class SamplerGenes
{
    private const double MostUnits = 8;
    private const double TimeScale = 0.03;
    private const double NetworkTimeScale = 0.02;
    private const double MostOffset = 0.15;

    public static IEnumerable<SamplerGene> Of(Candidate origin, NoiseSchedule schedule, TimeAxis axis, SamplerGroups groups)
    {
        var last = origin.Steps.Count - 1;
        for (var i = 0; i <= last; i++)
        {
            var (step, share) = (origin.Steps[i], i == last ? 0.5 : 1);
            if (groups.HasFlag(SamplerGroups.Times))
            {
                var position = axis.PositionOf(step.Time);
                yield return OnAxis(SamplerNumber.Time, i, position, TimeScale, (-position, axis.Length - position), axis);
            }

            if (step.Reuse)
            {
                // No call, so no output to scale and no time to tell; its combination is varied like any other.
            }
            else
            {
                if (groups.HasFlag(SamplerGroups.NetworkTimes))
                {
                    yield return OnAxis(SamplerNumber.NetworkTime, i, Offset(step, axis), NetworkTimeScale, (-MostOffset * axis.Length, MostOffset * axis.Length), axis);
                }

                // Where nothing is left of the signal, no change of the output is a sensible one.
                if (groups.HasFlag(SamplerGroups.OutputScales) && schedule.At(step.Time).Ratio is var ratio && double.IsFinite(ratio))
                {
                    yield return Free(SamplerNumber.OutputScale, i, 0.03 * Math.Min(1, 1 / ratio));
                }
            }

            if (groups.HasFlag(SamplerGroups.Differences) && i > 0)
            {
                yield return Free(SamplerNumber.FirstDifference, i, 0.12);
            }

            if (groups.HasFlag(SamplerGroups.Differences) && i > 1)
            {
                yield return Free(SamplerNumber.SecondDifference, i, 0.08);
            }

            if (groups.HasFlag(SamplerGroups.Corrections))
            {
                yield return Free(SamplerNumber.State, i, 0.04 * share);
                yield return Free(SamplerNumber.Data, i, 0.03 * share);
            }
        }

        if (groups.HasFlag(SamplerGroups.Guidance))
        {
            foreach (var i in GuidanceKeys.Varied(origin))
            {
                var key = GuidanceKeys.Of(origin.Steps[i].Guidance);
                yield return new(SamplerNumber.Guidance, i, key, 1, new Variable(-GuidanceKeys.Most - key, GuidanceKeys.Most - key));
            }
        }

        if (groups.HasFlag(SamplerGroups.StartScale))
        {
            yield return Free(SamplerNumber.StartScale, 0, 0.05);
        }

        SamplerGene Free(SamplerNumber number, int step, double scale) =>
            new(number, step, ValueIn(origin, number, step, axis), scale, new Variable(-MostUnits, MostUnits));
    }

    /// <summary>Positions between a step and the time that the network is told.</summary>
    public static double Offset(CandidateStep step, TimeAxis axis) =>
        step.Numbers?.NetworkTime is { } told ? axis.PositionOf(told) - axis.PositionOf(step.Time) : 0;

    /// <summary>A candidate's value of a number.</summary>
    public static double ValueIn(Candidate candidate, SamplerNumber number, int index, TimeAxis axis)
    {
        var step = candidate.Steps[index];
        var numbers = step.Numbers ?? new StepNumbers();
        return number switch
        {
            SamplerNumber.Time => axis.PositionOf(step.Time),
            SamplerNumber.NetworkTime => Offset(step, axis),
            SamplerNumber.OutputScale => numbers.OutputScale - 1,
            SamplerNumber.FirstDifference => numbers.FirstDifference,
            SamplerNumber.SecondDifference => numbers.SecondDifference,
            SamplerNumber.State => numbers.State,
            SamplerNumber.Data => numbers.Data,
            SamplerNumber.Guidance => GuidanceKeys.Of(step.Guidance),
            _ => candidate.StartScale - 1,
        };
    }

    private static SamplerGene OnAxis(SamplerNumber number, int step, double value, double share, (double Low, double High) range, TimeAxis axis)
    {
        var scale = share * axis.Length;
        var grid = axis.IsDiscrete ? 1 / scale : 0;
        return new(number, step, value, scale, new Variable(range.Low / scale, range.High / scale, grid, axis.IsDiscrete ? (Math.Round(value) - value) / scale : 0));
    }
}
