using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using BatchEval.Core.Sampling;
using BatchEval.Workflow.Serialization;

namespace BatchEval.Workflow.Reports;

/// <summary>Writes a candidate in the forms that users paste into their pipelines.</summary>
public static class ScheduleExport
{
    /// <summary>All files, by name.</summary>
    /// <param name="candidate">The candidate.</param>
    /// <param name="schedule">The model's noise.</param>
    /// <param name="sampler">What <c>sample.py</c> reads, for a candidate that is handed over with networks of its own; or null.</param>
    public static IReadOnlyDictionary<string, string> Files(Candidate candidate, NoiseSchedule schedule, JsonObject? sampler = null)
    {
        ArgumentNullException.ThrowIfNull(candidate);
        ArgumentNullException.ThrowIfNull(schedule);
        double[] sigmas = [.. candidate.Steps.Select(s => schedule.At(s.Time).Ratio), candidate.End is { } end ? schedule.At(end).Ratio : 0];
        return new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["schedule.json"] = Json(candidate, sigmas, sampler),
            ["diffusers.py"] = Diffusers(candidate, sigmas, schedule.TrainSteps is not null),
            ["comfyui-sigmas.txt"] = string.Join(", ", sigmas.Select(Number)) + "\n",
            ["k-diffusion.py"] = $"import torch\n\nsigmas = torch.tensor([{string.Join(", ", sigmas.Select(Number))}])\n",
        };
    }

    private static string Json(Candidate candidate, double[] sigmas, JsonObject? sampler)
    {
        var json = new JsonObject
        {
            ["candidate"] = JsonNode.Parse(CandidateJson.Write(candidate)),
            ["timesteps"] = new JsonArray([.. candidate.Steps.Select(s => JsonValue.Create(s.Time))]),
            ["sigmas"] = new JsonArray([.. sigmas.Select(s => JsonValue.Create(s))]),
            ["ending"] = candidate.End is null
                ? "The last sigma is 0: the last network call is at the last timestep, and its data prediction is the image."
                : "Sampling stops at the last sigma, where no network call is made.",
            ["networkCalls"] = candidate.NetworkCalls,
        };
        if (sampler is not null)
        {
            json["sampler"] = sampler;
        }

        if (Skipping(candidate) is { } note)
        {
            json["skipping"] = note;
        }

        return json.ToJsonString(WorkflowJson.Options) + "\n";
    }

    private static string Diffusers(Candidate candidate, double[] sigmas, bool discrete)
    {
        var scheduler = candidate.Solver.Split('(')[0] switch
        {
            "euler-ancestral" => ("EulerAncestralDiscreteScheduler", "euler-ancestral"),
            "heun" => ("HeunDiscreteScheduler", "heun"),
            "dpmpp-1" => ("DPMSolverMultistepScheduler", "dpmsolver++ of order 1: pass solver_order=1"),
            "dpmpp-2m" => ("DPMSolverMultistepScheduler", "dpmsolver++ of order 2"),
            "dpmpp-3m" => ("DPMSolverMultistepScheduler", "dpmsolver++ of order 3: pass solver_order=3"),
            "sde-dpmpp-1" => ("DPMSolverMultistepScheduler", "pass algorithm_type=\"sde-dpmsolver++\", solver_order=1"),
            "sde-dpmpp-2m" => ("DPMSolverMultistepScheduler", "pass algorithm_type=\"sde-dpmsolver++\""),
            "unipc" => ("UniPCMultistepScheduler", "unipc"),
            "ddpm" => ("DDPMScheduler", "ddpm"),
            _ => ("EulerDiscreteScheduler", "DDIM without noise is Euler in sigma; diffusers' DDIMScheduler takes no custom timesteps"),
        };
        var text = new StringBuilder();
        if (Skipping(candidate) is { } note)
        {
            text.Append(CultureInfo.InvariantCulture, $"# {note}\n");
        }

        text.Append(CultureInfo.InvariantCulture, $"# {scheduler.Item2}\nfrom diffusers import {scheduler.Item1}\n\n");
        text.Append(CultureInfo.InvariantCulture, $"scheduler = {scheduler.Item1}.from_config(pipe.scheduler.config)\n");
        text.Append(CultureInfo.InvariantCulture, $"sigmas = [{string.Join(", ", sigmas.Select(Number))}]\n");
        if (discrete)
        {
            text.Append(CultureInfo.InvariantCulture, $"timesteps = [{string.Join(", ", candidate.Steps.Select(s => s.Time.ToString("0", CultureInfo.InvariantCulture)))}]\n");
            text.Append("scheduler.set_timesteps(timesteps=timesteps)\n");
        }
        else
        {
            text.Append("scheduler.set_timesteps(sigmas=sigmas)\n");
        }

        return text.ToString();
    }

    // Other pipelines call the network at every step of the list.
    private static string? Skipping(Candidate candidate)
    {
        var reused = candidate.Steps.Where(s => s.Reuse).Select(s => s.Time.ToString(CultureInfo.InvariantCulture)).ToList();
        var parts = new List<string>();
        if (reused.Count > 0)
        {
            parts.Add($"at t = {string.Join(", ", reused)} an earlier network output is reused");
        }

        if (candidate.Skip is { Threshold: > 0 })
        {
            parts.Add("a skip policy leaves out network calls image by image");
        }

        return parts.Count == 0 ? null : $"Not part of the list of times: {string.Join("; ", parts)} (order {candidate.Skip?.Order ?? 0}; docs/skipping.md). A pipeline that only takes the times calls the network at all {candidate.Steps.Count} of them.";
    }

    private static string Number(double value) => value.ToString("R", CultureInfo.InvariantCulture);
}
