using BatchEval.Core.Randomness;
using BatchEval.Core.Sampling.Placement;
using BatchEval.Core.Search.Schedules;
using BatchEval.Onnx.Packages;
using BatchEval.Onnx.Sampling;

namespace BatchEval.Workflow.Schedules;

/// <summary>Size of what schedules are computed from.</summary>
/// <param name="DataFree">Take x0 from the model's own long sampling instead of the package's data.</param>
/// <param name="GridPoints">K, levels of the grid.</param>
/// <param name="Paths">M, forward paths of the pairwise table.</param>
/// <param name="OptimalStepPaths">Trajectories that optimal steps are found on; each costs about n K calls.</param>
/// <param name="End">Smallest time; null for the model's.</param>
/// <param name="Start">Largest time; null for the model's.</param>
public sealed record MaterialOptions(
    bool DataFree = false, int GridPoints = 64, int Paths = 256, int TeacherPaths = 64, int OptimalStepPaths = 8, double? End = null, double? Start = null);

/// <summary>What a model was asked once, from which all data-driven schedules of all lengths are computed.</summary>
public sealed class ScheduleMaterials
{
    // far from the samples that schedules are chosen and scored on
    private const long TeacherStart = 1L << 40;
    private readonly CountingDenoiser denoiser;
    private readonly Lazy<TeacherTable> teacher;
    private readonly Lazy<DenoiserTable> table;
    private readonly SampleSet? data;
    private readonly MaterialOptions options;

    /// <summary>Prepares; networks are called when something is first asked for.</summary>
    /// <exception cref="ProblemException">The package has no data and the data-free variant was not asked for.</exception>
    public ScheduleMaterials(SamplingModel model, ScheduleSetting setting, MaterialOptions options, bool needsTable, CancellationToken cancellation = default)
    {
        this.options = options;
        Schedule = model.Manifest.Schedule;
        var (low, high) = (Schedule.At(options.End ?? Schedule.MinTime).Ratio, Schedule.At(Math.Min(options.Start ?? Schedule.MaxTime, Schedule.MaxRatioTime)).Ratio);
        var noise = new NoiseBank(setting.Seed);
        denoiser = new CountingDenoiser(new NetworkDenoiser(model, noise, setting.Conditions, parallel: setting.Parallel));
        Grid = DenoiserTables.LogGrid(low, high, options.GridPoints);
        data = needsTable && !options.DataFree ? new SampleSet(TrainingData.Read(model.Package), denoiser.Size, setting.Seed) : null;
        var variance = StartVariance(Schedule);
        teacher = new(() => TeacherTable.Run(denoiser, Grid, options.TeacherPaths, noise, TeacherStart, variance, cancellation));
        table = new(() => DenoiserTables.Build(denoiser, Data(setting.Seed), Grid, options.Paths, variance, cancellation));
        Cancellation = cancellation;
    }

    /// <summary>The model's noise schedule.</summary>
    public NoiseSchedule Schedule { get; }

    /// <summary>The grid, largest level first.</summary>
    public IReadOnlyList<double> Grid { get; }

    /// <summary>Network calls made so far.</summary>
    public long Calls => denoiser.Calls;

    public IDenoiser Denoiser => denoiser;

    public TeacherTable Teacher => teacher.Value;

    public DenoiserTable Table => table.Value;

    private CancellationToken Cancellation { get; }

    public ScheduleFamily Family(int order) => new(new KlubCosts(Table), Teacher, order);

    /// <summary>Every schedule that is computed from the model: the family, and optimal steps where they fit the grid.</summary>
    public IReadOnlyList<SamplingSchedule> Pool(int steps, int order) =>
        [.. Family(order).Members(Schedule, steps), .. steps < Grid.Count ? [SamplingSchedule.OfRatios(ScheduleMethods.Oss, string.Empty, Schedule, OptimalSteps(steps))] : Array.Empty<SamplingSchedule>()];

    /// <summary>Clean samples: the package's, or the model's own.</summary>
    public SampleSet Data(ulong seed) => data ?? new SampleSet(Teacher.Samples(), denoiser.Size, seed, Teacher.FirstSample);

    public double[] OptimalSteps(int steps) =>
        Core.Search.Schedules.OptimalSteps.Find(denoiser, Teacher, steps, options.OptimalStepPaths, Cancellation)[steps - 1][..steps];

    // variance-preserving sampling starts with variance 1, which is sigma^2 + 1 in variance-exploding coordinates
    private static double StartVariance(NoiseSchedule schedule)
    {
        var start = schedule.At(schedule.MaxRatioTime);
        return Math.Max(0, Math.Pow(schedule.StartScale(start) / start.Alpha, 2) - Math.Pow(start.Ratio, 2)) > 0.5 ? 1 : 0;
    }
}
