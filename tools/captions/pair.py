"""The pair of encoders for CLIP scores: images and captions into one space (Radford et al. 2021), independent of the pipeline's own text encoder."""
import math

import torch
import torch.nn.functional as F
from torch import nn

import data
import fitting
from clip_text import ClipText
from vocabulary import LENGTH

STEPS, DIMENSIONS, WIDTH = 600, 64, 64


class ImageEncoder(nn.Module):
    """Bytes' range [-1, 1] in, embedding out: the structure of the feature network of tools/glyphs."""

    size, dimensions = data.SIZE, DIMENSIONS

    def __init__(self):
        super().__init__()

        def unit(a, b, stride=1):
            return [nn.Conv2d(a, b, 3, stride=stride, padding=1), nn.BatchNorm2d(b), nn.ReLU()]

        self.f = nn.Sequential(*unit(3, 24), *unit(24, 48, 2), *unit(48, 48), *unit(48, 96, 2), *unit(96, 96), nn.MaxPool2d(2))
        self.conv_out = nn.Linear(96 * 16, DIMENSIONS)

    def forward(self, images):
        return self.conv_out(torch.flatten(self.f(images), 1))


def build(tokens):
    return ImageEncoder(), ClipText(tokens, LENGTH, WIDTH, 2, 4, DIMENSIONS)


def similar(images, texts):
    return F.normalize(images.float(), dim=-1) @ F.normalize(texts.float(), dim=-1).T


def train(images, rows, tokens, steps=STEPS, seed=0):
    """The mean of both cross entropies over a batch; equal captions in it are no wrong answers."""
    torch.manual_seed(seed)
    image, text = (model.train() for model in build(tokens))
    image.logarithm = nn.Parameter(torch.tensor(math.log(10.0)))

    def loss_of(generator):
        index = torch.randint(len(images), (fitting.BATCHES["pair"],), generator=generator)
        given = rows[index]
        logits = similar(image(data.scaled(images[index].float())), text(given)) * image.logarithm.exp().clamp(max=60)
        same = (given[:, None] == given[None]).all(-1)
        logits = logits.masked_fill(same & ~torch.eye(len(index), dtype=torch.bool), -1e4)
        answer = torch.arange(len(index))
        return 0.5 * (F.cross_entropy(logits, answer) + F.cross_entropy(logits.T, answer))

    fitting.fit("pair", [image, text], loss_of, steps, ("f.0.", "conv_out", "text_projection", "logarithm"), seed, average=0.99)
    del image.logarithm
    return image, text


@torch.no_grad()
def right(image, text, images, rows):
    """Share of images whose own caption is the nearest of 100."""
    found = similar(torch.cat([image(data.scaled(x.float())) for x in images.split(256)]), torch.cat([text(r) for r in rows.split(256)]))
    blocks = [found[i:i + 100, i:i + 100] for i in range(0, len(images) - 99, 100)]
    return float(torch.cat([b.argmax(1) == torch.arange(100) for b in blocks]).float().mean())
