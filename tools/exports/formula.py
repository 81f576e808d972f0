"""What compare.py and comfyui.py share: models of one formula, the product's noise, and stand-ins for packages that the peers import and sampling does not use."""
import importlib.abc
import importlib.machinery
import importlib.util
import json
import math
import subprocess
import tempfile
import types
from unittest.mock import MagicMock

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper

COUNT = 3
NOISE = np.random.default_rng(5).standard_normal((COUNT, 1, 4, 4)).astype(np.float32)
# net = x tanh(k1 t + k0) + k3 tanh(2 x + k2 t), with times and an end that suit the process
MODELS = {
    "discrete": dict(k=(0.05, 0.004, 0.001, 0.1), prediction="epsilon", schedule={"type": "linear", "trainSteps": 1000, "betaStart": 0.0001, "betaEnd": 0.02}, largest=999, times=[820, 600, 350, 150, 40], end=10),
    "v": dict(k=(-0.3, -0.0005, 0.001, 0.3), prediction="v", schedule={"type": "scaled-linear", "trainSteps": 1000, "betaStart": 0.00085, "betaEnd": 0.012}, largest=999, times=[900, 700, 450, 200, 60], end=15),
    "sigma": dict(k=(0.5, -0.05, 0.01, 0.4), prediction="sample", schedule={"type": "sigma", "sigmaMin": 0.002, "sigmaMax": 80}, largest=80, times=[20, 6, 2, 0.6, 0.1], end=0.02),
    "flow": dict(k=(-0.3, 0.0004, 0.001, 0.5), prediction="flow", schedule={"type": "flow", "timeScale": 1000}, largest=1000, times=[950, 800, 500, 250, 60], end=10),
}
# processes that fewer models have: named by --models
RARE = {
    "flow-1": dict(k=(-0.3, 0.4, 1.0, 0.5), prediction="flow", schedule={"type": "flow", "timeScale": 1}, largest=1, times=[0.95, 0.8, 0.5, 0.25, 0.06], end=0.01),
    "svd": dict(k=(-0.3, 0.2, 0.1, 0.3), prediction="v", schedule={"type": "log-sigma", "sigmaMin": 0.002, "sigmaMax": 700}, largest=1.6377, times=[1.5, 1.1, 0.6, 0.2, -0.3], end=-0.8),
    "edm": dict(k=(-0.3, 0.2, 0.1, 0.3), prediction="edm", schedule={"type": "log-sigma", "sigmaMin": 0.002, "sigmaMax": 80, "sigmaData": 0.5}, largest=1.095, times=[1.0, 0.5, 0.1, -0.3, -0.8], end=-1.2),
    "zero": dict(k=(-0.3, -0.0005, 0.001, 0.3), prediction="v", schedule={"type": "scaled-linear", "trainSteps": 1000, "betaStart": 0.00085, "betaEnd": 0.012, "zeroTerminalSnr": True}, largest=999, times=[999, 700, 450, 200, 60], end=15),
    "cosine": dict(k=(0.05, 0.004, 0.001, 0.1), prediction="epsilon", schedule={"type": "cosine", "trainSteps": 1000}, largest=999, times=[998, 800, 500, 200, 60], end=15),
}
COMMON = list(MODELS)
MODELS |= RARE
WITH_OPTIONS = ["sde-dpmpp-2m(heun=1,s-noise=0.9)", "lms(order=3)", "dpmpp-2s-ancestral(eta=0.5)", "ddim(eta=0.5)", "ddim(clip-noise=0,eta=0.5)", "euler-ancestral(eta=0.5)", "dpmpp-3m(diffusers=1)", "unipc(order=3)"]


class Empty(type):
    """The type of classes that are never used."""

    def __getattr__(cls, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return MagicMock()


class Missing(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Packages that the peers import and that sampling does not use; names are those of modules, with all that is below them."""

    def __init__(self, names):
        self.names, self.used = set(names), set()

    class Module(types.ModuleType):
        __path__ = []

        def __getattr__(self, name):
            if name.startswith("__"):
                raise AttributeError(name)
            made = MagicMock() if not name[0].isupper() else type(name, (Exception,), {}) if name.endswith("Error") else Empty(name, (), {})
            setattr(self, name, made)
            return made

    def find_spec(self, name, path, target=None):
        parts = name.split(".")
        known = next((p for p in (".".join(parts[:n]) for n in range(1, len(parts) + 1)) if p in self.names), None)
        if known is None:
            return None
        self.used.add(known)
        return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec):
        return self.Module(spec.name)

    def exec_module(self, module):
        if module.__name__ == "huggingface_hub.constants":
            module.HF_HOME = tempfile.gettempdir()
        if module.__name__ == "tqdm.auto":
            module.trange, module.tqdm = (lambda n, **_: range(n)), (lambda items=None, **_: items)


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


def solvers_of(program_path):
    """Every solver that the product knows, and some with options."""
    help_text = subprocess.run(["dotnet", program_path, "sample", "--help"], check=True, capture_output=True, text=True).stdout
    return help_text.split("Solver: ")[1].split(";")[0].split(", ") + WITH_OPTIONS


def steps_of(model, variant):
    times = model["times"]
    if variant == "18 steps":  # diffusers lowers the order of the last steps below 15 steps only
        times = [float(t) for t in np.interp(np.linspace(0, len(times) - 1, 18), np.arange(len(times)), times)]
        times = [round(t) for t in times] if model["schedule"]["type"] in ("linear", "scaled-linear", "cosine") else times
    if variant == "whole":  # from the model's largest level
        times = [model["largest"], *times[1:]]
    return [{"t": t, **({"reuse": True} if variant == "reuse" and i == 2 else {})} for i, t in enumerate(times)]


class Case:
    """A candidate, exported into a folder, and sampled by the product from NOISE; draws() are the noises of the rows that add one."""

    def __init__(self, solver, name, variant, root, batcheval):
        run = lambda *a: subprocess.run(["dotnet", batcheval, *map(str, a)], check=True, capture_output=True)
        candidate = {"solver": solver, "steps": steps_of(MODELS[name], variant), **({"end": MODELS[name]["end"]} if variant == "end" else {})}
        self.folder = root / f"{len(list(root.iterdir()))}"
        self.folder.mkdir()
        (self.folder / "candidate.json").write_text(json.dumps(candidate))
        run("export", "--model", root / name, "--candidate", self.folder / "candidate.json", "--out", self.folder)
        self.document = json.loads((self.folder / "sampler.json").read_text())
        np.save(self.folder / "start.npy", (self.document["startScale"] * NOISE).astype(np.float32))
        run("sample", "--model", root / name, "--candidate", self.folder / "candidate.json", "--start", self.folder / "start.npy", "--out", self.folder / "out.npy")
        self.expected = np.load(self.folder / "out.npy")

    def draws(self):
        return [np.concatenate([bank(i, r + 1) for i in range(COUNT)]) for r, row in enumerate(self.document["rows"]) if row["next"]["noise"]]
