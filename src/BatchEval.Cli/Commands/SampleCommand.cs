using BatchEval.Cli.Sampling;
using BatchEval.Core.Randomness;
using BatchEval.Core.Sampling;
using BatchEval.Core.Sampling.Solvers;
using BatchEval.Onnx.Decoding;
using BatchEval.Onnx.Networks;
using BatchEval.Onnx.Runtime;
using BatchEval.Onnx.Sampling;
using BatchEval.Onnx.Text;

namespace BatchEval.Cli.Commands;

/// <summary><c>batcheval sample</c>: draws images with one sampler, without any storage.</summary>
internal sealed class SampleCommand(Shell shell)
{
    private const int MostRows = 64;
    private static readonly string[] NamedNoise = ["keyed", "torch-cpu", "torch-cpu-batch", "numpy"];
    private readonly Option<string> model = CommonOptions.Model();
    private readonly Option<string> device = CommonOptions.Device();
    private readonly Option<SamplingLoop> loop = CommonOptions.Loop();
    private readonly Option<bool> json = CommonOptions.Json();
    private readonly ConditionOptions conditions = new();
    private readonly CandidateOptions candidates = new();
    private readonly Option<int?> count = new("--count") { Description = "Number of samples. Default: 1, or one for each prompt, or all states of --start.", HelpName = "n" };
    private readonly Option<int?> first = new("--first") { Description = "Index of the first sample; sample i is the same whatever else is drawn. Default: 0.", HelpName = "i" };
    private readonly Option<string?> start = new("--start") { Description = "Initial states (float32 or float64) [N, C, H, W] in the model's own scale, in place of the seed's noise.", HelpName = "x.npy" };
    private readonly Option<string?> target = new("--out") { Description = "Folder for PNG images, or a .npy file for the raw result [N, C, H, W].", HelpName = "dir | x.npy" };
    private readonly Option<string?> images = new("--images") { Description = "A .npy file for the images [N, C, H, W] before they are rounded to bytes.", HelpName = "x.npy" };
    private readonly Option<string> noise = new("--noise") { Description = "Where noise comes from: keyed (the same for every solver and batch); torch-cpu or numpy (as torch.randn and numpy's RandomState.randn draw it, sample i from seed + i); torch-cpu-batch (one torch generator for all images, as a pipeline with num_images_per_prompt and one generator draws); or a file x.npy [draws, N, C, H, W] of standard normal numbers: start noise first (not with --start), then one for each step that adds noise.", HelpName = "name | x.npy", DefaultValueFactory = _ => "keyed" };
    private readonly PromptOptions prompts = new();
    private readonly Option<string?> grid = new("--grid") { Description = "Contact sheet of all samples.", HelpName = "grid.png" };

    public static Command Create(Shell shell)
    {
        var self = new SampleCommand(shell);
        CommonOptions.AtLeast(self.count, 1);
        CommonOptions.AtLeast(self.first, 0);
        var command = new Command("sample", "Draw samples with one solver and one schedule.");
        Option[] options =
        [
            self.model, .. self.candidates.All, .. self.prompts.All, self.conditions.Seed, self.noise, self.count, self.first, self.conditions.Label,
            self.conditions.Guidance, self.conditions.Rescale, self.conditions.Interval, self.conditions.Classifier, self.start, self.target, self.images, self.grid, self.device, self.loop, self.json,
        ];
        Array.ForEach(options, command.Add);
        command.SetAction((parsed, cancellation) => Task.FromResult(self.Run(parsed, cancellation)));
        return command;
    }

    private int Run(ParseResult parsed, CancellationToken cancellation)
    {
        if (parsed.GetValue(target) is null && parsed.GetValue(grid) is null && parsed.GetValue(images) is null)
        {
            throw new ProblemException("There is nowhere to write to; give --out, --images, --grid, or several of them.");
        }

        var package = prompts.Open(parsed, shell, shell.PathOf(parsed.GetRequiredValue(model)));
        var manifest = package.Manifest;
        var candidate = candidates.Read(parsed, manifest, shell);
        var asked = conditions.Read(parsed, manifest, candidates.Guidance(parsed));
        SamplingEngine.Check(parsed.GetValue(loop), manifest, asked);
        var states = parsed.GetValue(start) is { } file ? StateFile.Read("--start", shell.PathOf(file), manifest.Sample) : null;
        var texts = prompts.Read(parsed, shell, manifest);
        var drawn = NoiseFile(parsed, manifest, candidate, states is not null);
        var (from, number) = Range(parsed, [("--start", states), ("--noise", drawn)], texts?.Count ?? 1);
        RefuseWhatCannotBeWritten(parsed, manifest.Image);
        RefuseOneStream(parsed, texts);
        var on = CommonOptions.Workers(parsed.GetRequiredValue(device), 1).Device;
        var memory = MemoryPlan.Of(package, on).Require();
        var (samples, evaluations) = Sample(parsed, package, candidate, asked, states, drawn, texts, (from, number), on, memory, cancellation);
        if (samples.FirstOrDefault(s => s.Failure is not null)?.Failure is { } failure)
        {
            shell.Error.WriteLine($"error: {failure}");
            return ExitCodes.Failed;
        }

        // The denoiser is closed; only now is the decoder opened.
        var decoded = Decode(package, [.. samples.Select(s => s.Image)], on, cancellation);
        if (decoded.Any(image => !image.All(float.IsFinite)))
        {
            shell.Error.WriteLine("error: The decoder returned values that are not finite.");
            return ExitCodes.Failed;
        }

        Write(parsed, candidate, samples, decoded, manifest, evaluations);
        return ExitCodes.Done;
    }

