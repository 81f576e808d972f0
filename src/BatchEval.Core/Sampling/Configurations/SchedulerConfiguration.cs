using System.Text.RegularExpressions;
using BatchEval.Core.Json;
using BatchEval.Core.Sampling.Placement;

namespace BatchEval.Core.Sampling.Configurations;

/// <summary>
/// A <c>scheduler_config.json</c> of diffusers as it is: the noise a model was trained on, what its output means, the solver and the grid of the
/// scheduler class. Fields that are absent have the defaults of the class; fields of other classes are ignored, as diffusers does; what cannot
/// be done is refused by the field's name.
/// </summary>
public sealed partial class SchedulerConfiguration
{
    private readonly SchedulerGrid grid;

    private SchedulerConfiguration(string name, SchedulerGrid grid, PredictionType prediction, string solver, DataLimit? limit, (string, double, double)? betas) =>
        (Class, this.grid, Prediction, Solver, Limit, Betas) = (name, grid, prediction, solver, limit, betas);

    public string Class { get; }

    public NoiseSchedule Noise => grid.Noise;

    /// <summary>What the network's output means.</summary>
    public PredictionType Prediction { get; }

    /// <summary>Our name of the class's solver.</summary>
    public string Solver { get; }

    /// <summary>Kind of the betas (<c>linear</c>, <c>scaled-linear</c>, <c>cosine</c>) and their ends; null for every other process, and for betas that are listed or rescaled.</summary>
    public (string Kind, double Start, double End)? Betas { get; }

    /// <summary>What is done to data predictions, or null for nothing.</summary>
    public DataLimit? Limit { get; }

    /// <summary>Reads a configuration.</summary>
    /// <param name="name">What it is called in messages.</param>
    /// <exception cref="ProblemException">Everything that cannot be read or done.</exception>
    public static SchedulerConfiguration Read(string json, string name = "The scheduler configuration")
    {
        var problems = new List<Problem>();
        // Python writes lambda_min_clipped as a number that JSON does not have; it is the default.
        if (JsonInspector.Parse(NoLimit().Replace(json, ": null"), problems) is { } parsed)
        {
            using (parsed.Document)
            {
                var reader = new SchedulerReader(parsed.Root, problems);
                var read = reader.Read();
                if (problems.Count == 0 && read is { } r)
                {
                    return new SchedulerConfiguration(r.Class, r.Grid, r.Prediction, r.Solver, r.Limit, reader.Betas);
                }
            }
        }

        throw new ProblemException(name, problems);
    }

    /// <summary>The class's grid.</summary>
    /// <param name="imageTokens">Tokens of the image, for schedules that are shifted by its size (Flux: a quarter of the latent's pixels).</param>
    /// <param name="even">For flow models: true for the levels 1, 1 - 1/n, ... that the pipeline of Flux gives; null for the class's own, which are those where the shift is dynamic.</param>
    /// <exception cref="ArgumentException">More steps than the class allows.</exception>
    public SamplingSchedule Schedule(int steps, int? imageTokens = null, bool? even = null)
    {
        if (steps < 1)
        {
            throw new ArgumentException($"A schedule needs at least 1 step, got {steps}.", nameof(steps));
        }

        return grid.Create(steps, imageTokens, even) with { Method = Class };
    }

    /// <summary>
    /// Factor on the noise that sampling starts from. Schedulers in sigma start at sigma_max z except with leading steps, which is less than a
    /// variance-preserving state has; those of flow models at z, whatever their first level; EDM's with a variance of sigma_max^2 + 1.
    /// </summary>
    public double StartScale(SamplingSchedule schedule)
    {
        var first = Noise.At(schedule.Times[0]);
        return grid.StartsAtSigma ? first.Sigma
            : Noise.Process == NoiseProcess.Flow ? 1 / first.Sigma
            : Prediction == PredictionType.Edm ? Math.Sqrt(1 + (1 / (first.Ratio * first.Ratio)))
            : 1;
    }

    [GeneratedRegex(@":\s*-Infinity\b")]
    private static partial Regex NoLimit();
}
