"""Exports guided-diffusion's published models (ADM) as packages: the U-Net with learned variances, and its classifier's gradient.

    python3 export_adm.py 64 64x64_diffusion.pt --classifier 64x64_classifier.pt --out adm64
    python3 export_adm.py 256 256x256_diffusion.pt --classifier 256x256_classifier.pt --out adm256
    python3 export_adm.py lsun lsun_bedroom.pt --out bedroom
    python3 export_adm.py --dry        builds all of them without memory for weights and compares parameters and tensors with the published files' counts
    python3 export_adm.py --random --out tiny-adm          a small one with random weights, by the same path; its gradient against autograd

Flags are those of the project's README; state dictionaries are read strictly, so that a missing or unknown key is refused by name.
"""
import argparse
import functools
import json
import pathlib
import sys

import onnx
import torch
import torch.nn as nn
import torch.nn.functional as F

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "networks"))
from adm import Adm, AttentionBlock, ResBlock, Stage  # noqa: E402
from gradient import LogProbabilityGradient, Tape, Value  # noqa: E402
from layers import randomise, sinusoid  # noqa: E402

GROUPS, HEAD, CLASSES = 32, 64, 1000
MULTIPLES = {64: (1, 2, 3, 4), 128: (1, 1, 2, 3, 4), 256: (1, 1, 2, 2, 4, 4), 512: (0.5, 1, 1, 2, 2, 4, 4)}


