"""Runs exported samplers against what they are exported for, and prints the table of docs/exports.md.

    python3 tools/exports/compare.py --batcheval artifacts/bin/BatchEval.Cli/debug/batcheval.dll [--diffusers DIR] [--k-diffusion DIR] [--solvers "ddim;unipc(order=3)"]

DIR are source trees of huggingface/diffusers (its src folder) and crowsonkb/k-diffusion; left out where installed. Needs numpy, torch, onnx.
Every candidate is exported and sampled by `batcheval sample --start`; then sampler.py (numpy and torch), diffusers.py (as a pipeline calls it, and its loop) on the real
scheduler classes, and k-diffusion.py on the real functions run from the same noise. The ComfyUI node runs in the tests.
"""
import argparse
import importlib.abc
import importlib.machinery
import importlib.metadata
import importlib.util
import inspect
import json
import math
import os
import pathlib
import subprocess
import sys
import tempfile
import types
import warnings
from unittest.mock import MagicMock

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper

warnings.filterwarnings("ignore")
COUNT = 3
NOISE = np.random.default_rng(5).standard_normal((COUNT, 1, 4, 4)).astype(np.float32)
# net = x tanh(k1 t + k0) + k3 tanh(2 x + k2 t), with times and an end that suit the process
MODELS = {
    "discrete": dict(k=(0.05, 0.004, 0.001, 0.1), prediction="epsilon", schedule={"type": "linear", "trainSteps": 1000, "betaStart": 0.0001, "betaEnd": 0.02}, times=[820, 600, 350, 150, 40], end=10),
    "v": dict(k=(-0.3, -0.0005, 0.001, 0.3), prediction="v", schedule={"type": "scaled-linear", "trainSteps": 1000, "betaStart": 0.00085, "betaEnd": 0.012}, times=[900, 700, 450, 200, 60], end=15),
    "sigma": dict(k=(0.5, -0.05, 0.01, 0.4), prediction="sample", schedule={"type": "sigma", "sigmaMin": 0.002, "sigmaMax": 80}, times=[20, 6, 2, 0.6, 0.1], end=0.02),
    "flow": dict(k=(-0.3, 0.0004, 0.001, 0.5), prediction="flow", schedule={"type": "flow", "timeScale": 1000}, times=[950, 800, 500, 250, 60], end=10),
}
SOLVERS = ["ddim", "ddim(eta=0.5)", "ddim(clip-noise=0,eta=0.5)", "ddpm", "euler", "euler-ancestral", "euler-ancestral(eta=0.5)", "heun", "dpmpp-1", "dpmpp-2m", "dpmpp-3m", "dpmpp-3m(diffusers=1)",
           "sde-dpmpp-1", "sde-dpmpp-2m", "unipc", "unipc(order=3)"]
PEERS_NEED = {"huggingface_hub", "tqdm", "httpx", "safetensors", "torchsde", "torchdiffeq", "torchvision", "skimage", "accelerate", "clip", "kornia", "dctorch", "jsonmerge"}


