"""The networks of the glyphs package, in PyTorch.

Module names are the keys of the weight archives and the scopes of the exported graphs; changing one
changes both.
"""
import math

import torch
import torch.nn as nn
import torch.nn.functional as F

from shared_layers import Attention, Norm

BLOCKS = ["d16_res0", "d16_res1", "d8_res0", "d8_attn", "d8_res1", "mid_res0", "mid_attn", "mid_res1",
          "u8_res0", "u8_attn", "u8_res1", "u16_res0", "u16_res1"]
CLASSES, NULL_LABEL = 36, 36
TAPS = {2: 24, 5: 48, 8: 48, 11: 96, 14: 96}  # the classifier's rectified convolutions, and their channels
EMBEDDING = 160
WIDTH = {16: 48, 8: 96, 4: 128}


class Residual(nn.Module):
    """x + conv(silu(norm(conv(silu(norm(x)))) * (1 + a) + b)), a and b linear in the embedding."""

    def __init__(self, width):
        super().__init__()
        self.n1 = Norm(width)
        self.c1 = nn.Conv2d(width, width, 3, padding=1)
        self.e = nn.Linear(EMBEDDING, 2 * width)
        self.n2 = Norm(width)
        self.c2 = nn.Conv2d(width, width, 3, padding=1)
        nn.init.zeros_(self.c2.weight)
        nn.init.zeros_(self.c2.bias)

    def forward(self, x, embedding):
        a, b = self.e(embedding)[:, :, None, None].split(self.c2.in_channels, dim=1)
        return x + self.c2(F.silu(self.n2(self.c1(F.silu(self.n1(x)))) * (1 + a) + b))


class Unet(nn.Module):
    """v(sample, timestep, class_labels) at 32x32; label 36 asks for the unconditional prediction.

    `depth_dropout` is stochastic depth (Huang et al. 2016): while training, a block is left out of a whole batch with
    this chance, which is what makes the finished network bear the loss of blocks.
    """

    def __init__(self, depth_dropout=0.0):
        super().__init__()
        wide, middle, deep = WIDTH[16], WIDTH[8], WIDTH[4]
        self.t1 = nn.Linear(64, EMBEDDING)
        self.t2 = nn.Linear(EMBEDDING, EMBEDDING)
        self.y = nn.Embedding(CLASSES + 1, EMBEDDING)
        self.inp = nn.Conv2d(3, wide, 4, stride=2, padding=1)
        self.down1 = nn.Conv2d(wide, middle, 3, stride=2, padding=1)
        self.down2 = nn.Conv2d(middle, deep, 3, stride=2, padding=1)
        self.up2 = nn.Conv2d(deep, middle, 3, padding=1)
        self.merge1 = nn.Conv2d(2 * middle, middle, 1)
        self.up1 = nn.Conv2d(middle, wide, 3, padding=1)
        self.merge0 = nn.Conv2d(2 * wide, wide, 1)
        self.blocks = nn.ModuleDict()
        for name in BLOCKS:
            side = {"d16": 16, "u16": 16, "d8": 8, "u8": 8, "mid": 4}[name.split("_")[0]]
            self.blocks[name] = Attention(WIDTH[side], side) if name.endswith("attn") else Residual(WIDTH[side])
        self.no = Norm(wide)
        self.out = nn.Conv2d(wide, 12, 3, padding=1)
        self.depth_dropout = depth_dropout
        self.dropped = frozenset()

    def run(self, names, x, embedding):
        for name in names.split():
            skipped = self.training and self.depth_dropout > 0 and torch.rand(()) < self.depth_dropout
            if name not in self.dropped and not skipped:
                x = self.blocks[name](x, embedding)
        return x

    def forward(self, sample, timestep, class_labels):
        frequency = torch.exp(-math.log(10000.0) / 32 * torch.arange(32, dtype=torch.float32))
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
        return F.pixel_shuffle(self.out(F.silu(self.no(h))), 2)


class Classifier(nn.Module):
    """The feature network: 64 standardised values per image, and the character."""

    FEATURES = 64

    def __init__(self):
        super().__init__()

        def unit(a, b, stride=1):
            return [nn.Conv2d(a, b, 3, stride=stride, padding=1), nn.BatchNorm2d(b), nn.ReLU()]

        self.f = nn.Sequential(*unit(3, 24), *unit(24, 48, 2), *unit(48, 48), *unit(48, 96, 2), *unit(96, 96), nn.MaxPool2d(2))
        self.l1 = nn.Linear(96 * 16, self.FEATURES)
        self.b = nn.BatchNorm1d(self.FEATURES, affine=False)
        self.l2 = nn.Linear(self.FEATURES, CLASSES)

    def forward(self, images):
        features = self.b(self.l1(torch.flatten(self.f(images), 1)))
        return features, self.l2(F.relu(features))


class Heads(nn.Module):
    """What else the features must tell, only while training: the image itself, its colours, its ground and its typeface."""

    def __init__(self, grounds, families):
        super().__init__()

        def head(width, out):
            return nn.Sequential(nn.Linear(Classifier.FEATURES, width), nn.ReLU(), nn.Linear(width, out))

        self.image, self.colours, self.ground, self.family = head(512, 3072), head(128, 12), head(128, grounds), head(256, families)
