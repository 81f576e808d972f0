"""Exports the Inception network of FID, KID and the inception score from its published PyTorch weights.

    python3 export_inception.py pt_inception-2015-12-05-6726825d.pth --out inception --preprocessing clean-fid

The file is an asset of the pytorch-fid project's releases ("FID Inception weights"); its SHA-256 begins with the
eight digits in its name. --random makes a package of the same architecture with random weights instead, to try things out.
"""
import argparse
import pathlib

import torch

import package
from inception import LOGITS, FidInception

CHECKSUM = "6726825d"
# How the three families of programs treat images: resize, and (x - mean) / std on the scale 0 to 255.
PREPROCESSING = {
    "tf1": ("tf1-bilinear", 128.0, 128.0, "TTUR, torch-fidelity, edm: FID in the TensorFlow convention"),
    "pytorch-fid": ("half-pixel-bilinear", 127.5, 127.5, "pytorch-fid"),
    "clean-fid": ("antialiased-bicubic", 128.0, 128.0, "clean-fid, mode clean"),
}


def randomise(network, seed=0):
    """Weights that keep the signal alive through all layers, and running moments that are not trivial."""
    generator = torch.Generator().manual_seed(seed)
    for name, p in network.named_parameters():
        fan = p[0].numel() if p.dim() > 1 else 1
        p.data = torch.randn(p.shape, generator=generator) * (2 / fan) ** 0.5 if p.dim() > 1 else 1 + 0.2 * torch.randn(p.shape, generator=generator)
    for name, b in network.named_buffers():
        if name.endswith("running_mean"):
            b.copy_(0.1 * torch.randn(b.shape, generator=generator))
        elif name.endswith("running_var"):
            b.copy_(0.5 + torch.rand(b.shape, generator=generator))
    return network.eval()


def write(network, folder, preprocessing, size=299, name="fid-inception", provenance=""):
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "inception.onnx"
    sample = torch.randn(2, 3, size, size, generator=torch.Generator().manual_seed(1)).clamp(-1, 1)
    package.export(network, (sample,), ["images"], ["pool3", "logits"], path, {"images": {0: "batch"}, "pool3": {0: "batch"}, "logits": {0: "batch"}})
    package.check(network, path, ["images"], [(sample,), (sample[:1],)])
    resize, mean, std, who = PREPROCESSING[preprocessing]
    package.write_manifest(folder, {
        "name": f"{name}-{preprocessing}", "description": f"Inception of the Frechet distance; images as in {who}.",
        "features": {"file": "inception.onnx", "input": "images", "output": "pool3", "logits": "logits", "dimensions": network.dimensions, "layer": "pool3"},
        "image": {"channels": 3, "height": size, "width": size, "resize": resize, "mean": [mean] * 3, "std": [std] * 3},
        "provenance": provenance})


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", nargs="?", type=pathlib.Path)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--preprocessing", choices=PREPROCESSING, default="tf1")
    parser.add_argument("--random", action="store_true")
    parser.add_argument("--any-checksum", action="store_true")
    a = parser.parse_args()
    if a.random == (a.weights is not None):
        parser.error("give a weight file or --random")
    network = FidInception()
    if a.random:
        randomise(network)
        provenance = "random weights: scores mean nothing"
    else:
        if not a.any_checksum:
            package.require(a.weights, CHECKSUM, "pt_inception-2015-12-05-6726825d.pth")
        state = {k: v for k, v in package.load(a.weights).items() if not k.endswith("num_batches_tracked")}
        missing, unexpected = network.load_state_dict(state, strict=False)
        missing = [k for k in missing if not k.endswith("num_batches_tracked")]
        if missing or unexpected or network.fc.weight.shape[0] != LOGITS:
            raise SystemExit(f"{a.weights} does not fit: missing {missing[:3]}, unexpected {list(unexpected)[:3]}")
        provenance = f"{a.weights.name}, SHA-256 {package.digest(a.weights)}"
    write(network.eval(), a.out, a.preprocessing, provenance=provenance)


if __name__ == "__main__":
    main()
