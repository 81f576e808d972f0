"""Draws samples of a finished run on the bundled digits with nothing but its sampler.py and sampler.json, the network being the PyTorch one of tools/digits.

    python3 tools/exports/best.py RUN/best samples.npy --count 2000 --seed 1
    batcheval fid samples.npy samples/digits/ref_stats.npz --features samples/digits

The second line should print the FID of the leaderboard, within the errors of both.
"""
import argparse
import importlib.util
import pathlib
import sys

import numpy as np
import torch

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "digits"), str(HERE.parent / "training")]
import nets  # noqa: E402
import packages  # noqa: E402


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("best", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--batch", type=int, default=250)
    options = parser.parse_args()
    spec = importlib.util.spec_from_file_location("sampler", options.best / "sampler.py")
    sampler = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sampler)
    document = sampler.load(options.best / "sampler.json")
    unet = nets.Unet()
    packages.restore(unet, HERE.parents[1] / "samples" / "digits" / "unet_weights.npz")
    unet.eval()
    label = document["model"]["label"]
    if label == -1 or document["guidance"]["scale"] != 1 or any(network["droppedBlocks"] for network in document["networks"]):
        raise SystemExit("This program measures runs with one label or none, without guidance and with the whole network.")
    label = document["model"]["nullLabel"] if label is None else label

    def network(x, time, index):
        with torch.no_grad():
            return unet(torch.from_numpy(x.astype(np.float32)), torch.full((len(x),), float(time)), torch.full((len(x),), label)).numpy()

    random = np.random.default_rng(options.seed)
    images = [sampler.sample(document, network, random.standard_normal((n, *document["model"]["shape"])).astype(np.float32))
              for n in (min(options.batch, options.count - at) for at in range(0, options.count, options.batch))]
    np.save(options.out, np.clip(np.rint((np.concatenate(images) + 1) * 127.5), 0, 255).astype(np.uint8))


if __name__ == "__main__":
    main()
