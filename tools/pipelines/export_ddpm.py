"""Exports unconditional pipelines of diffusers (DDPM, DDIM over UNet2DModel), which optimum does not export, as folders that --model takes.

    python3 export_ddpm.py ddpm-cifar10-32 --out my-ddpm       a folder of config.json, weights (.safetensors or .bin) and scheduler_config.json, with or without sub-folders
    python3 export_ddpm.py --dry                       the published architectures without memory for weights: parameters and tensors against their counts
    python3 export_ddpm.py --random --out tiny-ddpm    a small one with random weights, by the same path

What a configuration asks for and is not known here is refused by name; state dictionaries are read strictly.
"""
import argparse
import json
import pathlib
import shutil
import struct
import sys
import tempfile

import numpy as np
import torch

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "networks"))
from export_adm import without_memory, write  # noqa: E402
from folders import folder, text  # noqa: E402
from layers import randomise  # noqa: E402
from modules import Attention, UNet  # noqa: E402

CIFAR = {"_class_name": "UNet2DModel", "sample_size": 32, "in_channels": 3, "out_channels": 3, "block_out_channels": [128, 256, 256, 256], "layers_per_block": 2, "attention_head_dim": None,
         "down_block_types": ["DownBlock2D", "AttnDownBlock2D", "DownBlock2D", "DownBlock2D"], "up_block_types": ["UpBlock2D", "UpBlock2D", "AttnUpBlock2D", "UpBlock2D"],
         "norm_num_groups": 32, "norm_eps": 1e-6, "downsample_padding": 0, "flip_sin_to_cos": False, "freq_shift": 1}
LARGE = {**CIFAR, "sample_size": 256, "block_out_channels": [128, 128, 256, 256, 512, 512],
         "down_block_types": ["DownBlock2D"] * 4 + ["AttnDownBlock2D", "DownBlock2D"], "up_block_types": ["UpBlock2D", "AttnUpBlock2D"] + ["UpBlock2D"] * 4}
COUNTS = {"CIFAR-10": (CIFAR, 35_746_307), "CelebA-HQ, bedrooms, churches, cats": (LARGE, 113_673_219)}
ONLY = {"act_fn": "silu", "time_embedding_type": "positional", "center_input_sample": False, "mid_block_scale_factor": 1, "resnet_time_scale_shift": "default", "add_attention": True,
        "class_embed_type": None, "num_class_embeds": None, "dropout": 0.0, "attn_norm_num_groups": None, "upsample_type": "conv", "downsample_type": "conv", "num_train_timesteps": None}
OLD_NAMES = {"query.": "to_q.", "key.": "to_k.", "value.": "to_v.", "proj_attn.": "to_out.0."}


class Unconditional(UNet):
    def forward(self, sample, timestep):
        return self.run(sample, timestep)


