"""Runs exported samplers against what they are exported for, and prints the table of docs/exports.md.

    python3 tools/exports/compare.py --batcheval artifacts/bin/BatchEval.Cli/debug/batcheval.dll [--diffusers DIR] [--k-diffusion DIR] [--solvers "ddim;unipc(order=3)"] [--models svd,edm,zero,flow-1,cosine]

DIR are source trees of huggingface/diffusers (its src folder) and crowsonkb/k-diffusion; left out where installed. Needs numpy, torch, onnx.
Every candidate is exported and sampled by `batcheval sample --start`; then sampler.py (numpy and torch), diffusers.py (as a pipeline calls it, and its loop) on the real
scheduler classes, and k-diffusion.py on the real functions run from the same noise. One line per solver: the worst of the models (four, unless --models names others of formula.py). comfyui.py does the same for ComfyUI.
"""
import argparse
import importlib
import importlib.metadata
import inspect
import math
import os
import pathlib
import sys
import tempfile
import types
import warnings
from unittest.mock import MagicMock

import numpy as np
import torch
from formula import COMMON, MODELS, NOISE, Case, Missing, network_of, program, solvers_of, write_model

warnings.filterwarnings("ignore")
VARIANTS = ("plain", "18 steps", "end", "reuse")
PEERS_NEED = {"huggingface_hub", "tqdm", "httpx", "safetensors", "torchsde", "torchdiffeq", "torchvision", "skimage", "accelerate", "clip", "kornia", "dctorch", "jsonmerge"}


def prepare(diffusers, k_diffusion):
    sys.meta_path.append(Missing(PEERS_NEED))
    installed = importlib.metadata.version

    def version(name):
        try:
            return installed(name)
        except importlib.metadata.PackageNotFoundError:
            return "99.0"

    importlib.metadata.version = version
    for name in ("xpu", "mps", "npu", "mtia"):
        if not hasattr(torch, name):
            setattr(torch, name, MagicMock(is_available=lambda: False))
    if diffusers:
        sys.path.insert(0, diffusers)
    if k_diffusion:
        package = types.ModuleType("k_diffusion")
        package.__path__ = [os.path.join(k_diffusion, "k_diffusion")]
        sys.modules["k_diffusion"] = package


def name_of(name):
    """The process of a model."""
    return name.split("-")[0]


class Pipe:
    """What pipelines do with a scheduler, and a scheduler whose configuration would bend every list."""

    def __init__(self, name):
        import diffusers
        self.name, self.network, self.calls = name, network_of(name), 0
        self.scheduler = (
            diffusers.FlowMatchEulerDiscreteScheduler(shift=3.0, shift_terminal=0.1) if name.startswith("flow")
            else diffusers.EDMEulerScheduler(sigma_schedule="exponential", final_sigmas_type="sigma_min", sigma_data=0.5 if name == "sigma" else 1.7) if name in ("sigma", "svd", "edm")
            else diffusers.EulerDiscreteScheduler(
                beta_start=MODELS[name]["schedule"].get("betaStart", 1e-4), beta_end=MODELS[name]["schedule"].get("betaEnd", 0.02),
                beta_schedule={"cosine": "squaredcos_cap_v2"}.get(MODELS[name]["schedule"]["type"], MODELS[name]["schedule"]["type"].replace("-", "_")),
                use_karras_sigmas=True, timestep_spacing="trailing", interpolation_type="log_linear", final_sigmas_type="sigma_min", steps_offset=1))
        outer = self

        class Unet(torch.nn.Module):
            def forward(self, x, t):
                return outer.output(x, float(t))

        self.unet = Unet()

    def output(self, x, t):
        self.calls += 1
        if name_of(self.name) == "flow":  # pipelines give 1000 u
            return self.network(x, t * MODELS[self.name]["schedule"]["timeScale"] / 1000)
        if type(self.scheduler).__name__ != "EDMEulerScheduler" or self.name != "sigma":
            return self.network(x, t)
        # F of Karras et al. 2022 for the network's D, sigma_data 0.5
        s, d = math.exp(4 * t), 0.5
        x = x * (s * s + d * d) ** 0.5
        return (self.network(x, s) - d * d / (s * s + d * d) * x) / (s * d / (s * s + d * d) ** 0.5)

    def __call__(self, prompt, num_inference_steps=50, timesteps=None, sigmas=None, latents=None):
        scheduler = self.scheduler
        given = {k: v for k, v in (("timesteps", timesteps), ("sigmas", sigmas)) if v is not None} or {"num_inference_steps": num_inference_steps}
        scheduler.set_timesteps(**given, device="cpu")
        x = torch.from_numpy(NOISE).clone()
        x = (x if latents is None else latents) if name_of(self.name) == "flow" else x * scheduler.init_noise_sigma
        if hasattr(scheduler, "set_begin_index"):
            scheduler.set_begin_index(0)
        takes = {"generator": None} if "generator" in inspect.signature(scheduler.step).parameters else {}
        for t in scheduler.timesteps:
            x = scheduler.step(self.unet(scheduler.scale_model_input(x, t) if hasattr(scheduler, "scale_model_input") else x, t), t, x, return_dict=False, **takes)[0]
        return types.SimpleNamespace(images=[x])


