using System.Text.Json.Nodes;
using BatchEval.Core.Sampling.Placement;

namespace BatchEval.Workflow.Specifications;

/// <summary>What a paper ran, as a part of a run specification; <c>docs/published.md</c> has the numbers it reports.</summary>
/// <param name="Name">Name on the command line.</param>
/// <param name="Description">Model, sampler and source.</param>
/// <param name="Specification">Members of a run specification without its model.</param>
public sealed record PublishedSetting(string Name, string Description, JsonObject Specification)
{
    /// <summary>The sampler that it scores; null where it searches one.</summary>
    public Candidate? Candidate => Specification["candidates"] is JsonArray { Count: > 0 } list ? CandidateJson.Read(list[0]!.ToJsonString()) : null;

    public double Guidance => Specification["conditions"]?["guidanceScale"]?.GetValue<double>() ?? 1;
}

/// <summary>Settings of AdaptiveDiffusion (arXiv 2410.09873, with the released code's defaults), AutoDiffusion (arXiv 2309.10438, with its scripts' parameters) and Align Your Steps (arXiv 2404.14507).</summary>
public static class PublishedSettings
{
    private const int BaseSteps = 50;

    // Of Stable Diffusion's betas. Euler on a grid that begins there starts from sigma z, which is less than a variance-preserving state has.
    private const double LargestSigma = 14.614645;

    public static IReadOnlyList<PublishedSetting> All { get; } =
    [
        // Grids, starts and endings as the schedulers of the models' own files have them (set_alpha_to_one false: DDIM ends at the first training level); a scheduler
        // swapped into SD 1.5's file falls back to its own default (linspace).
        Adaptive("sd15-ddim", "Stable Diffusion 1.5, DDIM", "ddim", Leading(1), 7.5, 0.01, 4, end: 0),
        Adaptive("sd15-dpmpp-2m", "Stable Diffusion 1.5, DPM-Solver++(2M)", "dpmpp-2m", Linspace(BaseSteps + 1).SkipLast(1), 7.5, 0.01, 4),
        Adaptive("sd15-euler", "Stable Diffusion 1.5, Euler", "euler", Linspace(BaseSteps), 7.5, 0.01, 4, startScale: LargestSigma / Math.Sqrt((LargestSigma * LargestSigma) + 1)),
        Adaptive("sdxl-ddim", "SDXL, DDIM", "ddim", Leading(1), 5, 0.01, 4, end: 0),
        Adaptive("sdxl-dpmpp-2m", "SDXL, DPM-Solver++(2M)", "dpmpp-2m", LeadingOfMore(), 5, 0.01, 4),
        Adaptive("sdxl-euler", "SDXL, Euler", "euler", Leading(1), 5, 0.01, 4),
        Adaptive("ldm", "LDM-4 on ImageNet 256, DDIM", "ddim", Leading(1), 3, 0.004, 6, end: 0),
        Steps("sd15", "Stable Diffusion 1.5", 7.5),
        Steps("sdxl", "SDXL", 5),
        Search("adm64", "ADM-64 on ImageNet, classifier guidance, DDIM, 4 steps", 4, "ddim", 5000, 50_000, new() { ["label"] = "random", ["classifierScale"] = 1.0 }, new() { ["crossovers"] = 15 }),
        Search("adm64-blocks", "ADM-64 on ImageNet, classifier guidance, DDIM, cost of 10 steps, times and blocks", 10, "ddim", 1000, 50_000, new() { ["label"] = "random", ["classifierScale"] = 1.0 },
            new() { ["space"] = "joint" }, new JsonObject { ["macs"] = new JsonObject { ["share"] = 1.0, ["ofSteps"] = 10 } }),
        Search("lsun", "ADM on LSUN bedroom or cat 256, DDIM, 5 steps", 5, "ddim", 3000, 50_000, new(), new() { ["crossovers"] = 10 }),
        Search("sd14-dpmpp-2m", "Stable Diffusion 1.4, DPM-Solver++(2M), 10 steps, captions of COCO", 10, "dpmpp-2m", 1000, 10_000, new() { ["guidanceScale"] = 7.5 }, new() { ["crossovers"] = 10, ["mutationProbability"] = 0.1 }),
        Search("sd14-plms", "Stable Diffusion 1.4, PLMS, 4 steps, captions of COCO", 4, "plms", 2000, 10_000, new() { ["guidanceScale"] = 7.5 }, new() { ["crossovers"] = 15, ["mutationProbability"] = 0.1 }),
    ];

    public static IReadOnlyList<string> Names { get; } = [.. All.Select(s => s.Name)];

    /// <summary>Finds one.</summary>
    /// <exception cref="ProblemException">There is none of that name.</exception>
    public static PublishedSetting Find(string name) => All.FirstOrDefault(s => s.Name == name)
        ?? throw new ProblemException($"There is no preset '{name}'; known: {string.Join(", ", Names)}.{Nearest.Suggest(name, Names)}");

