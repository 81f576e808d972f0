"""Exports DiT's published checkpoints (facebookresearch/DiT) as packages: the transformer with learned variances, and the decoder of Stable Diffusion's autoencoder.

    python3 export_dit.py 256 DiT-XL-2-256x256.pt --vae vae-ft-ema-560000-ema-pruned.ckpt --out dit-256
    python3 export_dit.py 512 DiT-XL-2-512x512.pt --vae vae-ft-ema-560000-ema-pruned.ckpt --out dit-512
    python3 export_dit.py --dry                       builds both without memory for weights and compares parameters and tensors with the published count
    python3 export_dit.py --random --out tiny-dit     a small one with random weights, by the same path

State dictionaries are read strictly, so that a missing or unknown key is refused by name. Positions are computed, and compared with those in the file.
"""
import argparse
import json
import pathlib
import sys

import torch
import torch.nn as nn

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "networks"))
from export_adm import without_memory, write  # noqa: E402
from export_ldm import FirstStage, part  # noqa: E402
from layers import randomise, sinusoid  # noqa: E402
from modules import gelu_tanh, positions  # noqa: E402

FREQUENCIES, FACTOR = 256, 0.18215
SIZES = {"256": 32, "512": 64}
COUNTS = {"256": 675_129_632, "512": 675_129_632 + 768 * 1152}  # of DiT-XL/2; the second has 768 positions more


def norm(width):
    return nn.LayerNorm(width, elementwise_affine=False, eps=1e-6)


