"""Shared parts of the three test networks. A block with `skip` set passes on its shortcut only."""
import math

import torch
import torch.nn as nn

GROUPS = 4


def sinusoid(t, width, cosine_first):
    half = width // 2
    angle = t.float()[:, None] * torch.exp(-math.log(10000.0) / half * torch.arange(half, dtype=torch.float32, device=t.device))[None]
    parts = [angle.cos(), angle.sin()] if cosine_first else [angle.sin(), angle.cos()]
    return torch.cat(parts, dim=-1)


class Block(nn.Module):
    """What a search may drop. `kind`: residual, attention or transformer; `shortcut`: identity, conv1x1 or resample."""
    kind, shortcut, skip = "residual", "identity", False
    shortcut_module = None   # the submodule that stays when the block is dropped


def tally(owner, *products):
    """Multiply-adds of matrix products, which hooks on layers do not see: (rows, inner, columns, count) each."""
    if not torch.jit.is_tracing():
        owner.product_macs = sum(r * i * c * n for r, i, c, n in products)


def randomise(model, seed):
    """Every weight non-zero, normalisations included, so that each part of the graph matters."""
    generator = torch.Generator().manual_seed(seed)
    for name, p in model.named_parameters():
        if p.dim() == 1:
            base = 1.0 if name.endswith("weight") else 0.0
            p.data = base + 0.1 * torch.randn(p.shape, generator=generator)
        else:
            fan = p[0].numel() if "emb.weight" not in name else 4
            p.data = torch.randn(p.shape, generator=generator) * fan ** -0.5
    return model.eval()
