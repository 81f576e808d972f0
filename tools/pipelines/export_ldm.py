"""Exports latent diffusion's published models (CompVis/latent-diffusion) as packages: U-Net, first stage's decoder and the table of classes, of one checkpoint.

    python3 export_ldm.py imagenet model.ckpt --out ldm-imagenet       cin256-v2: class table, VQ-f4
    python3 export_ldm.py beds model.ckpt --out ldm-beds               CelebA-HQ, FFHQ and LSUN bedrooms: VQ-f4, no classes
    python3 export_ldm.py churches model.ckpt --out ldm-churches       LSUN churches: KL-f8, its factor is in the checkpoint
    python3 export_ldm.py --dry                       all of them without memory for weights: parameters and tensors against the published files'
    python3 export_ldm.py --random --out tiny-ldm     a small one with random weights, by the same path

State dictionaries are read strictly, so that a missing or unknown key is refused by name; what belongs to training (the moving average, betas, losses) is left out.
"""
import argparse
import json
import pathlib
import pickle
import sys

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "networks"))
from adm import Adm, AttentionBlock  # noqa: E402
from export_adm import without_memory, write  # noqa: E402
from layers import Block, randomise, sinusoid  # noqa: E402
from modules import Transformer2DModel  # noqa: E402


class Residual(Block):
    """As ADM's, but for the embedding, which is added."""

    def __init__(self, cin, cout, emb, groups):
        super().__init__()
        self.in_layers = nn.Sequential(nn.GroupNorm(groups, cin), nn.SiLU(), nn.Conv2d(cin, cout, 3, padding=1))
        self.emb_layers = nn.Sequential(nn.SiLU(), nn.Linear(emb, cout))
        self.out_layers = nn.Sequential(nn.GroupNorm(groups, cout), nn.SiLU(), nn.Dropout(0.0), nn.Conv2d(cout, cout, 3, padding=1))
        self.skip_connection = nn.Identity() if cin == cout else nn.Conv2d(cin, cout, 1)

    def forward(self, x, emb):
        return self.skip_connection(x) + self.out_layers(self.in_layers(x) + self.emb_layers(emb)[:, :, None, None])


