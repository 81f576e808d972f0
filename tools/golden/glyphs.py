"""Outputs of the bundled glyphs package, from PyTorch with the shipped weights: v predictions whole and with each block left out,
features and logits, perceptual distances, multiply-adds."""
import pathlib
import sys

import numpy as np
import torch

import common
from counting import multiply_adds

TOOLS = pathlib.Path(__file__).resolve().parents[1]
PACKAGE = TOOLS.parent / "samples" / "glyphs"
sys.path[:0] = [str(TOOLS / "glyphs"), str(TOOLS / "training"), str(TOOLS / "networks")]
import build  # noqa: E402
import evaluate  # noqa: E402
from nets import BLOCKS  # noqa: E402


@torch.no_grad()
def main():
    out = common.folder("glyphs")
    unet, classifier, distance = build.load_all(PACKAGE)
    generator = torch.Generator().manual_seed(404)
    inputs = {"sample": torch.randn(3, 3, 32, 32, generator=generator), "timestep": torch.tensor([999.0, 501.0, 7.0]),
              "class_labels": torch.tensor([36, 0, 17])}
    full, single = unet(*inputs.values()), []
    for block in BLOCKS:
        unet.dropped = frozenset([block])
        single.append(unet(*inputs.values()).numpy())
    unet.dropped = frozenset()
    np.savez_compressed(out / "denoiser.npz", v=full.numpy(), single=np.stack(single), **{k: x.numpy() for k, x in inputs.items()})

    images = build.data.scaled(torch.tensor(np.load(PACKAGE / "data.npy")[:8]).float())
    features, logits = classifier(images)
    pairs = distance(images, images.flip(0))
    np.savez_compressed(out / "networks.npz", images=images.numpy(), features=features.numpy(), logits=logits.numpy(), distance=pairs.numpy())

    for file, given, expected in (("unet.onnx", {k: x.numpy() for k, x in inputs.items()}, [full]), ("features.onnx", {"images": images.numpy()}, [features, logits]),
                                  ("perceptual.onnx", {"a": images.numpy(), "b": images.flip(0).numpy()}, [pairs])):
        gap = max(abs(got - wanted.numpy()).max() for got, wanted in zip(evaluate.run(PACKAGE / file, given), expected))
        print(f"{file}, node by node: {gap:.1e}")
        assert gap < 1e-4
    common.write(out / "glyphs.json", {
        "source": "tools/golden/glyphs.py: PyTorch 1.13 on CPU, float32",
        "tolerance": {"v": 1e-4, "features": 1e-3, "distance": 1e-4},
        "multiplyAdds": multiply_adds(unet, BLOCKS, 3, 32)})


if __name__ == "__main__":
    main()
