"""The images: scikit-learn's handwritten digits, and small affine changes of them."""
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
