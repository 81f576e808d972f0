"""Exports LPIPS v0.1 from the weights of a torchvision backbone and the 'lin' weights of the lpips project.

    python3 export_lpips.py --net alex --backbone alexnet-owt-7be5be79.pth --lin alex.pth --out lpips-alex

Backbones are those of torchvision's "ImageNet-1K, V1" models; the SHA-256 begins with the digits in the name: alexnet-owt-7be5be79.pth,
vgg16-397923af.pth, squeezenet1_1-b8a52dc0.pth. The 'lin' weights are in the lpips project's folder weights/v0.1 (alex.pth 6009 bytes,
vgg.pth 7289, squeeze.pth 10811). --random makes a package with random weights instead.
"""
import argparse
import pathlib

import torch

import package
from lpips_nets import MINIMUM_SIZE, Lpips

BACKBONES = {"alex": ("alexnet-owt-7be5be79.pth", "7be5be79"), "vgg": ("vgg16-397923af.pth", "397923af"), "squeeze": ("squeezenet1_1-b8a52dc0.pth", "b8a52dc0")}
LIN_BYTES = {"alex": 6009, "vgg": 7289, "squeeze": 10811}


def randomise(network, seed=0):
    generator = torch.Generator().manual_seed(seed)
    for name, p in network.named_parameters():
        if name.startswith("lin"):
            p.data = torch.rand(p.shape, generator=generator)
        elif p.dim() > 1:
            p.data = torch.randn(p.shape, generator=generator) * (2 / p[0].numel()) ** 0.5
        else:
            p.data = 0.1 * torch.randn(p.shape, generator=generator)
    return network.eval()


def load_lin(network, path):
    """Keys are lin<k>.model.1.weight, [1, C, 1, 1]."""
    state = package.load(path)
    for k, parameter in enumerate(network.lin):
        found = [v for name, v in state.items() if name.startswith(f"lin{k}.")]
        if len(found) != 1 or found[0].numel() != parameter.numel() or bool((found[0] < 0).any()):
            raise SystemExit(f"{path} holds no usable weights for tap {k} of {network.kind}: another backbone, or another file.")
        parameter.data = found[0].reshape(-1).float()


def write(network, folder, size=64, name=None, provenance=""):
    folder.mkdir(parents=True, exist_ok=True)
    path, generator = folder / "lpips.onnx", torch.Generator().manual_seed(1)
    pair = lambda b, h, w: tuple(torch.rand(b, 3, h, w, generator=generator) * 2 - 1 for _ in range(2))
    axes = {0: "batch", 2: "height", 3: "width"}
    package.export(network, pair(2, size, size), ["image", "reference"], ["distance"], path, {"image": axes, "reference": axes, "distance": {0: "batch"}})
    package.check(network, path, ["image", "reference"], [pair(2, size, size), pair(1, size + 13, size + 32)])
    package.write_manifest(folder, {
        "name": name or f"lpips-{network.kind}", "description": f"LPIPS v0.1 over {network.kind}.",
        "perceptual": {"file": "lpips.onnx", "inputs": ["image", "reference"], "output": "distance", "range": [-1, 1], "minimumSize": MINIMUM_SIZE[network.kind]},
        "provenance": provenance})


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--net", choices=BACKBONES, default="alex")
    parser.add_argument("--backbone", type=pathlib.Path)
    parser.add_argument("--lin", type=pathlib.Path)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--random", action="store_true")
    parser.add_argument("--any-checksum", action="store_true")
    a = parser.parse_args()
    if a.random == bool(a.backbone and a.lin):
        parser.error("give --backbone and --lin, or --random")
    network = Lpips(a.net)
    if a.random:
        randomise(network)
        provenance = "random weights: scores mean nothing"
    else:
        if not a.any_checksum:
            package.require(a.backbone, BACKBONES[a.net][1], BACKBONES[a.net][0])
            if a.lin.stat().st_size != LIN_BYTES[a.net]:
                raise SystemExit(f"{a.lin} has {a.lin.stat().st_size} bytes; the published v0.1/{a.net}.pth has {LIN_BYTES[a.net]}.")
        state = {k[len("features."):]: v for k, v in package.load(a.backbone).items() if k.startswith("features.")}
        wanted = {k for k in network.features.state_dict()}
        network.features.load_state_dict({k: v for k, v in state.items() if k in wanted})
        load_lin(network, a.lin)
        provenance = f"{a.backbone.name}, SHA-256 {package.digest(a.backbone)}; {a.lin.name}, SHA-256 {package.digest(a.lin)}"
    write(network.eval(), a.out, provenance=provenance)


if __name__ == "__main__":
    main()
