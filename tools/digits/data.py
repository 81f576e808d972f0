"""The images: scikit-learn's handwritten digits, and the distortions used to train and to judge distances."""
import math

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits

TRAINING = 1500


def load():
    """((training images, labels), (held-out images, labels)); images [N,1,16,16] in [-1,1]."""
    digits = load_digits()
    images = torch.tensor(digits.images, dtype=torch.float32)[:, None] / 16 * 2 - 1
    images = F.interpolate(images, size=16, mode="bicubic", align_corners=False).clamp(-1, 1)
    labels = torch.tensor(digits.target, dtype=torch.int64)
    order = torch.tensor(np.random.RandomState(0).permutation(len(labels)))
    first, rest = order[:TRAINING], order[TRAINING:]
    return (images[first], labels[first]), (images[rest], labels[rest])


def affine(images, degrees, scale, shift, generator, probability=1.0):
    """Random rotation, isotropic scale and shift (shift as a fraction of the side), each uniform in +-."""
    n = len(images)

    def uniform(limit):
        return (torch.rand(n, generator=generator) * 2 - 1) * limit

    angle, zoom = uniform(degrees * math.pi / 180), 1 + uniform(scale)
    theta = torch.zeros(n, 2, 3)
    theta[:, 0, 0], theta[:, 0, 1] = angle.cos() / zoom, -angle.sin() / zoom
    theta[:, 1, 0], theta[:, 1, 1] = angle.sin() / zoom, angle.cos() / zoom
    theta[:, 0, 2], theta[:, 1, 2] = uniform(2 * shift), uniform(2 * shift)
    keep = torch.rand(n, generator=generator) >= probability
    theta[keep] = torch.tensor([[1.0, 0, 0], [0, 1.0, 0]])
    grid = F.affine_grid(theta, list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, mode="bilinear", padding_mode="border", align_corners=False)


KINDS = ["noise", "blur", "shift", "elastic", "contrast", "speckle"]


def distort(images, kind, strength, generator):
    """`strength` [N] in [0,1] is monotone in how far the result is from the original, within one kind."""
    n, s = len(images), strength.view(-1, 1, 1, 1)
    if kind == "noise":
        out = images + s * torch.randn(images.shape, generator=generator)
    elif kind == "blur":
        sigma = (2.5 * s).clamp(min=1e-3)
        position = torch.arange(-5.0, 6.0).view(1, 1, 1, -1)
        kernel = torch.exp(-position.square() / (2 * sigma.square()))
        kernel = kernel / kernel.sum(-1, keepdim=True)
        padded = F.pad(images, (5, 5, 5, 5), mode="replicate").transpose(0, 1)
        out = F.conv2d(F.conv2d(padded, kernel, groups=n), kernel.transpose(2, 3), groups=n).transpose(0, 1)
    elif kind in ("shift", "elastic"):
        if kind == "shift":
            angle = torch.rand(n, generator=generator) * 2 * math.pi
            flow = torch.stack([angle.cos(), angle.sin()], -1).view(n, 1, 1, 2) * (4 / 16 * 2)
        else:
            coarse = torch.rand(n, 2, 4, 4, generator=generator) * 2 - 1
            flow = F.interpolate(coarse, size=16, mode="bicubic", align_corners=False).permute(0, 2, 3, 1) * (4 / 16 * 2)
        identity = F.affine_grid(torch.eye(2, 3).expand(n, 2, 3), list(images.shape), align_corners=False)
        out = F.grid_sample(images, identity + flow * s, padding_mode="border", align_corners=False)
    elif kind == "contrast":
        mean = images.mean((1, 2, 3), keepdim=True)
        out = mean + (images - mean) * (1 - 0.9 * s)
    elif kind == "speckle":
        mask = torch.rand(images.shape, generator=generator) < 0.5 * s
        out = torch.where(mask, torch.rand(images.shape, generator=generator).round() * 2 - 1, images)
    else:
        raise ValueError(kind)
    return out.clamp(-1, 1)
