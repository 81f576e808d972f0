using BatchEval.Core.Sampling;
using BatchEval.Onnx.Sampling;
using BatchEval.Workflow.Exports;

namespace BatchEval.Cli.Commands;

/// <summary><c>batcheval export</c>: one sampler in the forms that other tools paste or load.</summary>
internal sealed class ExportCommand(Shell shell)
{
    private readonly Option<string> model = CommonOptions.Model();
    private readonly CandidateOptions candidate = new();
    private readonly ConditionOptions conditions = new();
    private readonly Option<string?> form = new("--form") { Description = $"Print one form: {string.Join(", ", ExportBundle.Forms)}.", HelpName = "form" };
    private readonly Option<string?> target = new("--out") { Description = "Folder for all files, networks without dropped blocks included.", HelpName = "dir" };
    private readonly Option<string> device = CommonOptions.Device();
    private readonly Option<bool> json = CommonOptions.Json();

    public static Command Create(Shell shell)
    {
        var self = new ExportCommand(shell);
        self.form.AcceptOnlyFromAmong([.. ExportBundle.Forms]);
        var command = new Command("export", "Write a sampler for diffusers, ComfyUI, k-diffusion and plain Python.")
        {
            self.model, self.conditions.Label, self.conditions.Guidance, self.form, self.target, self.device, self.json,
        };
        self.candidate.AddTo(command);
        command.SetAction(parsed => self.Run(parsed));
        return command;
    }

    private int Run(ParseResult parsed)
    {
        if (parsed.GetValue(form) is null == parsed.GetValue(target) is null)
        {
            throw new ProblemException("Give --form to print one form, or --out to write all files.");
        }

        var package = ModelPackage.Open(shell.PathOf(parsed.GetRequiredValue(model)));
        var chosen = candidate.Read(parsed, package.Manifest, shell);
        Refuse(chosen, package.Manifest.Schedule, int.MaxValue);
        var asked = conditions.Read(parsed, package.Manifest);
        if (chosen.Steps.All(s => s.Drop.Count == 0))
        {
            return Write(parsed, new ExportSubject(chosen, package.Manifest, asked), null);
        }

        using var opened = SamplingModel.Open(package, CommonOptions.Workers(parsed.GetRequiredValue(device), 1).Device);
        Refuse(chosen, package.Manifest.Schedule, opened.Networks.Blocks);
        var pruned = PrunedNetworks.Of(opened, chosen);
        return Write(parsed, new ExportSubject(chosen, package.Manifest, asked, pruned?.Networks), pruned);
    }

    private static void Refuse(Candidate chosen, NoiseSchedule schedule, int blocks)
    {
        if (chosen.Violations(schedule, blocks) is { Count: > 0 } violations)
        {
            throw new ProblemException("The candidate", violations.Select(v => new Problem(string.Empty, v)));
        }
    }

    private int Write(ParseResult parsed, ExportSubject subject, PrunedExport? pruned)
    {
        var output = new Output(shell, parsed.GetValue(json));
        if (parsed.GetValue(form) is { } name)
        {
            var text = ExportBundle.Print(name, subject);
            output.Json(new JsonObject { ["form"] = name, ["text"] = text });
            output.Line(text.TrimEnd());
            return ExitCodes.Done;
        }

        var folder = shell.PathOf(parsed.GetValue(target)!);
        Directory.CreateDirectory(folder);
        var files = ExportBundle.Files(subject);
        foreach (var (file, text) in files)
        {
            File.WriteAllText(Path.Combine(folder, file), text);
        }

        pruned?.Write(folder);
        var names = files.Keys.Concat(pruned?.Networks.Select(n => n.File) ?? []).ToList();
        output.Json(new JsonObject { ["folder"] = folder, ["files"] = new JsonArray([.. names.Select(n => JsonValue.Create(n))]) });
        output.Line($"{subject.Candidate} in {folder}: {string.Join(", ", names)}");
        return ExitCodes.Done;
    }
}