    /// <summary>A specification's JSON over a preset's: what the specification says itself stays.</summary>
    /// <param name="json">The specification's JSON, or null for none.</param>
    /// <exception cref="ProblemException">There is no such preset, or the JSON is none.</exception>
    public static string Under(string preset, string? json)
    {
        var merged = Find(preset).Specification.DeepClone().AsObject();
        if (json is not null)
        {
            var problems = new List<Problem>();
            using var document = JsonInspector.Parse(json, problems)?.Document;
            if (document is null || problems.Count > 0)
            {
                throw new ProblemException("The run specification", problems);
            }

            Merge(merged, JsonObject.Create(document.RootElement)!);
        }

        return merged.ToJsonString();
    }

    private static void Merge(JsonObject under, JsonObject over)
    {
        foreach (var (name, value) in over)
        {
            if (value is JsonObject inner && under[name] is JsonObject old)
            {
                Merge(old, inner);
            }
            else
            {
                under[name] = value?.DeepClone();
            }
        }
    }

    // 50 steps with the run-time rule of the released code, against the same sampler without it.
    private static PublishedSetting Adaptive(string name, string words, string solver, IEnumerable<double> times, double guidance, double threshold, int consecutive, double? end = null, double startScale = 1)
    {
        var whole = new Candidate(solver, times.Select(t => new CandidateStep(t)), end: end, startScale: startScale);
        var skipping = whole.With(whole.Steps, new SkipPolicy(threshold, consecutive, criterion: SkipCriterion.Released));
        return new PublishedSetting($"adaptivediffusion-{name}", $"AdaptiveDiffusion: {words}, {BaseSteps} steps, threshold {FormattableString.Invariant($"{threshold}")}, at most {consecutive} skips in a row", new JsonObject
        {
            ["name"] = $"adaptivediffusion-{name}",
            ["solver"] = solver,
            ["conditions"] = name == "ldm" ? new JsonObject { ["label"] = "random", ["guidanceScale"] = guidance } : new JsonObject { ["guidanceScale"] = guidance },
            ["budget"] = new JsonObject { ["networkCalls"] = BaseSteps },
            ["search"] = new JsonObject { ["method"] = "none" },
            ["objective"] = new JsonObject { ["metric"] = "psnr" },
            ["final"] = new JsonObject { ["samples"] = 5000 },
            ["reference"] = new JsonObject { ["candidate"] = Json(whole), ["samples"] = 5000 },
            ["baselines"] = new JsonArray(),
            ["candidates"] = new JsonArray(Json(skipping)),
        });
    }

    // The published list of 10 levels, against the rules that tools have.
    private static PublishedSetting Steps(string name, string words, double guidance)
    {
        var list = PublishedSchedules.Find(name);
        var candidate = Candidate.At("dpmpp-2m", list.Indices!.SkipLast(1).Select(t => (double)t));
        return new PublishedSetting($"ays-{name}", $"Align Your Steps: {words}, DPM-Solver++(2M), {candidate.Steps.Count} steps", new JsonObject
        {
            ["name"] = $"ays-{name}",
            ["solver"] = "dpmpp-2m",
            ["conditions"] = new JsonObject { ["guidanceScale"] = guidance },
            ["budget"] = new JsonObject { ["networkCalls"] = candidate.Steps.Count },
            ["search"] = new JsonObject { ["method"] = "none" },
            ["objective"] = new JsonObject { ["metric"] = "psnr" },
            ["final"] = new JsonObject { ["samples"] = 1000 },
            ["reference"] = new JsonObject { ["steps"] = BaseSteps, ["samples"] = 1000 },
            ["baselines"] = new JsonArray("trailing", "linspace", "karras", "log-snr"),
            ["candidates"] = new JsonArray(Json(candidate)),
        });
    }

    private static PublishedSetting Search(
        string name, string words, int steps, string solver, int samples, int final, JsonObject conditions, JsonObject search, JsonObject? budget = null)
    {
        search["preset"] = "autodiffusion";
        search["rungs"] = new JsonArray(samples);
        return new PublishedSetting($"autodiffusion-{name}", $"AutoDiffusion: {words}, {samples} samples per candidate", new JsonObject
        {
            ["name"] = $"autodiffusion-{name}",
            ["solver"] = solver,
            ["conditions"] = conditions,
            ["budget"] = budget ?? new JsonObject { ["networkCalls"] = steps },
            ["search"] = search,
            ["objective"] = new JsonObject { ["metric"] = "fid" },
            ["validation"] = new JsonObject { ["samples"] = samples },
            ["final"] = new JsonObject { ["samples"] = final },
            ["baselines"] = new JsonArray("leading", "trailing"),
        });
    }

    private static JsonNode Json(Candidate candidate) => JsonNode.Parse(CandidateJson.Write(candidate))!;

    private static IEnumerable<double> Leading(int offset) => Enumerable.Range(0, BaseSteps).Select(i => (double)((i * (1000 / BaseSteps)) + offset));

    // DPM-Solver++ spaces one more step and leaves out the last: 1000 / 51 = 19.
    private static IEnumerable<double> LeadingOfMore() => Enumerable.Range(1, BaseSteps).Select(i => (double)((i * (1000 / (BaseSteps + 1))) + 1));

    // Rounded, except Euler's, which are fractions; from 999 down to 0.
    private static IEnumerable<double> Linspace(int count) => Enumerable.Range(0, count).Select(i => 999.0 * (count - 1 - i) / (count - 1)).Select(t => count == BaseSteps ? t : Math.Round(t));
}