def modulated(x, shift, scale):
    return x * (1 + scale[:, None]) + shift[:, None]


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads, self.qkv, self.proj = heads, nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x):
        b, n, c = x.shape
        q, k, v = self.qkv(x).reshape(b, n, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4).unbind(0)
        weight = torch.softmax(torch.matmul(q * (c // self.heads) ** -0.5, k.transpose(-2, -1)), dim=-1)
        return self.proj(torch.matmul(weight, v).transpose(1, 2).reshape(b, n, c))


class Mlp(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x):
        return self.fc2(gelu_tanh(self.fc1(x)))


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.norm1, self.attn, self.norm2, self.mlp = norm(width), Attention(width, heads), norm(width), Mlp(width)
        self.adaLN_modulation = nn.Sequential(nn.SiLU(), nn.Linear(width, 6 * width))

    def forward(self, x, condition):
        shift, scale, gate, shift_mlp, scale_mlp, gate_mlp = self.adaLN_modulation(condition).chunk(6, dim=1)
        x = x + gate[:, None] * self.attn(modulated(self.norm1(x), shift, scale))
        return x + gate_mlp[:, None] * self.mlp(modulated(self.norm2(x), shift_mlp, scale_mlp))


def named(**modules):
    """A module that only names others."""
    made = nn.Module()
    for name, module in modules.items():
        setattr(made, name, module)
    return made


class DiT(nn.Module):
    """v(x, t, y): noise in the first half of the channels, variances in the second; the label after the last class asks for none."""

    def __init__(self, size, depth=28, width=1152, heads=16, patch=2, channels=4, classes=1000):
        super().__init__()
        self.size, self.patch, self.channels = size, patch, channels
        self.pos_embed = nn.Parameter(torch.empty(1, (size // patch) ** 2, width), requires_grad=False)
        self.x_embedder = named(proj=nn.Conv2d(channels, width, patch, stride=patch))
        self.t_embedder = named(mlp=nn.Sequential(nn.Linear(FREQUENCIES, width), nn.SiLU(), nn.Linear(width, width)))
        self.y_embedder = named(embedding_table=nn.Embedding(classes + 1, width))
        self.blocks = nn.ModuleList([Block(width, heads) for _ in range(depth)])
        self.final_layer = named(norm_final=norm(width), linear=nn.Linear(width, patch * patch * 2 * channels), adaLN_modulation=nn.Sequential(nn.SiLU(), nn.Linear(width, 2 * width)))

    def forward(self, sample, timestep, class_labels):
        x = self.x_embedder.proj(sample).flatten(2).transpose(1, 2) + self.pos_embed
        condition = self.t_embedder.mlp(sinusoid(timestep, FREQUENCIES, cosine_first=True)) + self.y_embedder.embedding_table(class_labels)
        for block in self.blocks:
            x = block(x, condition)
        x = self.final_layer.linear(modulated(self.final_layer.norm_final(x), *self.final_layer.adaLN_modulation(condition).chunk(2, dim=1)))
        side = self.size // self.patch
        x = x.reshape(-1, side, side, self.patch, self.patch, 2 * self.channels).permute(0, 5, 1, 3, 2, 4)
        return x.reshape(-1, 2 * self.channels, self.size, self.size)


def autoencoder():
    return FirstStage(4, None, multiples=(1, 2, 4, 4))


def dry():
    without_memory()
    for name, published in COUNTS.items():
        model = DiT(SIZES[name])
        found = sum(p.numel() for p in model.parameters()), len(list(model.parameters()))
        print(f"DiT-XL/2 at {name}: {found[0]:,} parameters in {found[1]} tensors; published: {published:,}")
        assert found[0] == published
        assert {"x_embedder.proj.weight", "t_embedder.mlp.2.bias", "y_embedder.embedding_table.weight", "blocks.27.attn.qkv.weight", "blocks.0.mlp.fc2.bias",
                "blocks.0.adaLN_modulation.1.weight", "final_layer.linear.weight", "final_layer.adaLN_modulation.1.bias", "pos_embed"} <= set(model.state_dict())


def load(model, state):
    """Strictly; what a training run stores beside the weights is left out."""
    state = state.get("ema", state)
    model.load_state_dict(state)
    expected = positions(model.pos_embed.shape[-1], model.size // model.patch)
    gap = float((model.pos_embed - expected).abs().max())
    if gap > 1e-4:
        raise SystemExit(f"pos_embed differs by {gap:.1e} from the sines and cosines of a grid of {model.size // model.patch} x {model.size // model.patch}: another model.")
    return model.eval()


@torch.no_grad()
def package(out, name, model, stage, image):
    x, t, y = torch.randn(2, model.channels, model.size, model.size), torch.tensor([500.0, 3.0]), torch.tensor([0, 1])
    classes = model.y_embedder.embedding_table.num_embeddings - 1
    # From 17 on this exporter writes normalisations without weights as nodes that ONNX does not allow.
    write(model, {"sample": x, "timestep": t, "class_labels": y}, "out", out / "transformer", opset=16)
    write(stage, {"latent_sample": x}, "image", out / "decoder")
    document = {
        "formatVersion": 1, "name": name, "kind": "class-conditional",
        "denoiser": {"file": "transformer/model.onnx", "prediction": "epsilon", "inputs": {"sample": "sample", "time": "timestep", "labels": "class_labels"}, "output": "out"},
        "schedule": {"type": "linear", "trainSteps": 1000, "betaStart": 0.0001, "betaEnd": 0.02}, "sample": {"channels": model.channels, "height": model.size, "width": model.size},
        "labels": {"count": classes, "null": classes},
        "decoder": {"file": "decoder/model.onnx", "input": "latent_sample", "output": "image", "scalingFactor": FACTOR, "image": {"channels": 3, "height": image, "width": image}}}
    (out / "model.json").write_text(json.dumps(document, indent=2) + "\n")
    print(f"{out}: model.json")


def small():
    model = randomise(DiT(8, depth=2, width=32, heads=4, classes=10), 1)
    state = dict(model.state_dict(), pos_embed=positions(32, 4))
    return load(DiT(8, depth=2, width=32, heads=4, classes=10), {"ema": state}), randomise(FirstStage(4, None, 8, (1, 2, 2), 4), 2)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?", choices=list(SIZES))
    parser.add_argument("weights", nargs="?", type=pathlib.Path)
    parser.add_argument("--vae", type=pathlib.Path, help="the autoencoder in the layout of latent diffusion's checkpoints")
    parser.add_argument("--out", type=pathlib.Path)
    parser.add_argument("--dry", action="store_true")
    parser.add_argument("--random", action="store_true")
    given = parser.parse_args()
    if given.dry:
        return dry()
    if not given.out or not (given.random or (given.model and given.weights and given.vae)):
        parser.error("give a model, its checkpoint and --vae, or --random, with --out; or --dry")
    if given.random:
        return package(given.out, "dit-random", *small(), 32)
    model = load(DiT(SIZES[given.model]), torch.load(given.weights, map_location="cpu", weights_only=True))
    state = torch.load(given.vae, map_location="cpu", weights_only=True)
    state = state.get("state_dict", state)
    stage = autoencoder().eval()
    stage.load_state_dict({k: v for k, v in (part(state, "first_stage_model.") or part(state, "")).items() if not k.startswith(("loss.", "model_ema."))})
    package(given.out, f"dit-xl-2-{given.model}", model, stage, int(given.model))


if __name__ == "__main__":
    main()