def unet(size, width, per_level, classes=CLASSES, heads=lambda c: c // HEAD, by_head=True, groups=GROUPS, multiples=None):
    return Adm(width, multiples or MULTIPLES[size], per_level, tuple(size // r for r in (32, 16, 8)), 3, classes, 6, groups, heads, by_head)


class AttentionPool(nn.Module):
    def __init__(self, positions, width, out, head=HEAD):
        super().__init__()
        self.positional_embedding = nn.Parameter(torch.empty(width, positions + 1))
        self.qkv_proj, self.c_proj = nn.Conv1d(width, 3 * width, 1), nn.Conv1d(width, out, 1)
        self.heads = width // head


class Classifier(nn.Module):
    """The half of the U-Net that goes down, with attention in place of pooling at its end. `run` works on a tape."""

    def __init__(self, size, per_level, width=128, groups=GROUPS, head=HEAD, classes=CLASSES, multiples=None):
        super().__init__()
        self.width, emb, multiples = width, 4 * width, multiples or MULTIPLES[size]
        attention = tuple(size // r for r in (32, 16, 8))
        attend = lambda c: AttentionBlock(c, c // head, groups, by_head=True)
        self.time_embed = nn.Sequential(nn.Linear(width, emb), nn.SiLU(), nn.Linear(emb, emb))
        c = int(multiples[0] * width)
        self.input_blocks, ds = nn.ModuleList([Stage(nn.Conv2d(3, c, 3, padding=1))]), 1
        for level, multiple in enumerate(multiples):
            for _ in range(per_level):
                layers = [ResBlock(c, int(multiple * width), emb, None, groups)]
                c = int(multiple * width)
                self.input_blocks.append(Stage(*layers, *([attend(c)] if ds in attention else [])))
            if level < len(multiples) - 1:
                self.input_blocks.append(Stage(ResBlock(c, c, emb, "down", groups)))
                ds *= 2
        self.middle_block = Stage(ResBlock(c, c, emb, None, groups), attend(c), ResBlock(c, c, emb, None, groups))
        self.out = nn.Sequential(nn.GroupNorm(groups, c), nn.SiLU(), AttentionPool((size // ds) ** 2, c, classes, head))

    def run(self, tape, x, t):
        emb = self.time_embed(sinusoid(t, self.width, cosine_first=True).to(x.value.dtype))
        for stage in (*self.input_blocks, self.middle_block):
            for layer in stage:
                x = residual(tape, x, layer, emb) if isinstance(layer, ResBlock) else attended(tape, x, layer) if isinstance(layer, AttentionBlock) else tape.conv(x, layer)
        norm, _, pool = self.out
        x = tape.silu(tape.group_norm(x, norm))
        b, c = x.value.shape[:2]
        x = tape.plus(tape.with_mean(tape.reshape(x, b, c, -1)), pool.positional_embedding)
        return tape.first(tape.conv(heads(tape, tape.conv(x, pool.qkv_proj), pool.heads, by_head=False), pool.c_proj))


def residual(tape, x, block, emb):
    half = tape.halve if block.resample else lambda v: v
    scale, shift = block.emb_layers(emb).chunk(2, dim=1)
    h = tape.conv(half(tape.silu(tape.group_norm(x, block.in_layers[0]))), block.in_layers[2])
    h = tape.conv(tape.silu(tape.scale_and_shift(tape.group_norm(h, block.out_layers[0]), scale, shift)), block.out_layers[3])
    x = half(x)
    return tape.add(x if isinstance(block.skip_connection, nn.Identity) else tape.conv(x, block.skip_connection), h)


def heads(tape, qkv, count, by_head):
    """Attention of [B, 3 C, N]: q, k and v side by side for each head, or each for all heads."""
    b, width, n = qkv.value.shape
    head = width // 3 // count
    if by_head:
        q, k, v = (tape.part(tape.reshape(qkv, b * count, 3 * head, n), i, 3) for i in range(3))
    else:
        q, k, v = (tape.reshape(tape.part(qkv, i, 3), b * count, head, n) for i in range(3))
    return tape.reshape(tape.attention(q, k, v, head ** -0.5), b, width // 3, n)


def attended(tape, x, block):
    b, c, height, width = x.value.shape
    flat = tape.reshape(x, b, c, height * width)
    h = heads(tape, tape.conv(tape.group_norm(flat, block.norm), block.qkv), block.heads, block.by_head)
    return tape.reshape(tape.add(flat, tape.conv(h, block.proj_out)), b, c, height, width)


MODELS = {  # network, classifier, schedule, image size
    "64": (lambda: unet(64, 192, 3, by_head=False), lambda: Classifier(64, 4), {"type": "cosine"}, 64),
    "128": (lambda: unet(128, 256, 2, heads=lambda c: 4), lambda: Classifier(128, 2), {"type": "linear", "betaStart": 0.0001, "betaEnd": 0.02}, 128),
    "256": (lambda: unet(256, 256, 2), lambda: Classifier(256, 2), {"type": "linear", "betaStart": 0.0001, "betaEnd": 0.02}, 256),
    "lsun": (lambda: unet(256, 256, 2, classes=None), None, {"type": "linear", "betaStart": 0.0001, "betaEnd": 0.02}, 256),
}
COUNTS = {"64": ((295_904_454, 541), 65_438_568), "256": ((553_838_086, 567), 54_096_360)}


def without_memory():
    """Layers that have shapes and no numbers."""
    for name in ("Conv1d", "Conv2d", "Linear", "GroupNorm", "Embedding"):
        setattr(nn, name, functools.partial(getattr(nn, name), device="meta"))


def dry():
    without_memory()
    for name, (network, classifier) in COUNTS.items():
        model, half = MODELS[name][0](), MODELS[name][1]()
        found = (sum(p.numel() for p in model.parameters()), len(list(model.parameters()))), sum(p.numel() for p in half.parameters())
        print(f"ADM-{name}: {found[0][0]:,} parameters in {found[0][1]} tensors, classifier {found[1]:,}; published: {network[0]:,} in {network[1]}, {classifier:,}")
        assert found == (network, classifier)
        assert {"time_embed.0.weight", "label_emb.weight", "input_blocks.0.0.weight", "input_blocks.1.0.emb_layers.1.bias", "middle_block.1.qkv.weight", "out.2.bias"} <= set(model.state_dict())
        assert {"out.2.positional_embedding", "out.2.qkv_proj.weight", "out.2.c_proj.bias"} <= set(half.state_dict())


def load(module, path):
    module.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    return module.eval()


def write(module, feeds, output, folder, opset=17):
    folder.mkdir(parents=True, exist_ok=True)
    parts = folder / "parts"
    parts.mkdir(exist_ok=True)
    torch.onnx.export(module, tuple(feeds.values()), str(parts / "model.onnx"), input_names=list(feeds), output_names=[output], opset_version=opset,
                      dynamic_axes={name: {0: "B"} for name in (*feeds, output)})
    model = onnx.load(str(parts / "model.onnx"))
    large = sum(len(t.raw_data) for t in model.graph.initializer) > 1.9e9
    onnx.save_model(model, str(folder / "model.onnx"), save_as_external_data=large, **({"location": "model.onnx_data", "size_threshold": 100} if large else {}))
    for file in parts.iterdir():
        file.unlink()
    parts.rmdir()
    print(f"{folder / 'model.onnx'}")


@torch.no_grad()
def package(out, name, model, classifier, schedule, size):
    x, t, y = torch.randn(2, 3, size, size), torch.full((2,), 500.0), torch.zeros(2, dtype=torch.int64)
    labelled = model.label_emb is not None
    write(model, {"x": x, "timesteps": t, **({"y": y} if labelled else {})}, "out", out / "unet")
    document = {
        "formatVersion": 1, "name": name, "kind": "class-conditional" if labelled else "unconditional",
        "denoiser": {"file": "unet/model.onnx", "prediction": "epsilon", "inputs": {"sample": "x", "time": "timesteps", **({"labels": "y"} if labelled else {})}, "output": "out"},
        "schedule": {"trainSteps": 1000, **schedule}, "sample": {"channels": 3, "height": size, "width": size, "range": [-1, 1], "clampDenoised": True, "rounding": "truncate"}}
    if labelled:
        document["labels"] = {"count": model.label_emb.num_embeddings}
    if classifier is not None:
        write(LogProbabilityGradient(classifier), {"x": x, "t": t, "y": y}, "gradient", out / "classifier_gradient")
        document["classifier"] = {"file": "classifier_gradient/model.onnx", "inputs": {"sample": "x", "time": "t", "labels": "y"}, "output": "gradient"}
    (out / "model.json").write_text(json.dumps(document, indent=2) + "\n")
    print(f"{out}: model.json")


def small():
    """The same classes with few channels, and their gradient against autograd in double precision."""
    network = randomise(unet(64, 16, 1, classes=10, heads=lambda c: 2, groups=4, multiples=(1, 2)), 1)
    make = lambda: Classifier(64, 1, 16, 4, 8, 10, (1, 2, 2))
    classifier = randomise(make(), 2)
    twin = make().double()
    twin.load_state_dict({k: v.double() for k, v in classifier.state_dict().items()})
    x, t, y = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(3)), torch.tensor([321.0, 7.0]), torch.tensor([4, 1])
    wanted = x.double().requires_grad_()
    torch.log_softmax(twin.run(Tape(), Value(wanted), t).value, dim=1)[range(2), y].sum().backward()
    with torch.no_grad():
        found = LogProbabilityGradient(classifier)(x, t, y)
    gap = float((found.double() - wanted.grad).abs().max() / wanted.grad.abs().max())
    print(f"gradient against autograd in double precision: {gap:.1e} of the largest")
    assert gap < 1e-5
    return network, classifier


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?", choices=list(MODELS))
    parser.add_argument("weights", nargs="?", type=pathlib.Path)
    parser.add_argument("--classifier", type=pathlib.Path)
    parser.add_argument("--out", type=pathlib.Path)
    parser.add_argument("--dry", action="store_true")
    parser.add_argument("--random", action="store_true")
    given = parser.parse_args()
    if given.dry:
        return dry()
    if not given.out or not (given.random or (given.model and given.weights)):
        parser.error("give a model and its weights, or --random, with --out; or --dry")
    if given.random:
        return package(given.out, "adm-random", *small(), {"type": "cosine"}, 64)
    network, half, schedule, size = MODELS[given.model]
    if given.classifier and half is None:
        parser.error(f"{given.model} has no classifier")
    package(given.out, f"adm-{given.model}", load(network(), given.weights), load(half(), given.classifier) if given.classifier else None, schedule, size)


if __name__ == "__main__":
    main()