def network(config):
    """A UNet2DModel by its configuration, absent fields with the defaults of that class."""
    if config.get("_class_name") != "UNet2DModel":
        raise SystemExit(f"The configuration is of {config.get('_class_name')}; this program exports UNet2DModel.")
    for name, allowed in ONLY.items():
        if config.get(name, allowed) != allowed:
            raise SystemExit(f"The configuration has {name} = {json.dumps(config[name])}; only {json.dumps(allowed)} is known here.")
    down, up = config["down_block_types"], config["up_block_types"]
    if set(down) - {"DownBlock2D", "AttnDownBlock2D"} or [b.replace("Up", "Down") for b in reversed(up)] != list(down):
        raise SystemExit(f"The configuration has the blocks {down} and {up}; only DownBlock2D and AttnDownBlock2D, mirrored on the way up, are known here.")
    groups, eps, head = config.get("norm_num_groups", 32), config.get("norm_eps", 1e-5), config.get("attention_head_dim", 8)
    attend = lambda width: Attention(width, 1 if head is None else width // head, head or width, bias=True, groups=groups, eps=eps)
    return Unconditional(config["in_channels"], config["out_channels"], tuple(config["block_out_channels"]), config.get("layers_per_block", 2), groups,
                         lambda i: attend if down[i] == "AttnDownBlock2D" else None, attend, shift=config.get("freq_shift", 0), eps=eps,
                         sine_first=not config.get("flip_sin_to_cos", True), down_padding=config.get("downsample_padding", 1))


def safetensors(path):
    """The tensors of a file: a length, a table in JSON, and the numbers."""
    types = {"F32": np.float32, "F16": np.float16, "F64": np.float64}
    data = path.read_bytes()
    length, = struct.unpack("<Q", data[:8])
    table = json.loads(data[8:8 + length])
    table.pop("__metadata__", None)
    return {name: torch.tensor(np.frombuffer(data, types[e["dtype"]], int(np.prod(e["shape"])), 8 + length + e["data_offsets"][0]).reshape(e["shape"]).copy()).float() for name, e in table.items()}


def weights(directory):
    for name in ("diffusion_pytorch_model.safetensors", "diffusion_pytorch_model.bin"):
        path = directory / name
        if path.exists():
            return safetensors(path) if path.suffix == ".safetensors" else torch.load(path, map_location="cpu", weights_only=True)
    raise SystemExit(f"{directory} has neither diffusion_pytorch_model.safetensors nor diffusion_pytorch_model.bin.")


def current(state):
    """Attention layers under the names they have had since diffusers 0.15."""
    def rename(key):
        for old, new in OLD_NAMES.items():
            key = key.replace(f".{old}", f".{new}") if ".attentions." in key else key
        return key
    return {rename(key): value for key, value in state.items()}


def dry():
    without_memory()
    for name, (config, published) in COUNTS.items():
        model = network(config)
        found = sum(p.numel() for p in model.parameters()), len(list(model.parameters()))
        print(f"{name}: {found[0]:,} parameters in {found[1]} tensors; published: {published:,}")
        assert found[0] == published
        assert {"time_embedding.linear_1.weight", "down_blocks.0.resnets.0.time_emb_proj.bias", "mid_block.attentions.0.to_out.0.weight", "mid_block.attentions.0.group_norm.bias",
                "up_blocks.0.upsamplers.0.conv.weight", "up_blocks.1.resnets.2.conv_shortcut.weight", "conv_norm_out.weight"} <= set(model.state_dict())


def placed(source, part, name):
    """A file in its sub-folder, or beside model_index.json, as the first models had it."""
    for path in (source / part / name, source / name):
        if path.exists():
            return path
    raise SystemExit(f"{source} has neither {part}/{name} nor {name}.")


@torch.no_grad()
def package(source, out):
    path, scheduler = placed(source, "unet", "config.json"), placed(source, "scheduler", "scheduler_config.json")
    config, kind = json.loads(path.read_text()), json.loads(scheduler.read_text())["_class_name"]
    model = network(config)
    model.load_state_dict(current(weights(path.parent)))
    side = config["sample_size"]
    out = folder(out.name, f"{kind.replace('Scheduler', '')}Pipeline" if kind in ("DDPMScheduler", "DDIMScheduler") else "DDIMPipeline", out.resolve().parent,
                 unet=["diffusers", "UNet2DModel"], scheduler=["diffusers", kind])
    write(model.eval(), {"sample": torch.randn(2, config["in_channels"], side, side), "timestep": torch.tensor([500, 3])}, "out_sample", out / "unet")
    text(out / "unet" / "config.json", config)
    (out / "scheduler").mkdir(exist_ok=True)
    shutil.copyfile(scheduler, out / "scheduler" / "scheduler_config.json")
    print(out)
    return model


def small(out):
    """Written as the first published models are, with their names of attention layers, and read from there."""
    config = {**CIFAR, "sample_size": 8, "block_out_channels": [8, 16], "layers_per_block": 1, "norm_num_groups": 4, "down_block_types": ["DownBlock2D", "AttnDownBlock2D"], "up_block_types": ["AttnUpBlock2D", "UpBlock2D"]}
    state = randomise(network(config), 1).state_dict()
    new = {v: k for k, v in OLD_NAMES.items()}
    with tempfile.TemporaryDirectory() as temporary:
        source = pathlib.Path(temporary)
        text(source / "config.json", config)
        text(source / "scheduler_config.json", {"_class_name": "DDPMScheduler", "num_train_timesteps": 1000, "beta_start": 0.0001, "beta_end": 0.02, "beta_schedule": "linear", "clip_sample": True, "variance_type": "fixed_large"})
        old = lambda key: next((key.replace(f".{k}", f".{v}") for k, v in new.items() if f".{k}" in key), key)
        torch.save({old(key): value for key, value in state.items()}, source / "diffusion_pytorch_model.bin")
        return package(source, out)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", nargs="?", type=pathlib.Path)
    parser.add_argument("--out", type=pathlib.Path)
    parser.add_argument("--dry", action="store_true")
    parser.add_argument("--random", action="store_true")
    given = parser.parse_args()
    if given.dry:
        return dry()
    if not given.out or not (given.random or given.source):
        parser.error("give a folder, or --random, with --out; or --dry")
    small(given.out) if given.random else package(given.source, given.out)


if __name__ == "__main__":
    main()