    private (SampleResult[] Samples, long Evaluations) Sample(
        ParseResult parsed, ModelPackage package, Candidate candidate, Conditions asked, StateFile? states, StateFile? drawn, IReadOnlyList<Prompt>? texts, (long From, int Count) range,
        DeviceOptions on, MemoryPlan memory, CancellationToken cancellation)
    {
        var encoded = texts is not null ? Encode(package, texts, range, on)
            : parsed.GetValue(prompts.Embeddings) is { } given ? new EncodedPrompts(PromptEmbeddings.Read(shell.PathOf(given))) : null;
        using var opened = SamplingModel.Open(package, on, prompts: encoded);
        opened.Required();
        if (candidate.Violations(package.Manifest.Schedule, opened.Networks.Blocks) is { Count: > 0 } violations)
        {
            throw new ProblemException("The candidate", violations.Select(v => new Problem(string.Empty, v)));
        }

        asked.Check(candidate.Solver, Solver.Table(candidate, package.Manifest.Schedule));
        string[] skips = SamplingEngine.LoopOf(candidate, parsed.GetValue(loop)) == parsed.GetValue(loop) ? [] : ["The candidate has a skip policy, so it is sampled by the loop 'host'."];
        foreach (var remark in package.Manifest.Remarks.Append($"Memory: {memory}.").Concat(skips))
        {
            shell.Error.WriteLine($"note: {remark}");
        }

        var work = Enumerable.Range(0, range.Count).Select(i => (candidate, range.From + i)).ToList();
        var batch = opened.BatchOf(MostRows, on);
        return BatchHalving.Run(ref batch, rows =>
        {
            // Streams of noise begin anew with every attempt.
            var engine = new SamplingEngine(opened, Noise(parsed, drawn, texts, range), asked, rows) { Loop = parsed.GetValue(loop), Progress = new StepProgress(shell, "step").Report };
            return (engine.Run(work, states is null ? null : sample => states[sample], cancellation), engine.Evaluations);
        });
    }

    private NoiseBank Noise(ParseResult parsed, StateFile? drawn, IReadOnlyList<Prompt>? texts, (long From, int Count) range)
    {
        var seed = conditions.SeedOf(parsed);
        ulong? Own(long sample) => texts?[(int)(sample % texts.Count)].Seed;
        return drawn is not null ? new SequentialNoiseBank(drawn.Stream, seed) : parsed.GetValue(noise) switch
        {
            "torch-cpu" => new SequentialNoiseBank(i => new TorchRandom(Own(i) ?? seed + (ulong)i).Normal, seed),
            "torch-cpu-batch" => new BatchNoiseBank(new TorchRandom(seed).Normal, range.From, range.Count, seed),
            "numpy" => new SequentialNoiseBank(i => new NumpyRandom(Own(i) ?? seed + (ulong)i).Normal, seed),
            _ => new PerSampleNoiseBank(seed, Own),
        };
    }

    // Only what is drawn for.
    private EncodedPrompts Encode(ModelPackage package, IReadOnlyList<Prompt> texts, (long From, int Count) range, DeviceOptions on)
    {
        int[] used = [.. Enumerable.Range(0, Math.Min(range.Count, texts.Count)).Select(i => (int)((range.From + i) % texts.Count))];
        var encoded = new PromptEncoder(package, on, warning => shell.Error.WriteLine($"warning: {warning}")).Encode([.. used.Select(i => texts[i])]);
        var first = used[0];
        return new EncodedPrompts(texts.Count, prompt => (encoded, (prompt - first + texts.Count) % texts.Count));
    }

