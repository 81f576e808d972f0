"""The networks that the checks run: the bundled digits model, and a large one with random weights. Each as a PyTorch module and as a model
package for batcheval, with the same weights, in float32 and float16."""
import inspect
import json
import pathlib
import shutil
import sys

import numpy as np
import torch

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tools" / folder) for folder in ("digits", "networks", "training")]
import nets  # noqa: E402
from adm import Adm  # noqa: E402
from half import half_graph  # noqa: E402
from layers import randomise  # noqa: E402

DIGITS = ROOT / "samples" / "digits"
OPERATOR_SET = 17


def digits():
    model = nets.Unet()
    with np.load(DIGITS / "unet_weights.npz") as archive:
        model.load_state_dict({k: torch.tensor(archive[k]) for k in archive.files}, strict=False)
    return model.eval()


def large(width):
    """Guided diffusion's layout for 64x64: 129 M parameters at width 128."""
    return randomise(Adm(width=width, channels=3, attention=(4, 8)), 7)


def module(name, dtype, device, width):
    """The PyTorch module; in float16 the sinusoids of the time stay in single precision, as in the exported graph."""
    model = digits() if name == "digits" else large(width)
    first = model.t1 if name == "digits" else model.time_embed[0]
    first.register_forward_pre_hook(lambda m, inputs: (inputs[0].to(m.weight.dtype),))
    return model.to(device=device, dtype=getattr(torch, dtype))


def feeds(name, batch, dtype, device):
    """State, time and label, made on the device."""
    shape = (batch, 1, 16, 16) if name == "digits" else (batch, 3, 64, 64)
    return (torch.randn(shape, device=device, dtype=getattr(torch, dtype)), torch.full((batch,), 500.0, device=device), torch.zeros(batch, dtype=torch.int64, device=device))


def package(name, dtype, folder, width):
    """Writes the model package unless it is there, and returns its folder."""
    target = pathlib.Path(folder) / f"{name}-{dtype}-{width}"
    if (target / "model.json").exists():
        return target
    target.mkdir(parents=True, exist_ok=True)
    single = target / "single.onnx"
    if name == "digits":
        shutil.copy(DIGITS / "unet.onnx", single)
        manifest = json.loads((DIGITS / "model.json").read_text())
        manifest = {k: v for k, v in manifest.items() if k not in ("features", "perceptual", "reference", "data", "digests")}
    else:
        export(large(width), single)
        manifest = {
            "formatVersion": 1, "name": f"adm-{width}", "description": "Random weights.", "kind": "class-conditional",
            "denoiser": {"file": "", "prediction": "epsilon", "inputs": {"sample": "x", "time": "timesteps", "labels": "y"}, "output": "output"},
            "schedule": {"type": "linear", "trainSteps": 1000, "betaStart": 0.0001, "betaEnd": 0.02},
            "sample": {"channels": 3, "height": 64, "width": 64, "range": [-1, 1], "clampDenoised": True},
            "labels": {"count": 10}, "provenance": "Random weights; eng/gpu/networks.py.",
        }
    if dtype == "float16":
        half_graph(single, target / "model.onnx")
        single.unlink()
    else:
        single.rename(target / "model.onnx")
    manifest["denoiser"]["file"] = "model.onnx"
    (target / "model.json").write_text(json.dumps(manifest, indent=1))
    return target


def export(model, path):
    example = feeds("large", 1, "float32", "cpu")
    names = ["x", "timesteps", "y"]
    axes = {n: {0: "batch"} for n in [*names, "output"]}
    options = {"input_names": names, "output_names": ["output"], "opset_version": OPERATOR_SET}
    # Newer versions of PyTorch export in another way by default, which names and cuts operators differently; it has to do where the old one is gone.
    ways = [{"dynamo": False}, {"dynamo": True, "external_data": False, "opset_version": 18}] if "dynamo" in inspect.signature(torch.onnx.export).parameters else [{}]
    for way in ways:
        try:
            with torch.no_grad():
                return torch.onnx.export(model, example, str(path), dynamic_axes=axes, **{**options, **way})
        except Exception as error:
            print(f"export with {way} failed: {error}")
            if way is ways[-1]:
                raise
