using System.CommandLine;
using System.Text.Json.Nodes;
using BatchEval.Cli.Options;
using BatchEval.Cli.Sampling;
using BatchEval.Cli.Terminal;
using BatchEval.Core.Json;
using BatchEval.Core.Randomness;
using BatchEval.Core.Sampling;
using BatchEval.Onnx.Packages;
using BatchEval.Onnx.Sampling;

namespace BatchEval.Cli.Commands;

/// <summary><c>batcheval sample</c>: draws images with one sampler, without any storage.</summary>
internal sealed class SampleCommand
{
    private readonly Option<string> model = CommonOptions.Model();
    private readonly Option<string> device = CommonOptions.Device();
    private readonly Option<bool> json = CommonOptions.Json();
    private readonly ConditionOptions conditions = new();
    private readonly CandidateOptions candidates = new();
    private readonly Option<int?> count = new("--count") { Description = "Number of samples. Default: 1, or all states of --start.", HelpName = "n" };
    private readonly Option<int?> first = new("--first") { Description = "Index of the first sample; sample i is the same whatever else is drawn. Default: 0.", HelpName = "i" };
    private readonly Option<string?> start = new("--start") { Description = "Initial states (float32 or float64) [N, C, H, W] in the model's own scale, in place of the seed's noise.", HelpName = "x.npy" };
    private readonly Option<string?> target = new("--out") { Description = "Folder for PNG images, or a .npy file for the raw result [N, C, H, W].", HelpName = "dir | x.npy" };
    private readonly Option<string?> grid = new("--grid") { Description = "Contact sheet of all samples.", HelpName = "grid.png" };
    private readonly Shell shell;

    private SampleCommand(Shell shell) => this.shell = shell;

    /// <summary>Creates the command.</summary>
    public static Command Create(Shell shell)
    {
        var self = new SampleCommand(shell);
        CommonOptions.AtLeast(self.count, 1);
        CommonOptions.AtLeast(self.first, 0);
        var command = new Command("sample", "Draw samples with one solver and one schedule.")
        {
            self.model, self.conditions.Seed, self.count, self.first,
            self.conditions.Label, self.conditions.Guidance, self.start, self.target, self.grid, self.device, self.json,
        };
        self.candidates.AddTo(command);
        command.SetAction((parsed, cancellation) => Task.FromResult(self.Run(parsed, cancellation)));
        return command;
    }

    private int Run(ParseResult parsed, CancellationToken cancellation)
    {
        if (parsed.GetValue(target) is null && parsed.GetValue(grid) is null)
        {
            throw new ProblemException("There is nowhere to write to; give --out, --grid, or both.");
        }

        var package = ModelPackage.Open(shell.PathOf(parsed.GetRequiredValue(model)));
        var manifest = package.Manifest;
        var candidate = candidates.Read(parsed, manifest.Schedule, shell);
        var asked = conditions.Read(parsed, manifest);
        var states = parsed.GetValue(start) is { } file ? StartStates.Read(shell.PathOf(file), manifest.Sample) : null;
        var (from, number) = Range(parsed, states);
        RefuseWhatCannotBeWritten(parsed, manifest.Sample);
        using var opened = SamplingModel.Open(package, CommonOptions.Workers(parsed.GetRequiredValue(device), 1).Device);
        if (candidate.Violations(manifest.Schedule, opened.Networks.Blocks) is { Count: > 0 } violations)
        {
            throw new ProblemException("The candidate", violations.Select(v => new Problem(string.Empty, v)));
        }

        var engine = new SamplingEngine(opened, new NoiseBank(conditions.SeedOf(parsed)), asked);
        var work = Enumerable.Range(0, number).Select(i => (candidate, from + i)).ToList();
        var samples = engine.Run(work, states is null ? null : sample => states[sample], cancellation);
        if (samples.FirstOrDefault(s => s.Failure is not null)?.Failure is { } failure)
        {
            shell.Error.WriteLine($"error: {failure}");
            return ExitCodes.Failed;
        }

        Write(parsed, candidate, samples, manifest, engine.Evaluations);
        return ExitCodes.Done;
    }

    private (long From, int Count) Range(ParseResult parsed, StartStates? states)
    {
        var from = parsed.GetValue(first) ?? 0;
        var number = parsed.GetValue(count) ?? Math.Max(1, (states?.Count ?? 1) - from);
        return states is null || from + number <= states.Count
            ? (from, number)
            : throw new ProblemException($"--start holds {states.Count} states; samples {from} to {from + number - 1} were asked for.");
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

    private void Write(ParseResult parsed, Candidate candidate, SampleResult[] samples, ModelManifest manifest, long evaluations)
    {
        var writer = new SampleWriter(samples, manifest.Sample);
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

        if (parsed.GetValue(grid) is { } sheet)
        {
            writer.WriteGrid(shell.PathOf(sheet));
            document["grid"] = shell.PathOf(sheet);
            output.Line($"Contact sheet in {sheet}");
        }

        output.Json(document);
    }
}
