"""Runs the exported node and workflows inside ComfyUI itself, and prints the table of docs/exports.md.

    python3 tools/exports/comfyui.py --batcheval artifacts/bin/BatchEval.Cli/debug/batcheval.dll --comfyui DIR [--solvers "ddim;unipc(order=3)"]

DIR is a source tree of ComfyUI. Needs numpy, torch, onnx; what else ComfyUI imports and is not installed is replaced by empty modules (printed at the end), and so are names of
a newer torch that sampling does not use. Nothing of ComfyUI's own is replaced but the source of noise: its loader loads comfyui_node.py, its validation judges
comfyui-workflow.json, and the workflow's own nodes (RandomNoise, CFGGuider, ManualSigmas, the sampler's, SamplerCustomAdvanced) run on a ModelPatcher with a BaseModel whose network is the
formula. The columns plain (lists from the largest level and from a smaller one), end and reuse are our node; the last is what stands in the workflow where ComfyUI has the sampler itself.
"""
import argparse
import asyncio
import importlib
import importlib.util
import itertools
import json
import logging
import math
import os
import pathlib
import sys
import tempfile
from unittest.mock import MagicMock

import numpy as np
import torch
from formula import COMMON, MODELS, NOISE, Case, Missing, network_of, solvers_of, write_model

ABSENT = ["aiohttp", "alembic", "av", "blake3", "comfy_aimdo", "comfy_kitchen", "cv2", "einops", "filelock", "glfw", "kornia", "multidict", "numpy.dtypes", "OpenGL", "pydantic", "pydantic_settings", "requests",
          "safetensors", "sentencepiece", "simpleeval", "soundfile", "spandrel", "sqlalchemy", "tokenizers", "torchaudio", "torchsde", "torchvision", "tqdm", "transformers", "trimesh", "yarl"]
NEWER_TORCH = ["float8_e4m3fn", "float8_e4m3fnuz", "float8_e5m2", "float8_e5m2fnuz", "float8_e8m0fnu", "float4_e2m1fn_x2", "uint16", "uint32", "uint64"]
BETAS = {"linear": "sqrt_linear", "scaled-linear": "linear"}  # ComfyUI's names


class OlderTorch(type(torch)):
    def __getattr__(self, name):
        part = name in ("_dynamo", "compiler", "mps", "xpu")
        if name not in NEWER_TORCH and not part:
            raise AttributeError(f"torch has no {name}")
        setattr(self, name, MagicMock(is_available=lambda: False, disable=lambda function: function) if part else type(name, (), {})())
        return getattr(self, name)


def installed(name):
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def prepare(folder):
    sys.path.insert(0, folder)
    missing = Missing([name for name in ABSENT if not installed(name)])
    sys.meta_path.append(missing)
    torch.__class__ = OlderTorch
    for owner, name, value in ((torch.serialization, "add_safe_globals", lambda names: None), (torch.nn, "RMSNorm", torch.nn.Module),
                               (torch.Tensor, "nbytes", property(lambda t: t.numel() * t.element_size()))):
        if not hasattr(owner, name):
            setattr(owner, name, value)
    sys.argv = ["comfyui", "--cpu"]
    importlib.import_module("comfy.options").enable_args_parsing()
    import comfy.utils
    import nodes
    comfy.utils.PROGRESS_BAR_ENABLED = False
    for file in ("nodes_custom_sampler.py", "nodes_sd3.py"):
        loaded = asyncio.run(nodes.load_custom_node(os.path.join(folder, "comfy_extras", file), module_parent="comfy_extras"))
        assert loaded, f"ComfyUI could not load its own {file}"
    return missing


class Formula(torch.nn.Module):
    dtype = torch.float32

    def __init__(self, name):
        super().__init__()
        self.name, self.network = name, network_of(name)

    def forward(self, x, timesteps, **_):
        t = float(timesteps[0])
        if self.name != "sigma":
            return self.network(x, t)
        sigma = math.exp(4 * t)  # ComfyUI's EDM models take 0.25 ln sigma and a scaled state
        return self.network(x * (sigma * sigma + 1) ** 0.5, sigma)