class Down(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.op = nn.Conv2d(c, c, 3, stride=2, padding=1)

    def forward(self, x):
        return self.op(x)


class Up(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.conv = nn.Conv2d(c, c, 3, padding=1)

    def forward(self, x):
        return self.conv(F.interpolate(x, scale_factor=2.0, mode="nearest"))



class UNet(nn.Module):
    """attention: makes the attention of a width."""

    def __init__(self, width, multiples, attended, attention, channels, groups, per_level=2):
        super().__init__()
        self.width, emb = width, 4 * width
        self.time_embed = nn.Sequential(nn.Linear(width, emb), nn.SiLU(), nn.Linear(emb, emb))
        self.input_blocks = nn.ModuleList([nn.ModuleList([nn.Conv2d(channels, width, 3, padding=1)])])
        kept, c, ds = [width], width, 1
        for level, multiple in enumerate(multiples):
            for _ in range(per_level):
                layers = [Residual(c, multiple * width, emb, groups)]
                c = multiple * width
                self.input_blocks.append(nn.ModuleList(layers + ([attention(c)] if ds in attended else [])))
                kept.append(c)
            if level < len(multiples) - 1:
                self.input_blocks.append(nn.ModuleList([Down(c)]))
                kept.append(c)
                ds *= 2
        self.middle_block = nn.ModuleList([Residual(c, c, emb, groups), attention(c), Residual(c, c, emb, groups)])
        self.output_blocks = nn.ModuleList()
        for level, multiple in reversed(list(enumerate(multiples))):
            for i in range(per_level + 1):
                layers = [Residual(c + kept.pop(), multiple * width, emb, groups)]
                c = multiple * width
                layers += [attention(c)] if ds in attended else []
                if level and i == per_level:
                    layers.append(Up(c))
                    ds //= 2
                self.output_blocks.append(nn.ModuleList(layers))
        self.out = nn.Sequential(nn.GroupNorm(groups, c), nn.SiLU(), nn.Conv2d(c, channels, 3, padding=1))

    def forward(self, sample, timestep, context=None):
        emb = self.time_embed(sinusoid(timestep, self.width, cosine_first=True))

        def stage(layers, x):
            for layer in layers:
                x = layer(x, emb) if isinstance(layer, (Residual, AttentionBlock)) else layer(x, context) if isinstance(layer, Transformer2DModel) else layer(x)
            return x

        kept, h = [], sample
        for layers in self.input_blocks:
            h = stage(layers, h)
            kept.append(h)
        h = stage(self.middle_block, h)
        for layers in self.output_blocks:
            h = stage(layers, torch.cat([h, kept.pop()], dim=1))
        return self.out(h)


class Resnet(nn.Module):
    def __init__(self, cin, cout, groups):
        super().__init__()
        self.norm1, self.conv1 = nn.GroupNorm(groups, cin, eps=1e-6), nn.Conv2d(cin, cout, 3, padding=1)
        self.norm2, self.conv2 = nn.GroupNorm(groups, cout, eps=1e-6), nn.Conv2d(cout, cout, 3, padding=1)
        self.nin_shortcut = None if cin == cout else nn.Conv2d(cin, cout, 1)

    def forward(self, x):
        h = self.conv2(F.silu(self.norm2(self.conv1(F.silu(self.norm1(x))))))
        return (x if self.nin_shortcut is None else self.nin_shortcut(x)) + h


class Attention(nn.Module):
    def __init__(self, c, groups):
        super().__init__()
        self.norm = nn.GroupNorm(groups, c, eps=1e-6)
        self.q, self.k, self.v, self.proj_out = (nn.Conv2d(c, c, 1) for _ in range(4))

    def forward(self, x):
        b, c, height, width = x.shape
        h = self.norm(x)
        q, k, v = (layer(h).reshape(b, c, height * width) for layer in (self.q, self.k, self.v))
        weight = torch.softmax(torch.matmul(q.transpose(1, 2), k) * c ** -0.5, dim=-1)
        return x + self.proj_out(torch.matmul(v, weight.transpose(1, 2)).reshape(b, c, height, width))


class Middle(nn.Module):
    def __init__(self, c, groups):
        super().__init__()
        self.block_1, self.attn_1, self.block_2 = Resnet(c, c, groups), Attention(c, groups), Resnet(c, c, groups)

    def forward(self, x):
        return self.block_2(self.attn_1(self.block_1(x)))


class Half(nn.Module):
    """Encoder or decoder of the first stage. Levels lie under their own numbers, whichever way they are walked."""

    def __init__(self, cin, cout, ch, multiples, groups, decode):
        super().__init__()
        self.decode = decode
        widths = [ch * m for m in multiples]
        c = widths[-1] if decode else ch
        self.conv_in = nn.Conv2d(cin, c, 3, padding=1)
        if decode:
            self.mid = Middle(c, groups)
        levels = [None] * len(widths)
        for i in (reversed(range(len(widths))) if decode else range(len(widths))):
            level = nn.Module()
            level.block = nn.ModuleList()
            for _ in range(3 if decode else 2):
                level.block.append(Resnet(c, widths[i], groups))
                c = widths[i]
            if i != (0 if decode else len(widths) - 1):
                resample = nn.Module()
                resample.conv = nn.Conv2d(c, c, 3, padding=1) if decode else nn.Conv2d(c, c, 3, stride=2)
                setattr(level, "upsample" if decode else "downsample", resample)
            levels[i] = level
        setattr(self, "up" if decode else "down", nn.ModuleList(levels))
        if not decode:
            self.mid = Middle(c, groups)
        self.norm_out, self.conv_out = nn.GroupNorm(groups, c, eps=1e-6), nn.Conv2d(c, cout, 3, padding=1)

    def forward(self, x):
        x = self.mid(self.conv_in(x))
        for level in reversed(self.up):
            for block in level.block:
                x = block(x)
            if hasattr(level, "upsample"):
                x = level.upsample.conv(F.interpolate(x, scale_factor=2.0, mode="nearest"))
        return self.conv_out(F.silu(self.norm_out(x)))


class FirstStage(nn.Module):
    """codes None: KL, whose encoder gives mean and variance; otherwise the nearest of so many vectors is decoded, the first where two are equally near."""

    def __init__(self, latent, codes, ch=128, multiples=(1, 2, 4), groups=32):
        super().__init__()
        wide = latent if codes else 2 * latent
        self.encoder, self.decoder = Half(3, wide, ch, multiples, groups, decode=False), Half(latent, 3, ch, multiples, groups, decode=True)
        self.quant_conv, self.post_quant_conv = nn.Conv2d(wide, wide, 1), nn.Conv2d(latent, latent, 1)
        self.quantize = nn.Module() if codes else None
        if codes:
            self.quantize.embedding = nn.Embedding(codes, latent)

    def forward(self, latent_sample):
        x = latent_sample
        if self.quantize is not None:
            b, c, height, width = x.shape
            flat, codes = x.permute(0, 2, 3, 1).reshape(-1, c), self.quantize.embedding.weight
            distances = (flat * flat).sum(1, keepdim=True) + (codes * codes).sum(1) - 2 * flat @ codes.t()
            x = codes[distances.argmin(dim=1)].reshape(b, height, width, c).permute(0, 3, 1, 2)
        return self.decoder(self.post_quant_conv(x))


def transformer(c, groups=32):
    return Transformer2DModel(c, 1, c, 512, groups)


# U-Net, first stage, whether there is a class table, betas' end, latent size and image size
MODELS = {
    "imagenet": (lambda: UNet(192, (1, 2, 3, 5), (8, 4, 2), transformer, 3, 32), lambda: FirstStage(3, 8192), True, 0.0195, (3, 64), 256),
    "beds": (lambda: UNet(224, (1, 2, 3, 4), (8, 4, 2), lambda c: AttentionBlock(c, c // 32, 32, by_head=True), 3, 32), lambda: FirstStage(3, 8192), False, 0.0195, (3, 64), 256),
    "churches": (lambda: Adm(192, (1, 2, 2, 4, 4), 2, (1, 2, 4, 8), 4, None, 4, 32, lambda c: 8, True), lambda: FirstStage(4, None, multiples=(1, 2, 4, 4)), False, 0.0155, (4, 32), 256),
}
COUNTS = {"imagenet": ((400_920_579, 688), (55_322_782, 205)), "beds": ((274_056_163, None), (55_322_782, 205)), "churches": ((294_966_916, None), (83_653_863, 248))}


def counted(module):
    return sum(p.numel() for p in module.parameters()), len(list(module.parameters()))


def dry():
    without_memory()
    for name, published in COUNTS.items():
        found = counted(MODELS[name][0]()), counted(MODELS[name][1]())
        print(f"{name}: U-Net {found[0][0]:,} parameters in {found[0][1]} tensors, first stage {found[1][0]:,} in {found[1][1]}; published: {published}")
        for own, (parameters, tensors) in zip(found, published):
            assert own[0] == parameters and tensors in (None, own[1])


def part(state, prefix):
    return {key[len(prefix):]: value.float() for key, value in state.items() if key.startswith(prefix)}


@torch.no_grad()
def package(out, name, unet, stage, table, factor, end, latent, image):
    channels, side = latent
    x, t = torch.randn(2, channels, side, side), torch.full((2,), 500.0)
    write(unet, {"sample": x, "timestep": t, **({"context": table[:2, None]} if table is not None else {})}, "out", out / "unet")
    write(stage, {"latent_sample": x}, "image", out / "decoder")
    document = {
        "formatVersion": 1, "name": name, "kind": "unconditional" if table is None else "class-conditional",
        "denoiser": {"file": "unet/model.onnx", "prediction": "epsilon", "inputs": {"sample": "sample", "time": "timestep", **({} if table is None else {"context": "context"})}, "output": "out"},
        "schedule": {"type": "scaled-linear", "trainSteps": 1000, "betaStart": 0.0015, "betaEnd": end}, "sample": {"channels": channels, "height": side, "width": side},
        "decoder": {"file": "decoder/model.onnx", "input": "latent_sample", "output": "image", "scalingFactor": factor, "image": {"channels": 3, "height": image, "width": image}}}
    if table is not None:
        np.save(out / "classes.npy", table[:, None].numpy())
        document["labels"] = {"count": len(table) - 1, "null": len(table) - 1, "table": "classes.npy"}
    (out / "model.json").write_text(json.dumps(document, indent=2) + "\n")
    print(f"{out}: model.json")


def small(out):
    unet = randomise(UNet(16, (1, 2), (2,), lambda c: Transformer2DModel(c, 1, c, 8, 4), 3, 4, 1), 1)
    stage = randomise(FirstStage(3, 32, 8, (1, 2, 2), 4), 2)
    package(out, "ldm-random", unet, stage, torch.randn(11, 8, generator=torch.Generator().manual_seed(3)), 1, 0.0195, (3, 8), 32)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?", choices=list(MODELS))
    parser.add_argument("weights", nargs="?", type=pathlib.Path)
    parser.add_argument("--out", type=pathlib.Path)
    parser.add_argument("--dry", action="store_true")
    parser.add_argument("--random", action="store_true")
    given = parser.parse_args()
    if given.dry:
        return dry()
    if not given.out or not (given.random or (given.model and given.weights)):
        parser.error("give a model and its checkpoint, or --random, with --out; or --dry")
    if given.random:
        return small(given.out)
    network, first, classes, end, latent, image = MODELS[given.model]
    try:
        state = torch.load(given.weights, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise SystemExit(f"{given.weights} holds more than tensors, and what else a pickle holds is not run here ({error}). In the project's own environment, save the tensors alone:\n"
                         f"    python -c \"import torch; torch.save(torch.load('{given.weights}', map_location='cpu')['state_dict'], 'tensors.ckpt')\"")
    state = state.get("state_dict", state)
    unet, stage = network().eval(), first().eval()
    unet.load_state_dict(part(state, "model.diffusion_model."))
    stage.load_state_dict({key: value for key, value in part(state, "first_stage_model.").items() if not key.startswith("loss.")})
    table = part(state, "cond_stage_model.")["embedding.weight"] if classes else None
    package(given.out, f"ldm-{given.model}", unet, stage, table, float(state["scale_factor"]) if "scale_factor" in state else 1, end, latent, image)


if __name__ == "__main__":
    main()