    private float[][] Decode(ModelPackage package, float[][] latents, DeviceOptions on, CancellationToken cancellation)
    {
        if (package.Manifest.Decoder is null)
        {
            return latents;
        }

        using var decoder = new LatentDecoder(package, on)
        {
            Tiling = side => shell.Error.WriteLine($"warning: Memory does not hold a whole image while it is decoded; it is decoded in tiles of {side} pixels, which changes pixels a little."),
        };
        var progress = new StepProgress(shell, "decoding");
        return decoder.Decode(latents, done => progress.Report(done, latents.Length), cancellation);
    }

    private StateFile? NoiseFile(ParseResult parsed, ModelManifest manifest, Candidate candidate, bool started)
    {
        var name = parsed.GetValue(noise)!;
        if (NamedNoise.Contains(name))
        {
            return null;
        }

        if (!SampleWriter.IsArray(name))
        {
            throw new ProblemException($"--noise: '{name}' is none of {string.Join(", ", NamedNoise)}, and no .npy file.");
        }

        var file = StateFile.Read("--noise", shell.PathOf(name), manifest.Sample, draws: true);
        var needed = (started ? 0 : 1) + Solver.Table(candidate, manifest.Schedule).Rows.Count(r => r.Next.Noise != 0);
        return file.Draws >= needed ? file
            : throw new ProblemException($"--noise: '{name}' holds {file.Draws} draw{(file.Draws == 1 ? string.Empty : "s")} of each sample; {candidate.Solver} with {candidate.Steps.Count} steps needs {needed}.");
    }

    private (long From, int Count) Range(ParseResult parsed, IEnumerable<(string Option, StateFile? File)> files, int texts)
    {
        var from = parsed.GetValue(first) ?? 0;
        var given = files.Where(f => f.File is not null).ToList();
        var number = parsed.GetValue(count) ?? (given.Count == 0 ? texts : Math.Max(1, given.Min(f => f.File!.Count) - from));
        foreach (var (option, file) in given.Where(f => from + number > f.File!.Count))
        {
            throw new ProblemException($"{option} holds {file!.Count} states; samples {from} to {from + number - 1} were asked for.");
        }

        return (from, number);
    }

    // One generator for all images knows neither seeds of single ones nor images before the first.
    private void RefuseOneStream(ParseResult parsed, IReadOnlyList<Prompt>? texts)
    {
        if (parsed.GetValue(noise) != "torch-cpu-batch")
        {
            return;
        }

        if (parsed.GetValue(first) > 0)
        {
            throw new ProblemException("--noise torch-cpu-batch draws all images of a call from one generator, from the first on, so --first has no place beside it.");
        }

        if (texts?.FirstOrDefault(t => t.Seed is not null) is { } seeded)
        {
            throw new ProblemException($"--noise torch-cpu-batch draws all images from one generator, but the prompt '{seeded.Text}' has a seed of its own; use --noise torch-cpu, which takes them.");
        }
    }

    private void RefuseWhatCannotBeWritten(ParseResult parsed, SampleEntry shape)
    {
        if (parsed.GetValue(target) is { } path && !SampleWriter.IsArray(path))
        {
            SampleWriter.RequireImages(shape, "--out");
        }

        if (parsed.GetValue(grid) is not null)
        {
            SampleWriter.RequireImages(shape, "--grid");
        }
    }

    private void Write(ParseResult parsed, Candidate candidate, SampleResult[] samples, float[][] decoded, ModelManifest manifest, long evaluations)
    {
        var writer = new SampleWriter(samples, manifest.Sample, decoded, manifest.Image);
        var output = new Output(shell, parsed.GetValue(json));
        var document = new JsonObject
        {
            ["model"] = manifest.Name,
            ["candidate"] = JsonNode.Parse(CandidateJson.Write(candidate)),
            ["seed"] = conditions.SeedOf(parsed),
            ["count"] = samples.Length,
            ["evaluations"] = evaluations,
            ["samples"] = new JsonArray([.. samples.Select(s => new JsonObject { ["sample"] = s.Sample, ["label"] = manifest.Labels is null ? null : s.Label, ["networkCalls"] = s.NetworkCalls })]),
        };
        if (parsed.GetValue(target) is { } path)
        {
            var files = writer.Write(shell.PathOf(path));
            document["files"] = new JsonArray([.. files.Select(f => JsonValue.Create(f))]);
            output.Line($"{samples.Length} sample{(samples.Length == 1 ? string.Empty : "s")} of {candidate} in {path}");
        }

        if (parsed.GetValue(images) is { } array)
        {
            writer.WriteDecoded(shell.PathOf(array));
            document["images"] = shell.PathOf(array);
            output.Line($"Images as numbers in {array}");
        }

        if (parsed.GetValue(grid) is { } sheet)
        {
            writer.WriteGrid(shell.PathOf(sheet));
            document["grid"] = shell.PathOf(sheet);
            output.Line($"Contact sheet in {sheet}");
        }

        output.Json(document);
    }
}
