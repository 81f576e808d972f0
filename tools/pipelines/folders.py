"""Writes pipelines in the layout of diffusers folders."""
import json
import pathlib

import numpy as np
import onnx
import torch

ROOT = pathlib.Path(__file__).resolve().parents[2] / "tests" / "Golden" / "pipelines"
DEFAULTS = {"num_train_timesteps": 1000, "beta_start": 0.0001, "beta_end": 0.02, "beta_schedule": "linear", "trained_betas": None, "prediction_type": "epsilon"}


def folder(name, pipeline, root=ROOT, **parts):
    out = pathlib.Path(root) / name
    out.mkdir(parents=True, exist_ok=True)
    text(out / "model_index.json", {"_class_name": pipeline, "_diffusers_version": "0.30.0", **parts})
    return out


def text(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2) + "\n")


def scheduler(out, name, **fields):
    own = {"DDIMScheduler": {"clip_sample": True, "clip_sample_range": 1.0, "set_alpha_to_one": True, "steps_offset": 0, "timestep_spacing": "leading"}}.get(name, {})
    flow = name.startswith("FlowMatch")
    text(out / "scheduler" / "scheduler_config.json", {"_class_name": name, **({"num_train_timesteps": 1000} if flow else DEFAULTS), **own, **fields})


def export(module, feeds, outputs, out, config, opset=17, fixed=(), sized=False):
    """feeds: by input name, in order; the first axis of every input of rank 1 and more is the batch, sequence axes are free, too, and heights and widths where sized."""
    out.mkdir(parents=True, exist_ok=True)
    outputs = [outputs] if isinstance(outputs, str) else outputs
    axes = {}
    for name, value in feeds.items():
        if value.dim() > 0 and name not in fixed:
            axes[name] = {0: "batch_size"}
            if value.dim() == 3:
                axes[name][1] = "packed_height_width" if name == "hidden_states" else "sequence_length"
            if sized and value.dim() == 4:
                axes[name].update({2: "latent_height", 3: "latent_width"})
    for name in outputs:
        axes[name] = {0: "batch_size", **({2: "height", 3: "width"} if sized else {})}
    path = out / "model.onnx"
    torch.onnx.export(module, tuple(feeds.values()), str(path), input_names=list(feeds), output_names=outputs, dynamic_axes=axes, opset_version=opset)
    onnx.checker.check_model(str(path))
    if config is not None:
        text(out / "config.json", config)
    print(f"  {path.relative_to(path.parents[2])}: {path.stat().st_size} bytes")


def write(path, **arrays):
    np.savez_compressed(path, **{k: v.numpy() if isinstance(v, torch.Tensor) else v for k, v in arrays.items()})
