"""Whether the model has memorised: distances of samples to their nearest training image, beside those of fresh drawings.

    python3 neighbours.py SAMPLES.npy [--picture OUT.png]

SAMPLES.npy holds images [N, 3, 32, 32] in -1..1, as `batcheval sample --out SAMPLES.npy` writes them. A model that copies is closer to
its training images than new images drawn from the same typefaces are. Root mean square over pixels, 0..255.
"""
import argparse
import pathlib

import numpy as np
import torch
from PIL import Image

import data
import fonts
from build import CHUNK, TRAINING_SEEDS, draw

FRESH_SEED = 8


def nearest(images, training):
    """(distance, index) of the nearest training image of each image, all as bytes."""
    queries, best, where = images.flatten(1).float(), None, None
    for start in range(0, len(training), 8192):
        some = training[start:start + 8192].flatten(1).float()
        square = (queries.square().sum(1, keepdim=True) - 2 * queries @ some.T + some.square().sum(1)).clamp(min=0)
        low, index = square.min(1)
        closer = low < best if best is not None else torch.ones(len(low), dtype=torch.bool)
        best = torch.where(closer, low, best) if best is not None else low
        where = torch.where(closer, index + start, where) if where is not None else index
    return (best / images[0].numel()).sqrt(), where


def picture(path, images, training, distances, where):
    """Pairs (sample above, its nearest training image below) of the 24 closest."""
    order = distances.argsort()[:24]
    rows = torch.stack([images[order], training[where[order]]])
    tiles = rows.permute(0, 3, 1, 4, 2).reshape(2 * data.SIZE, 24 * data.SIZE, 3)
    Image.fromarray(tiles.numpy()).resize((48 * data.SIZE, 4 * data.SIZE), Image.Resampling.NEAREST).save(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("samples", type=pathlib.Path)
    parser.add_argument("--picture", type=pathlib.Path)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    samples = ((torch.tensor(np.load(arguments.samples)).clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
    families = fonts.training()
    training = draw(families, CHUNK, *TRAINING_SEEDS)["images"]
    fresh = draw(families, len(samples), FRESH_SEED)["images"]
    for name, some in (("samples", samples), ("fresh drawings", fresh)):
        distances, where = nearest(some, training)
        low, middle, high = np.quantile(distances.numpy(), [0.05, 0.5, 0.95])
        print(f"{name}: nearest of {len(training)} training images at {low:.1f} (5 %), {middle:.1f} (median), {high:.1f} (95 %); smallest {float(distances.min()):.1f}")
        if some is samples and arguments.picture:
            picture(arguments.picture, samples, training, distances, where)


if __name__ == "__main__":
    main()
