"""Distortions of images whose strength is known: what perceptual distances are trained on and judged by."""
import math

import torch
import torch.nn.functional as F

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
            flow = torch.stack([angle.cos(), angle.sin()], -1).view(n, 1, 1, 2) * 0.5
        else:
            coarse = torch.rand(n, 2, 4, 4, generator=generator) * 2 - 1
            flow = F.interpolate(coarse, size=images.shape[-2:], mode="bicubic", align_corners=False).permute(0, 2, 3, 1) * 0.5
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
