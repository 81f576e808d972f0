"""A diffusers scheduler that runs a searched sampler: every solver, reused outputs, skip policies, clamping, endings, own times.

    from diffusers_scheduler import TableScheduler
    pipe.scheduler = TableScheduler.from_file("sampler.json")
    pipe.scheduler.attach(pipe)                  # only where outputs are reused or calls skipped: leaves these calls of the network out
    image = pipe(prompt, num_inference_steps=len(pipe.scheduler.rows), guidance_scale=..., output_type="pil").images[0]

The list of levels is the file's: what a pipeline gives to set_timesteps (a number, its own sigmas, mu) is not used. Needs torch only.
A pipeline whose network is an EDM one inside diffusers (EDMEulerScheduler: it takes c_in x and 0.25 ln sigma) wants
TableScheduler.from_file("sampler.json", sigma_data=0.5). Image-to-image pipelines: strength=1.0.
"""
import types

import torch

from rows import concatenate, trajectories_of, load, math  # replaced by rows.py itself where this file is handed over


class Config(dict):
    def __getattr__(self, name):
        try:
            return self[name]
        except KeyError as missing:
            raise AttributeError(name) from missing


class TableScheduler:
    order = 1

    def __init__(self, document, sigma_data=None):
        dropping = [network["file"] for network in document["networks"] if network["droppedBlocks"]]
        if dropping:
            raise ValueError(
                f"drop: this sampler leaves out blocks at some steps ({len(dropping)} of its networks: {', '.join(dropping)}), which a PyTorch "
                "network in a diffusers pipeline has no switch for. Run the pruned ONNX files with sampler.py instead.")
        if any(row.get("learnedNoise") is not None for row in document["rows"]):
            raise ValueError("learned: this sampler takes its noise from the network's variances, which pipelines cut off before the scheduler sees them. Use sampler.py.")
        if any(row["guidance"] != "full" for row in document["rows"]):
            raise ValueError("guidance: this sampler leaves out the negative evaluation at some steps, which a pipeline makes at every step. Use sampler.py instead.")
        model = document["model"]
        if sigma_data is not None and (model["process"], model["prediction"]) != ("sigma", "sample"):
            raise ValueError(f"sigma_data: for models in sigma that give the clean sample; this one is {model['process']}, {model['prediction']}.")
        self.document, self.rows, self.sigma_data = document, document["rows"], sigma_data
        self.init_noise_sigma = document["startScale"]
        self.config = Config(
            num_train_timesteps=model["trainSteps"] or 1000, prediction_type={"v": "v_prediction"}.get(model["prediction"], model["prediction"]), solver=document["solver"],
            steps_offset=1, clip_sample=False, use_dynamic_shifting=False, shift=1.0, base_image_seq_len=256, max_image_seq_len=4096, base_shift=0.5, max_shift=1.15)
        self.set_timesteps()

    @classmethod
    def from_file(cls, path, sigma_data=None):
        return cls(load(path), sigma_data)

    def __len__(self):
        return self.config.num_train_timesteps

    def set_timesteps(self, num_inference_steps=None, device=None, timesteps=None, sigmas=None, mu=None):
        """Starts anew; one timestep per network call, or per call left out."""
        self.timesteps = torch.tensor([self.told(row) for row in self.rows], dtype=torch.float32, device=device)
        ratios = [row["sigma"] if self.document["model"]["process"] == "flow" else row["sigma"] / row["alpha"] if row["alpha"] else math.inf for row in self.rows]
        self.sigmas = torch.tensor([*ratios, self.document["levels"][-1]["ratio"]], dtype=torch.float32)
        self.num_inference_steps, self.step_index, self.trajectories, self.returned = len(self.rows), 0, None, None

    def set_begin_index(self, begin_index=0):
        if begin_index:
            raise ValueError("strength: this sampler begins at its first level; use strength=1.0, and a list made for image-to-image (batcheval schedule --start).")

    def told(self, row):
        # flow pipelines expect 1000 u, whatever their network is told
        scale = 1000 / self.document["model"]["timeScale"] if self.document["model"]["process"] == "flow" else 1
        return row["time"] * scale if self.sigma_data is None else 0.25 * math.log(row["time"])

    def scale_model_input(self, sample, timestep=None):
        if self.sigma_data is None:
            return sample
        return sample / (self.rows[self.step_index]["sigma"] ** 2 + self.sigma_data**2) ** 0.5

    def calls_network(self, batch=None):
        """Whether a sample of the batch needs the network at the step that comes next."""
        return self.trajectories is None or self.step_index >= len(self.rows) or any([trajectory.needs_call(self.step_index) for trajectory in self.trajectories])

    def attach(self, pipe):
        """Lets the pipeline's network return its last output wherever no sample needs a call."""
        network, kept = getattr(pipe, "transformer", None) or pipe.unet, []
        forward, state = network.forward, types.SimpleNamespace(step=None, call=0)

        def gated(*arguments, **named):
            state.step, state.call = self.step_index, state.call + 1 if state.step == self.step_index else 0
            if self.calls_network() or state.call >= len(kept):
                kept[state.call :] = [forward(*arguments, **named)]
            return kept[state.call]

        network.forward = gated
        return self

    def step(self, model_output, timestep, sample, generator=None, return_dict=True, variance_noise=None):
        """Takes one row. States are kept in float32 whatever the network's type."""
        r, row = self.step_index, self.rows[self.step_index]
        x = sample.to(torch.float32)
        if self.trajectories is None:
            self.trajectories = trajectories_of(self.document, x)
        elif sample is not self.returned:
            for i, trajectory in enumerate(self.trajectories):
                trajectory.x = x if len(self.trajectories) == 1 else x[i : i + 1]
        output = self.denoised(model_output.to(torch.float32), row)
        z = self.noise(x, row, generator) if variance_noise is None else variance_noise
        data = []
        for i, trajectory in enumerate(self.trajectories):
            mine = (lambda whole: whole) if len(self.trajectories) == 1 else (lambda whole: whole[i : i + 1])
            data.append(trajectory.advance(r, mine(output) if trajectory.needs_call(r) else None, lambda like: mine(z)))
        self.step_index += 1
        self.returned = concatenate([trajectory.x for trajectory in self.trajectories]).to(model_output.dtype)
        if not return_dict:
            return (self.returned,)
        return types.SimpleNamespace(prev_sample=self.returned, pred_original_sample=concatenate(data))

    def denoised(self, output, row):
        # EDM networks give F; the clean sample is c_skip x + c_out F
        if self.sigma_data is None:
            return output
        s, d = row["sigma"], self.sigma_data
        x = concatenate([trajectory.x for trajectory in self.trajectories])
        return d * d / (s * s + d * d) * x + s * d / (s * s + d * d) ** 0.5 * output

    @staticmethod
    def noise(x, row, generator):
        if not row["next"]["noise"]:
            return None
        if isinstance(generator, list):
            return torch.cat([TableScheduler.noise(x[i : i + 1], row, g) for i, g in enumerate(generator)])
        device = generator.device if generator is not None else x.device
        return torch.randn(x.shape, generator=generator, device=device, dtype=x.dtype).to(x.device)

    def add_noise(self, original_samples, noise, timesteps=None):
        first = self.rows[0]
        return first["alpha"] * original_samples + self.document["startScale"] * noise

    def scale_noise(self, sample, timestep=None, noise=None):
        return self.add_noise(sample, noise, timestep)
