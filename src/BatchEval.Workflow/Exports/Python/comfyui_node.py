"""A ComfyUI node that runs a searched sampler: put this file into ComfyUI/custom_nodes, sampler.json beside it, and restart ComfyUI.

The node "Searched sampler" (sampling / custom_sampling) gives SAMPLER and SIGMAS for SamplerCustomAdvanced or SamplerCustom; connect both. It runs
every solver with reused outputs, skip policies, clamping, endings and the very times that were searched (ComfyUI itself rounds the
times of discrete models to whole ones). Guidance is the guider's: set cfg to the "guidance" of sampler.json. A batch of images is called as a
whole whenever one of its images needs the network.
"""
import pathlib

from rows import concatenate, trajectories_of, load, math  # replaced by rows.py itself where this file is handed over


def checked(document):
    dropping = [network["file"] for network in document["networks"] if network["droppedBlocks"]]
    if dropping:
        raise ValueError(
            f"drop: this sampler leaves out blocks at some steps ({', '.join(dropping)}), which a model in ComfyUI has no switch for. "
            "Run the pruned ONNX files with sampler.py instead.")
    if any(row.get("learnedNoise") is not None for row in document["rows"]):
        raise ValueError("learned: this sampler takes its noise from the network's variances, which ComfyUI does not hand on. Use sampler.py.")
    if any(row["guidance"] != "full" for row in document["rows"]):
        raise ValueError("guidance: this sampler leaves out the negative evaluation at some steps, which a guider in ComfyUI makes at every step. Use sampler.py instead.")
    if document["model"]["process"] != "flow" and any(row["alpha"] == 0 for row in document["rows"]):
        raise ValueError("pure noise: this sampler calls the network where no signal is left, where ComfyUI's sigma is infinite. Use sampler.py instead.")
    return document


def sampler_function(document):
    """The sampler as ComfyUI calls it: model(x, sigma) gives the clean image, x = image + sigma noise, or (1 - u) image + u noise for flow models."""
    flow = document["model"]["process"] == "flow"

    def run(model, x, sigmas, extra_args=None, callback=None, disable=None, **options):
        import comfy.model_sampling
        import torch

        extra_args = extra_args or {}
        sampling = model.inner_model.inner_model.model_sampling
        if flow != isinstance(sampling, comfy.model_sampling.CONST):
            raise ValueError(f"This sampler was searched on a {document['model']['process']} model; the model that is connected is of another kind.")
        levels = [level["ratio"] for level in document["levels"]]
        if len(sigmas) != len(levels) or any(abs(float(s) - level) > 1e-3 * level for s, level in zip(sigmas, levels)):
            raise ValueError("These are not the sampler's own sigmas; connect SIGMAS of the same node.")
        seed = extra_args.get("seed")
        generator = None if seed is None else torch.Generator(device=x.device).manual_seed(seed + 1)
        fresh = lambda like: torch.randn(like.shape, generator=generator, device=like.device, dtype=like.dtype)
        latent = getattr(model, "latent_image", None)
        first = document["rows"][0]
        state = document["startScale"] * model.noise.to(x) + (0 if latent is None else first["alpha"] * latent.to(x))
        trajectories = trajectories_of(document, state)
        ones, timestep = x.new_ones([x.shape[0]]), sampling.timestep
        for r, row in enumerate(document["rows"]):
            needed = [trajectory.needs_call(r) for trajectory in trajectories]
            output = None
            state = concatenate([trajectory.x for trajectory in trajectories])
            if any(needed):
                output = network_output(model, document, row, state, ones, sampling, timestep, extra_args)
            data = []
            for i, trajectory in enumerate(trajectories):
                mine = output if len(trajectories) == 1 or output is None else output[i : i + 1]
                data.append(trajectory.advance(r, mine if needed[i] else None, fresh))
            if callback is not None:
                callback({"x": state, "i": row["step"], "sigma": levels[row["step"]], "sigma_hat": levels[row["step"]], "denoised": concatenate(data)})
        x = concatenate([trajectory.x for trajectory in trajectories])
        return x * document["levels"][-1]["alpha"] if flow else x  # ComfyUI divides by 1 - u after a flow model's sampler

    return run


def network_output(model, document, row, state, ones, sampling, timestep, extra_args):
    # ComfyUI gives the clean image p x + q net with the level's own p and q; the network is told the row's time
    process, scale = document["model"], row["outputScale"]
    if process["process"] == "discrete":
        sampling.timestep = lambda sigma: ones * row["time"]
    elif row["time"] != row["levelTime"]:
        told = row["time"] / process["timeScale"] if process["process"] == "flow" else math.exp(4 * row["time"]) if process.get("sigmaData") else row["time"]
        sampling.timestep = lambda sigma: timestep(ones * told)
    try:
        flow = process["process"] == "flow"
        sigma = row["sigma"] if flow else row["sigma"] / row["alpha"]
        clean = model(state if flow else state / row["alpha"], ones * sigma, **extra_args)
    finally:
        if "timestep" in vars(sampling):
            del sampling.timestep
    return (clean - row["predict"]["state"] * state) * (scale / row["predict"]["network"])


class SearchedSampler:
    CATEGORY = "sampling/custom_sampling"
    FUNCTION = "load"
    RETURN_TYPES = ("SAMPLER", "SIGMAS")

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"file": ("STRING", {"default": "sampler.json"})}}

    def load(self, file):
        import comfy.samplers
        import torch

        document = checked(load(pathlib.Path(__file__).resolve().parent / file))
        sigmas = torch.FloatTensor([level["ratio"] for level in document["levels"]])
        return (comfy.samplers.KSAMPLER(sampler_function(document)), sigmas)


NODE_CLASS_MAPPINGS = {"BatchEvalSearchedSampler": SearchedSampler}
NODE_DISPLAY_NAME_MAPPINGS = {"BatchEvalSearchedSampler": "Searched sampler"}
