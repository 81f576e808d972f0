using BatchEval.Core.Sampling.Placement;
using BatchEval.Core.Search.Schedules;

namespace BatchEval.Workflow.Schedules;

/// <summary>Finds a schedule by any method for a model package.</summary>
/// <param name="blobs">Where results of the choice by FID lie.</param>
/// <param name="selection">Sample counts of the choice by FID.</param>
public sealed class ScheduleFinder(OpenedModel model, IBlobs blobs, SelectionOptions? selection = null)
{
    private NoiseSchedule Schedule => model.Sampling.Manifest.Schedule;

    /// <summary>Finds the schedule.</summary>
    /// <exception cref="ProblemException">The request cannot be met; the message says what is allowed.</exception>
    public async Task<FoundSchedule> FindAsync(ScheduleRequest request, CancellationToken cancellation = default)
    {
        try
        {
            Check(request);
            return request.Start == 1 ? await WholeAsync(request, cancellation) : await TruncatedAsync(request, cancellation);
        }
        catch (ArgumentException error)
        {
            throw new ProblemException(ErrorText.Of(error));
        }
    }

    private static void Check(ScheduleRequest request)
    {
        if (!ScheduleMethods.All.Contains(request.Method))
        {
            throw new ArgumentException($"Unknown schedule method '{request.Method}'. Known: {string.Join(", ", ScheduleMethods.All)}.");
        }

        if (request.Steps < 1)
        {
            throw new ArgumentException($"A schedule needs at least 1 step, got {request.Steps}.");
        }

        if (!(request.Start > 0 && request.Start <= 1))
        {
            throw new ArgumentException($"--start is a share of the noise in (0, 1], got {request.Start}.");
        }
    }

    // Image-to-image: the model's range ends where the share of the steps ends, n calls are still made
    private async Task<FoundSchedule> TruncatedAsync(ScheduleRequest request, CancellationToken cancellation)
    {
        var whole = await WholeAsync(request with { Steps = (int)(request.Steps / request.Start), Start = 1 }, cancellation);
        var kept = whole.Schedule with { Variant = $"start {request.Start}", Times = [.. whole.Schedule.Times.TakeLast(request.Steps)] };
        return new FoundSchedule(kept, whole.Calls, null);
    }

    private async Task<FoundSchedule> WholeAsync(ScheduleRequest request, CancellationToken cancellation)
    {
        if (request.Method == ScheduleMethods.KlubDp && !request.BoundAlone)
        {
            return await ChosenAsync(request, cancellation);
        }

        if (request.Method == ScheduleMethods.Klub && !request.BoundAlone)
        {
            return await StoppedAsync(request, cancellation);
        }

        if (!ScheduleMethods.Computed.Contains(request.Method))
        {
            return new FoundSchedule(Placed(request), 0, null);
        }

        var materials = new ScheduleMaterials(model.Sampling, request.Setting, request.Materials, ScheduleMethods.NeedsData(request.Method), cancellation);
        var calls = request.Method switch
        {
            ScheduleMethods.Klub => Sweeps(request, materials).Last().Ratios(Schedule),
            ScheduleMethods.KlubDp => new ScheduleFamily(new KlubCosts(materials.Table), null, request.Setting.Order).Klub(request.Steps),
            ScheduleMethods.ScoreOptimal => new ScheduleFamily(new KlubCosts(materials.Table), null, 1).ScoreOptimal(request.Steps),
            ScheduleMethods.Gits => Trajectory(materials, request),
            _ => materials.OptimalSteps(request.Steps),
        };
        return new FoundSchedule(SamplingSchedule.OfRatios(request.Method, string.Empty, Schedule, calls ?? throw TooLong(request)), materials.Calls, null);
    }

    /// <summary>The choice of <c>klub-dp</c> by FID.</summary>
    private async Task<FoundSchedule> ChosenAsync(ScheduleRequest request, CancellationToken cancellation)
    {
        ScheduleScorer.Require(model);
        var materials = new ScheduleMaterials(model.Sampling, request.Setting, request.Materials, needsTable: true, cancellation);
        var computed = materials.Pool(request.Steps, request.Setting.Order);
        var pool = new HeuristicPool(Schedule, request.Setting.Order);
        var scorer = new ScheduleScorer(model, request.Setting, blobs);
        var result = await new ScheduleSelection(scorer, selection ?? new SelectionOptions())
            .RunAsync(computed.Any(c => c.Method == ScheduleMethods.KlubDp) ? computed : throw TooLong(request), pool.All(request.Steps), cancellation);
        var winner = result.Chosen.Schedule;
        return new FoundSchedule(winner with { Method = ScheduleMethods.KlubDp, Variant = $"chosen by FID: {winner.Name}" }, materials.Calls + result.Calls, result);
    }