class Missing(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Packages that the peers import and that scheduling does not use."""

    class Module(types.ModuleType):
        __path__ = []

        def __getattr__(self, name):
            if name.startswith("__"):
                raise AttributeError(name)
            made = MagicMock() if not name[0].isupper() else type(name, (Exception,) if name.endswith("Error") else (), {})
            setattr(self, name, made)
            return made

    def find_spec(self, name, path, target=None):
        return importlib.machinery.ModuleSpec(name, self, is_package=True) if name.split(".")[0] in PEERS_NEED else None

    def create_module(self, spec):
        return self.Module(spec.name)

    def exec_module(self, module):
        if module.__name__ == "huggingface_hub.constants":
            module.HF_HOME = tempfile.gettempdir()
        if module.__name__ == "tqdm.auto":
            module.trange, module.tqdm = (lambda n, **_: range(n)), (lambda items=None, **_: items)


def prepare(diffusers, k_diffusion):
    sys.meta_path.append(Missing())
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


def write_model(folder, name):
    model, constant = MODELS[name], lambda n, v: helper.make_tensor(n, TensorProto.FLOAT, [], [v])
    folder.mkdir()
    nodes = [helper.make_node(kind, inputs, [output]) for kind, inputs, output in [
        ("Reshape", ["t", "column"], "time"), ("Mul", ["time", "k1"], "a"), ("Add", ["a", "k0"], "b"), ("Tanh", ["b"], "c"), ("Mul", ["x", "c"], "d"), ("Mul", ["x", "two"], "e"),
        ("Mul", ["time", "k2"], "f"), ("Add", ["e", "f"], "g"), ("Tanh", ["g"], "h"), ("Mul", ["h", "k3"], "i"), ("Add", ["d", "i"], "out")]]
    value = lambda n, shape: helper.make_tensor_value_info(n, TensorProto.FLOAT, shape)
    graph = helper.make_graph(nodes, "formula", [value("x", ["N", 1, 4, 4]), value("t", ["N"])], [value("out", ["N", 1, 4, 4])],
                              [constant(f"k{i}", v) for i, v in enumerate(model["k"])] + [constant("two", 2.0), helper.make_tensor("column", TensorProto.INT64, [4], [-1, 1, 1, 1])])
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    made.ir_version = 8
    onnx.save(made, str(folder / "net.onnx"))
    (folder / "model.json").write_text(json.dumps({
        "formatVersion": 1, "name": name, "schedule": model["schedule"], "sample": {"channels": 1, "height": 4, "width": 4, "range": [-1, 1]},
        "denoiser": {"file": "net.onnx", "prediction": model["prediction"], "inputs": {"sample": "x", "time": "t"}, "output": "out"}}))


def network_of(name):
    k0, k1, k2, k3 = MODELS[name]["k"]

    def network(x, time, index=None):
        module, one = (np, np.float32) if isinstance(x, np.ndarray) else (torch, float)
        return x * one(math.tanh(k1 * float(time) + k0)) + one(k3) * module.tanh(2 * x + one(k2 * float(time)))

    return network


def bank(sample, draw, size=16):
    """The product's noise: Philox4x32-10 with seed 0 and Box-Muller."""
    mask, i = np.uint64(0xFFFFFFFF), np.arange(size // 4, dtype=np.uint64)
    c, k0, k1 = [i, np.full_like(i, draw), np.full_like(i, sample), np.zeros_like(i)], 0, 0
    for _ in range(10):
        p0, p1 = np.uint64(0xD2511F53) * c[0], np.uint64(0xCD9E8D57) * c[2]
        c = [((p1 >> np.uint64(32)) ^ c[1] ^ np.uint64(k0)) & mask, p1 & mask, ((p0 >> np.uint64(32)) ^ c[3] ^ np.uint64(k1)) & mask, p0 & mask]
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    words = [w.astype(float) + 0.5 for w in c]
    pairs = [(np.sqrt(-2 * np.log(a / 2**32)), 2 * np.pi * b / 2**32) for a, b in (words[:2], words[2:])]
    return np.stack([f(angle) * r for r, angle in pairs for f in (np.cos, np.sin)], 1).reshape(1, 1, 4, 4).astype(np.float32)


def program(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


class Pipe:
    """What pipelines do with a scheduler, and a scheduler whose configuration would bend every list."""

    def __init__(self, name):
        import diffusers
        self.name, self.network, self.calls = name, network_of(name), 0
        self.scheduler = (
            diffusers.FlowMatchEulerDiscreteScheduler(shift=3.0, shift_terminal=0.1) if name == "flow"
            else diffusers.EDMEulerScheduler(sigma_schedule="exponential", final_sigmas_type="sigma_min") if name == "sigma"
            else diffusers.EulerDiscreteScheduler(
                beta_start=MODELS[name]["schedule"]["betaStart"], beta_end=MODELS[name]["schedule"]["betaEnd"], beta_schedule=MODELS[name]["schedule"]["type"].replace("-", "_"),
                use_karras_sigmas=True, timestep_spacing="trailing", interpolation_type="log_linear", final_sigmas_type="sigma_min", steps_offset=1))
        outer = self

        class Unet(torch.nn.Module):
            def forward(self, x, t):
                return outer.output(x, float(t))

        self.unet = Unet()

    def output(self, x, t):
        self.calls += 1
        if type(self.scheduler).__name__ != "EDMEulerScheduler":
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
        x = (x if latents is None else latents) if self.name == "flow" else x * scheduler.init_noise_sigma
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
        start = torch.from_numpy(NOISE) * (document["startScale"] if name == "flow" and not own else 1)
        again = names["sample"](lambda x, t: pipe.unet(x, t), start)
    finally:
        sys.path.remove(str(folder))
    return None if own else type(pipe.scheduler).__name__, names["image"].numpy(), again.numpy(), called


def run_k_diffusion(folder, name, document, draws):
    names, network, model = {}, network_of(name), document["model"]
    exec(compile((folder / "k-diffusion.py").read_text(), "k-diffusion.py", "exec"), names)
    if name in ("discrete", "v"):
        s = MODELS[name]["schedule"]
        root = 0.5 if s["type"] == "scaled-linear" else 1
        bar = np.cumprod(1 - np.linspace(s["betaStart"] ** root, s["betaEnd"] ** root, 1000) ** (1 / root))
        logs = 0.5 * np.log((1 - bar) / bar)

    def denoise(x, sigma, **_):
        s = float(sigma[0])
        if name == "sigma":
            return network(x, s)
        output = network(x / (s * s + 1) ** 0.5, np.interp(math.log(s), logs, np.arange(1000)))
        return x - s * output if model["prediction"] == "epsilon" else x / (s * s + 1) - output * s / (s * s + 1) ** 0.5

    function = next((n for n in names if n.startswith("sample_")), None)
    if function is None:
        return None
    z = iter([torch.from_numpy(v) for v in draws()] + [torch.zeros(NOISE.shape)])
    options = {"noise_sampler": lambda *_: next(z)} if "noise_sampler" in inspect.signature(names[function]).parameters else {}
    return function, names["sample"](denoise, torch.from_numpy(NOISE), disable=True, **options).numpy()


def main():
    parser = argparse.ArgumentParser()
    for option in ("--batcheval", "--diffusers", "--k-diffusion", "--solvers"):
        parser.add_argument(option)
    options = parser.parse_args()
    program_path = str(pathlib.Path(options.batcheval).resolve())
    here = os.getcwd()
    absolute = lambda p: os.path.join(here, p) if p else None
    prepare(absolute(options.diffusers), absolute(options.k_diffusion))
    run = lambda *a: subprocess.run(["dotnet", program_path, *map(str, a)], check=True, capture_output=True)
    solvers = options.solvers.split(";") if options.solvers else SOLVERS
    with tempfile.TemporaryDirectory() as root:
        root = pathlib.Path(root)
        for name in MODELS:
            write_model(root / name, name)
        print("| solver | model | plain | end | reuse | class of diffusers | k-diffusion |\n|---|---|---|---|---|---|---|")
        for solver in solvers:
            for name, model in MODELS.items():
                cells, peers = [], ["", ""]
                for variant in ("plain", "end", "reuse"):
                    candidate = {"solver": solver, "steps": [{"t": t, **({"reuse": True} if variant == "reuse" and i == 2 else {})} for i, t in enumerate(model["times"])]}
                    candidate.update({"end": model["end"]} if variant == "end" else {})
                    folder = root / f"{len(list(root.iterdir()))}"
                    folder.mkdir()
                    (folder / "candidate.json").write_text(json.dumps(candidate))
                    run("export", "--model", root / name, "--candidate", folder / "candidate.json", "--out", folder)
                    document = json.loads((folder / "sampler.json").read_text())
                    np.save(folder / "start.npy", (document["startScale"] * NOISE).astype(np.float32))
                    run("sample", "--model", root / name, "--candidate", folder / "candidate.json", "--start", folder / "start.npy", "--out", folder / "out.npy")
                    expected = np.load(folder / "out.npy")
                    noisy = [r for r, row in enumerate(document["rows"]) if row["next"]["noise"]]
                    draws = lambda: [np.concatenate([bank(i, r + 1) for i in range(COUNT)]) for r in noisy]
                    sampler, misses = program(folder / "sampler.py"), []
                    for wrap in (lambda a: a, torch.from_numpy):
                        z = iter(draws())
                        misses.append(np.abs(np.asarray(sampler.sample(document, network_of(name), wrap(NOISE), lambda _: wrap(next(z)))) - expected).max())
                    scheduler, image, again, called = run_diffusers(folder, name, document, draws)
                    assert scheduler or called == document["networkCalls"], (solver, name, variant, called)
                    misses += [np.abs(image - expected).max(), np.abs(again - expected).max()]
                    cells.append(f"{max(misses):.1e}")
                    if variant == "plain":
                        peers[0] = f"{scheduler} {max(misses[2:]):.1e}" if scheduler else ""
                        found = run_k_diffusion(folder, name, document, draws)
                        peers[1] = f"{found[0]} {np.abs(found[1] - expected).max():.1e}" if found else ""
                print(f"| `{solver}` | {name} | {' | '.join(cells + peers)} |", flush=True)


if __name__ == "__main__":
    main()