def patcher_of(name):
    import comfy.model_base
    import comfy.model_patcher
    import comfy.model_sampling
    import comfy.supported_models_base
    schedule, kinds = MODELS[name]["schedule"], comfy.model_base.ModelType
    config = comfy.supported_models_base.BASE({"disable_unet_model_creation": True, "in_channels": 1})
    config.latent_format.latent_channels = 1
    config.sampling_settings = (
        {"shift": 1.0} if name == "flow" else {"sigma_min": schedule["sigmaMin"], "sigma_max": schedule["sigmaMax"], "sigma_data": 1.0} if name == "sigma"
        else {"beta_schedule": BETAS[schedule["type"]], "linear_start": schedule["betaStart"], "linear_end": schedule["betaEnd"], "timesteps": 1000})
    model = comfy.model_base.BaseModel(config, {"flow": kinds.FLOW, "v": kinds.V_PREDICTION}.get(name, kinds.EPS), device=torch.device("cpu"))
    model.diffusion_model = Formula(name)
    if name == "sigma":
        class Sampling(comfy.model_sampling.ModelSamplingContinuousEDM, comfy.model_sampling.X0):
            pass

        model.model_sampling = Sampling(config)
    return comfy.model_patcher.ModelPatcher(model, load_device=torch.device("cpu"), offload_device=torch.device("cpu"))


class Noise:
    """What RandomNoise gives, with our numbers."""

    seed = 0

    @staticmethod
    def generate_noise(latent):
        return torch.from_numpy(NOISE)


def supply(draws):
    """Puts our numbers in the place of every source of noise that samplers have."""
    import comfy.k_diffusion.sampling as sampling
    left = iter([torch.from_numpy(z) for z in draws] + [torch.zeros(NOISE.shape)])
    give = lambda *_, **__: next(left)
    sampling.default_noise_sampler = lambda *_, **__: give
    sampling.BrownianTreeNoiseSampler = lambda *_, **__: give
    torch.randn = give


def run_workflow(workflow, patcher):
    """The workflow's own nodes up to the latents; the model, its conditions, the empty latent and the noise are ours."""
    import nodes
    given = {"CheckpointLoaderSimple": (patcher, None, None), "CLIPTextEncode": ([[torch.zeros(1, 1, 1), {}]],), "RandomNoise": (Noise(),),
             "EmptyLatentImage": ({"samples": torch.zeros(NOISE.shape)},), "EmptySD3LatentImage": ({"samples": torch.zeros(NOISE.shape)},)}

    if "ManualSigmas" not in nodes.NODE_CLASS_MAPPINGS and "8" in workflow:
        given["ManualSigmas"] = (torch.FloatTensor([float(v) for v in workflow["8"]["inputs"]["sigmas"].split(",")]),)

    def outputs(key):
        node = workflow[key]
        if node["class_type"] in given:
            return given[node["class_type"]]
        inputs = {name: outputs(value[0])[value[1]] if isinstance(value, list) else value for name, value in node["inputs"].items()}
        kind = nodes.NODE_CLASS_MAPPINGS[node["class_type"]]
        made = kind.execute(**inputs) if hasattr(kind, "define_schema") else getattr(kind(), kind.FUNCTION)(**inputs)
        return made.result if hasattr(made, "result") else made

    return outputs("9")[0]["samples"].numpy()