def run_diffusers(folder, name, document, draws):
    text, pipe = (folder / "diffusers.py").read_text(), Pipe(name)
    own = "TableScheduler" in text
    names = {"pipe": pipe, "prompt": "", "noise": torch.from_numpy(NOISE)}
    sys.modules.pop("diffusers_scheduler", None)
    sys.path.insert(0, str(folder))
    os.chdir(folder)

    def supply():
        z = iter(draws())
        if own:
            sys.modules["diffusers_scheduler"].TableScheduler.noise = staticmethod(lambda x, row, _: torch.from_numpy(next(z)) if row["next"]["noise"] else None)
        for module in ("ddpm", "dpmsolver_multistep"):
            loaded = importlib.import_module(f"diffusers.schedulers.scheduling_{module}")
            loaded.randn_tensor = lambda *_, **__: torch.from_numpy(next(z, np.zeros_like(NOISE)))

    try:
        if own:
            importlib.import_module("diffusers_scheduler")
        supply()
        exec(compile(text, "diffusers.py", "exec"), names)
        called = pipe.calls
        supply()
        start = torch.from_numpy(NOISE) * (document["startScale"] if name_of(name) == "flow" and not own else 1)
        again = names["sample"](lambda x, t: pipe.unet(x, t), start)
    finally:
        sys.path.remove(str(folder))
    return None if own else type(pipe.scheduler).__name__, names["image"].numpy(), again.numpy(), called


def run_k_diffusion(folder, name, document, draws):
    names, network, model = {}, network_of(name), document["model"]
    exec(compile((folder / "k-diffusion.py").read_text(), "k-diffusion.py", "exec"), names)
    data = model["sigmaData"]
    if name == "cosine":
        f = lambda t: math.cos((t + 0.008) / 1.008 * math.pi / 2) ** 2
        bar = np.cumprod([1 - min(1 - f((i + 1) / 1000) / f(i / 1000), 0.999) for i in range(1000)])
        logs = 0.5 * np.log((1 - bar) / bar)
    if name in ("discrete", "v"):
        s = MODELS[name]["schedule"]
        root = 0.5 if s["type"] == "scaled-linear" else 1
        bar = np.cumprod(1 - np.linspace(s["betaStart"] ** root, s["betaEnd"] ** root, 1000) ** (1 / root))
        logs = 0.5 * np.log((1 - bar) / bar)

    def denoise(x, sigma, **_):
        s = float(sigma[0])
        if name == "sigma":
            return network(x, s)
        if data:  # c_skip x + c_out F, or v with sigma_data 1
            w = (s * s + data * data) ** 0.5
            return x * data * data / (w * w) + network(x / w, 0.25 * math.log(s)) * (s * data if model["prediction"] == "edm" else -s) / w
        output = network(x / (s * s + 1) ** 0.5, np.interp(math.log(s), logs, np.arange(1000)))
        return x - s * output if model["prediction"] == "epsilon" else x / (s * s + 1) - output * s / (s * s + 1) ** 0.5

    function = next((n for n in names if n.startswith("sample_")), None)
    if function is None:
        return None
    z = iter([torch.from_numpy(v) for v in draws()] + [torch.zeros(NOISE.shape)])
    options = {"noise_sampler": lambda *_: next(z)} if "noise_sampler" in inspect.signature(names[function]).parameters else {}
    return function, names["sample"](denoise, torch.from_numpy(NOISE), disable=True, **options).numpy()


def compare(solver, name, variant, root, batcheval):
    """Largest differences: of our programs, of a class of diffusers with its name, of a function of k-diffusion with its name."""
    case = Case(solver, name, variant, root, batcheval)
    folder, document, expected, draws = case.folder, case.document, case.expected, case.draws
    sampler, ours, peers = program(folder / "sampler.py"), [], {}
    for wrap in (lambda a: a, torch.from_numpy):
        z = iter(draws())
        ours.append(np.abs(np.asarray(sampler.sample(document, network_of(name), wrap(NOISE), lambda _: wrap(next(z)))) - expected).max())
    scheduler, image, again, called = run_diffusers(folder, name, document, draws)
    assert scheduler or called == document["networkCalls"], (solver, name, variant, called)
    misses = [np.abs(image - expected).max(), np.abs(again - expected).max()]
    if scheduler:
        peers["diffusers", scheduler.removesuffix("Scheduler")] = max(misses)
    else:
        ours += misses
    found = run_k_diffusion(folder, name, document, draws)
    if found:
        peers["k-diffusion", found[0].removeprefix("sample_")] = np.abs(found[1] - expected).max()
    return max(ours), peers


def main():
    parser = argparse.ArgumentParser()
    for option in ("--batcheval", "--diffusers", "--k-diffusion", "--solvers", "--models"):
        parser.add_argument(option)
    options = parser.parse_args()
    program_path = str(pathlib.Path(options.batcheval).resolve())
    here = os.getcwd()
    absolute = lambda p: os.path.join(here, p) if p else None
    prepare(absolute(options.diffusers), absolute(options.k_diffusion))
    with tempfile.TemporaryDirectory() as root:
        root = pathlib.Path(root)
        names = options.models.split(",") if options.models else COMMON
        for name in names:
            write_model(root / name, name)
        print(f"| solver | {' | '.join(VARIANTS)} | classes of diffusers | k-diffusion |\n|{'---|' * (len(VARIANTS) + 3)}")
        for solver in options.solvers.split(";") if options.solvers else solvers_of(program_path):
            cells, worst = [], {}
            for variant in VARIANTS:
                results = {name: compare(solver, name, variant, root, program_path) for name in names}
                for name, (ours, peers) in results.items():
                    if max([ours, *peers.values()]) > 1e-5:
                        print(f"{solver}, {name}, {variant}: {ours:.1e} {peers}", file=sys.stderr, flush=True)
                    for peer, miss in peers.items():
                        worst[peer] = max(worst.get(peer, 0), miss)
                cells.append(f"{max(ours for ours, _ in results.values()):.1e}")
            named = lambda package: ", ".join(f"{name} {miss:.1e}" for (kind, name), miss in worst.items() if kind == package)
            print(f"| `{solver}` | {' | '.join([*cells, named('diffusers'), named('k-diffusion')])} |", flush=True)


if __name__ == "__main__":
    main()
