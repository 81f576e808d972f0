"""Exports every architecture with random weights and checks it against the framework.

    python3 selftest.py            small networks, written with inputs and outputs to tests/Golden/features (the C# tests read them)
    python3 selftest.py --full     also the networks of full size, in a temporary folder: some minutes and gigabytes
"""
import argparse
import pathlib
import shutil
import tempfile

import numpy as np
import torch

import export_clip
import export_inception
import export_lpips
from clip_text import ClipText, small_tokenizer, spelled
from clip_vision import ClipVision
from inception import FidInception
from lpips_nets import Lpips

PROMPTS = ["a red cat", "two dogs", "a green hill at night"]
GOLDEN = pathlib.Path(__file__).resolve().parents[2] / "tests" / "Golden" / "features"


@torch.no_grad()
def record(folder, network, inputs, names):
    """Inputs are bytes, as images are; the network sees them as the manifest says."""
    outputs = network(*(torch.from_numpy(x.astype(np.float32).transpose(0, 3, 1, 2)).sub(127.5).div(127.5) for x in inputs))
    outputs = outputs if isinstance(outputs, tuple) else (outputs,)
    arrays = {f"images{i}": x for i, x in enumerate(inputs)} | {n: o.numpy() for n, o in zip(names, outputs)}
    np.savez_compressed(folder / "golden.npz", **arrays)


def pictures(count, height, width, seed):
    """Smooth colour patterns: random bytes alone would look all alike to a network."""
    generator = np.random.RandomState(seed)
    r, c = np.mgrid[0:height, 0:width] / max(height, width)
    waves = [[np.sin(generator.uniform(2, 20) * r + generator.uniform(2, 20) * c + generator.uniform(0, 6)) for _ in range(3)] for _ in range(count)]
    return np.clip(np.round(127.5 + 100 * np.array(waves).transpose(0, 2, 3, 1) + generator.uniform(-20, 20, (count, height, width, 3))), 0, 255).astype(np.uint8)


def small():
    shutil.rmtree(GOLDEN, ignore_errors=True)
    inception = export_inception.randomise(FidInception(1 / 32, logits=7))
    export_inception.write(inception, GOLDEN / "inception", "pytorch-fid", size=107, name="tiny-inception", provenance="random weights")
    record(GOLDEN / "inception", inception, [pictures(3, 107, 107, 1)], ["features", "logits"])
    for kind, width in (("alex", 1 / 16), ("vgg", 1 / 32), ("squeeze", 1 / 8)):
        network = export_lpips.randomise(Lpips(kind, width))
        export_lpips.write(network, GOLDEN / f"lpips-{kind}", name=f"tiny-lpips-{kind}", provenance="random weights")
        record(GOLDEN / f"lpips-{kind}", network, [pictures(3, 48, 64, 2), pictures(3, 48, 64, 3)], ["distance"])
    clip = export_clip.randomise(ClipVision(32, 8, 32, 2, 4, 16))
    ids = small_tokenizer(GOLDEN / "clip" / "tokenizer")
    text = export_clip.randomise(ClipText(len(ids), 77, 16, 2, 2, 16), 4)
    export_clip.write(clip, GOLDEN / "clip", "tiny-clip", "random weights", text, ids)
    from clip_vision import MEAN, STD
    images = pictures(3, 32, 32, 4)
    scaled = (torch.from_numpy(images / 255.0) - torch.tensor(MEAN).double()) / torch.tensor(STD).double()
    with torch.no_grad():
        features = clip(scaled.float().permute(0, 3, 1, 2))
        words = torch.cat([text(spelled(prompt, ids, text.length)) for prompt in PROMPTS])
        cosine = torch.nn.functional.cosine_similarity(features.double(), words.double())
        np.savez_compressed(GOLDEN / "clip" / "golden.npz", images0=images, features=features.numpy(), texts=words.numpy(), score=(100 * cosine.clamp(min=0)).numpy())


def full():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        network = export_inception.randomise(FidInception())
        print("parameters of the full Inception:", sum(p.numel() for p in network.parameters()))
        export_inception.write(network, folder / "inception", "tf1")
        for kind in ("alex", "vgg", "squeeze"):
            export_lpips.write(export_lpips.randomise(Lpips(kind)), folder / kind)
        export_clip.write(export_clip.randomise(ClipVision(224, 32, 768, 12, 12, 512)), folder / "clip", "clip-vit-b-32-random")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true")
    small()
    if parser.parse_args().full:
        full()