def validate(workflow, folder):
    """ComfyUI's own judgement: names, kinds and links of all inputs, values of selections."""
    import execution
    import folder_paths
    import nodes
    (folder / "model.safetensors").touch()
    folder_paths.add_model_folder_path("checkpoints", str(folder))
    if "ManualSigmas" not in nodes.NODE_CLASS_MAPPINGS:
        return  # older ComfyUI; the list is then given to the sampler as it is
    valid, error, _, node_errors = asyncio.run(execution.validate_prompt("0", json.loads(json.dumps(workflow)), None))
    assert valid, (error, node_errors)
    for key, node in workflow.items():
        known = nodes.NODE_CLASS_MAPPINGS[node["class_type"]].INPUT_TYPES()
        names = [*known["required"], *known.get("optional", {})]
        assert [n for n in names if n in node["inputs"]] == list(node["inputs"]), (node["class_type"], names, list(node["inputs"]))


def load_node(case):
    import nodes
    nodes.NODE_CLASS_MAPPINGS.pop("BatchEvalSearchedSampler", None)
    assert asyncio.run(nodes.load_custom_node(str(case.folder / "comfyui_node.py"))), "ComfyUI could not load comfyui_node.py"
    assert nodes.NODE_CLASS_MAPPINGS["BatchEvalSearchedSampler"].RELATIVE_PYTHON_MODULE == "custom_nodes.comfyui_node"


def compare(solver, name, variant, root, batcheval):
    """Largest difference of latents from the product's: of our node, and of ComfyUI's own sampler by its name where the workflow has one."""
    case, randn, misses = Case(solver, name, variant, root, batcheval), torch.randn, {}
    workflow = json.loads((case.folder / "comfyui-workflow.json").read_text())
    load_node(case)
    validate(workflow, case.folder)
    ours = {**workflow, "7": {"class_type": "BatchEvalSearchedSampler", "inputs": {"file": "sampler.json"}}}
    ours["9"] = {**workflow["9"], "inputs": {**workflow["9"]["inputs"], "sigmas": ["7", 1]}}
    for nodes in (ours, workflow):
        try:
            supply(case.draws())
            result = run_workflow(nodes, patcher_of(name))
        finally:
            torch.randn = randn
        sampler = nodes["7"]
        misses[sampler["inputs"].get("sampler_name", sampler["class_type"])] = np.abs(result - case.expected).max()
    return misses.pop("BatchEvalSearchedSampler"), misses


def main():
    parser = argparse.ArgumentParser()
    for option in ("--batcheval", "--comfyui", "--solvers"):
        parser.add_argument(option, required=option != "--solvers")
    options = parser.parse_args()
    batcheval = str(pathlib.Path(options.batcheval).resolve())
    logging.disable(logging.WARNING)
    missing = prepare(str(pathlib.Path(options.comfyui).resolve()))
    with tempfile.TemporaryDirectory() as root:
        root = pathlib.Path(root)
        for name in COMMON:
            write_model(root / name, name)
        print("| solver | plain | end | reuse | ComfyUI's own sampler |\n|---|---|---|---|---|")
        for solver in options.solvers.split(";") if options.solvers else solvers_of(batcheval):
            ours, peers = {}, {}
            for variant, name in itertools.product(("plain", "whole", "end", "reuse"), COMMON):
                miss, own = compare(solver, name, variant, root, batcheval)
                if max([miss, *own.values()]) > 1e-5:
                    print(f"{solver}, {name}, {variant}: {miss:.1e} {own}", file=sys.stderr, flush=True)
                for table, key, value in [(ours, variant.replace("whole", "plain"), miss), *((peers, *item) for item in own.items())]:
                    table[key] = max(value, table.get(key, 0))
            cells = [*(f"{miss:.1e}" for miss in ours.values()), ", ".join(f"{label} {miss:.1e}" for label, miss in peers.items())]
            print(f"| `{solver}` | {' | '.join(cells)} |", flush=True)
    import comfyui_version
    print(f"\nComfyUI {comfyui_version.__version__}, torch {torch.__version__}; empty modules in place of {', '.join(sorted(missing.used))}", file=sys.stderr)


if __name__ == "__main__":
    main()