    private SamplingSchedule Placed(ScheduleRequest request)
    {
        switch (request.Method)
        {
            case ScheduleMethods.Dmn:
                var (low, high) = (Schedule.At(request.Shape.End ?? Schedule.MinTime).Ratio, Schedule.At(Math.Min(request.Shape.Start ?? Schedule.MaxTime, Schedule.MaxRatioTime)).Ratio);
                var levels = DmnSchedule.Create(low, high, request.Steps, request.Setting.Order, 1, Schedule is not SigmaNoiseSchedule)[..request.Steps];
                return SamplingSchedule.OfRatios(request.Method, string.Empty, Schedule, levels);
            case ScheduleMethods.Ays:
                var preset = request.Preset ?? throw new ArgumentException($"'ays' needs --preset; known: {string.Join(", ", PublishedSchedules.All.Select(s => s.Name))}.");
                return PublishedSchedules.Find(preset).For(Schedule, request.Steps);
            case ScheduleMethods.Respacing:
                var trained = Schedule.TrainSteps ?? throw new ArgumentException("Respacing strings need a model with training indices; this one is continuous.");
                var text = request.Respacing ?? throw new ArgumentException("'respacing' needs --respacing, for example ddim25 or 10,15,20.");
                return new SamplingSchedule(request.Method, text, GuidedRespacing.Parse(trained, text));
            default:
                return PlacementRules.Create(request.Method, Schedule, request.Steps, request.Shape);
        }
    }

    /// <summary>The published loop, stopped early by FID.</summary>
    private async Task<FoundSchedule> StoppedAsync(ScheduleRequest request, CancellationToken cancellation)
    {
        ScheduleScorer.Require(model);
        var materials = new ScheduleMaterials(model.Sampling, request.Setting, request.Materials, needsTable: true, cancellation);
        var scorer = new ScheduleScorer(model, request.Setting, blobs);
        var best = (await new EarlyStopping(scorer, (selection ?? new SelectionOptions()).Last).FollowAsync(Sweeps(request, materials), cancellation)).Schedule;
        return new FoundSchedule(best with { Variant = $"stopped by FID after {best.Variant}" }, materials.Calls + scorer.Calls, null);
    }

    /// <summary>Algorithm 1 from the paper's own start, EDM for continuous models and time-uniform for discrete ones: a schedule after every sweep.</summary>
    internal static IEnumerable<SamplingSchedule> Sweeps(ScheduleRequest request, ScheduleMaterials materials)
    {
        var start = PlacementRules.Create(materials.Schedule.TrainSteps is null ? "karras" : "time-uniform", materials.Schedule, request.Steps + 1, request.Shape).Ratios(materials.Schedule);
        var solver = request.Setting.Order == 1 ? KlubSolver.FirstOrder : KlubSolver.SecondOrderMultistep;
        var estimator = new KlubEstimator(materials.Denoiser, materials.Data(request.Setting.Seed), request.Materials.Paths, solver);
        return CoordinateDescent.Sweeps(start, estimator.Local, new DescentOptions(MaxSweeps: 30, MinReach: 0.1))
            .Select((knots, i) => SamplingSchedule.OfRatios(ScheduleMethods.Klub, $"sweep {i + 1}", materials.Schedule, knots[..request.Steps]));
    }

    private static double[]? Trajectory(ScheduleMaterials materials, ScheduleRequest request)
    {
        var (deviation, n) = (new StepDeviations(materials.Teacher, request.Distance), materials.Grid.Count);
        var paths = request.Setting.Order == 1
            ? ScheduleProgram.FirstOrder(n, request.Steps, (i, j) => deviation.Of(-1, i, j), growth: 1.15)
            : ScheduleProgram.SecondOrder(n, request.Steps, deviation.Of, growth: 1.15);
        return paths[request.Steps - 1]?.Take(request.Steps).Select(k => materials.Grid[k]).ToArray();
    }

    private static ArgumentException TooLong(ScheduleRequest request) =>
        new($"{request.Steps} steps do not fit a grid of {request.Materials.GridPoints} levels; use --grid with more.");
}
