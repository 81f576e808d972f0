"""The networks of the digits package, in PyTorch.

Module names are the keys of the weight archives and the scopes of the exported graphs; changing one
changes both.
"""
import math

import torch
import torch.nn as nn
import torch.nn.functional as F

from shared_layers import Attention

BLOCKS = ["d16_res0", "d16_res1", "d8_res0", "d8_attn", "d8_res1", "mid_res0", "mid_attn", "mid_res1",
          "u8_res0", "u8_attn", "u8_res1", "u16_res0", "u16_res1"]
CLASSES, NULL_LABEL = 10, 10
TAPS = {2: 32, 5: 32, 9: 64, 12: 64}  # the classifier's rectified convolutions, and their channels
EMBEDDING = 128


class Residual(nn.Module):
    """x + conv(silu(norm(conv(silu(norm(x))) + embedding)))."""

    def __init__(self, width, dropout=0.0):
        super().__init__()
        self.n1 = nn.GroupNorm(8, width)
        self.c1 = nn.Conv2d(width, width, 3, padding=1)
        self.e = nn.Linear(EMBEDDING, width)
        self.n2 = nn.GroupNorm(8, width)
        self.c2 = nn.Conv2d(width, width, 3, padding=1)
        self.dropout = dropout
        nn.init.zeros_(self.c2.weight)
        nn.init.zeros_(self.c2.bias)

    def forward(self, x, embedding):
        h = self.c1(F.silu(self.n1(x))) + self.e(embedding)[:, :, None, None]
        h = F.silu(self.n2(h))
        if self.training and self.dropout > 0:
            h = F.dropout(h, self.dropout)
        return x + self.c2(h)


class Unet(nn.Module):
    """epsilon(sample, timestep, class_labels); label 10 asks for the unconditional prediction."""

    def __init__(self, dropout=0.0):
        super().__init__()
        self.t1 = nn.Linear(64, EMBEDDING)
        self.t2 = nn.Linear(EMBEDDING, EMBEDDING)
        self.y = nn.Embedding(CLASSES + 1, EMBEDDING)
        self.inp = nn.Conv2d(1, 32, 3, padding=1)
        self.down1 = nn.Conv2d(32, 64, 3, stride=2, padding=1)
        self.down2 = nn.Conv2d(64, 96, 3, stride=2, padding=1)
        self.up2 = nn.Conv2d(96, 64, 3, padding=1)
        self.merge1 = nn.Conv2d(128, 64, 1)
        self.up1 = nn.Conv2d(64, 32, 3, padding=1)
        self.merge0 = nn.Conv2d(64, 32, 1)
        level = {"d16": (32, 16), "u16": (32, 16), "d8": (64, 8), "u8": (64, 8), "mid": (96, 4)}
        self.blocks = nn.ModuleDict()
        for name in BLOCKS:
            width, side = level[name.split("_")[0]]
            self.blocks[name] = Attention(width, side) if name.endswith("attn") else Residual(width, dropout)
        self.no = nn.GroupNorm(8, 32)
        self.out = nn.Conv2d(32, 1, 3, padding=1)
        self.dropped = frozenset()

    def run(self, names, x, embedding):
        for name in names.split():
            if name not in self.dropped:
                x = self.blocks[name](x, embedding)
        return x

    def forward(self, sample, timestep, class_labels):
        frequency = torch.exp(-math.log(10000.0) / 32 * torch.arange(32, dtype=torch.float32, device=timestep.device))
        angle = timestep.float()[:, None] * frequency[None]
        embedding = self.t2(F.silu(self.t1(torch.cat([angle.sin(), angle.cos()], 1))))
        embedding = F.silu(embedding + self.y(class_labels))
        skip0 = self.run("d16_res0 d16_res1", self.inp(sample), embedding)
        skip1 = self.run("d8_res0 d8_attn d8_res1", self.down1(skip0), embedding)
        h = self.run("mid_res0 mid_attn mid_res1", self.down2(skip1), embedding)
        h = self.up2(F.interpolate(h, scale_factor=2, mode="nearest"))
        h = self.run("u8_res0 u8_attn u8_res1", self.merge1(torch.cat([h, skip1], 1)), embedding)
        h = self.up1(F.interpolate(h, scale_factor=2, mode="nearest"))
        h = self.run("u16_res0 u16_res1", self.merge0(torch.cat([h, skip0], 1)), embedding)
        return self.out(F.silu(self.no(h)))


class Classifier(nn.Module):
    """The feature network: 64 standardised values per image, and the digit."""

    def __init__(self):
        super().__init__()

        def unit(a, b):
            return [nn.Conv2d(a, b, 3, padding=1), nn.BatchNorm2d(b), nn.ReLU()]

        self.f = nn.Sequential(*unit(1, 32), *unit(32, 32), nn.MaxPool2d(2),
                               *unit(32, 64), *unit(64, 64), nn.MaxPool2d(2))
        self.l1 = nn.Linear(1024, 64)
        self.b = nn.BatchNorm1d(64, affine=False)
        self.l2 = nn.Linear(64, CLASSES)

    def forward(self, images):
        features = self.b(self.l1(torch.flatten(self.f(images), 1)))
        return features, self.l2(F.dropout(F.relu(features), 0.3, self.training))
