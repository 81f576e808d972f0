"""The Inception network of the Frechet distance (the 2015 TensorFlow graph), written from its description.

It is not torchvision's Inception v3. Four differences: average pools do not count the padding; the last block pools
by maximum instead of average; BatchNorm has eps 0.001 and convolutions no bias; there are 1008 logits. Module names
are those of the published PyTorch weights, so that their state dictionary loads as it is. `width` scales the number of channels, for tests.
"""
import torch
import torch.nn.functional as F
from torch import nn

FEATURES, LOGITS = 2048, 1008


class Conv(nn.Module):
    def __init__(self, channels_in, channels_out, kernel, stride=1, padding=0):
        super().__init__()
        self.conv = nn.Conv2d(channels_in, channels_out, kernel, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(channels_out, eps=0.001)

    def forward(self, x):
        return F.relu(self.bn(self.conv(x)))


def average(x):
    return F.avg_pool2d(x, 3, 1, 1, count_include_pad=False)


class Block(nn.Module):
    """Branches side by side, each a chain of convolutions by name; a chain that ends in ...a and ...b applies both to the same input."""

    def __init__(self, branches, pool=None):
        super().__init__()
        self.pool, self.branches = pool, []
        for chain in branches:
            names = []
            for name, *arguments in chain:
                if name != "pool":
                    setattr(self, name, Conv(*arguments))
                names.append(name)
            self.branches.append(names)

    def forward(self, x):
        outputs = []
        for names in self.branches:
            y = x
            for name in names:
                if name == "pool":
                    y = self.pool(y)
                elif name.endswith("a") and name[:-1] + "b" in names:
                    y = torch.cat([getattr(self, name)(y), getattr(self, name[:-1] + "b")(y)], 1)
                    break
                else:
                    y = getattr(self, name)(y)
            outputs.append(y)
        return torch.cat(outputs, 1)


def shrink(x):
    return F.max_pool2d(x, 3, 2)


def block_a(c, pooled, n):
    return Block([[("branch1x1", c, n(64), 1)],
                  [("branch5x5_1", c, n(48), 1), ("branch5x5_2", n(48), n(64), 5, 1, 2)],
                  [("branch3x3dbl_1", c, n(64), 1), ("branch3x3dbl_2", n(64), n(96), 3, 1, 1), ("branch3x3dbl_3", n(96), n(96), 3, 1, 1)],
                  [("pool",), ("branch_pool", c, n(pooled), 1)]], average)


def block_b(c, n):
    return Block([[("branch3x3", c, n(384), 3, 2)],
                  [("branch3x3dbl_1", c, n(64), 1), ("branch3x3dbl_2", n(64), n(96), 3, 1, 1), ("branch3x3dbl_3", n(96), n(96), 3, 2)],
                  [("pool",)]], shrink)


def block_c(c, w, n):
    wide, tall = (1, 7), (7, 1)
    return Block([[("branch1x1", c, n(192), 1)],
                  [("branch7x7_1", c, n(w), 1), ("branch7x7_2", n(w), n(w), wide, 1, (0, 3)), ("branch7x7_3", n(w), n(192), tall, 1, (3, 0))],
                  [("branch7x7dbl_1", c, n(w), 1), ("branch7x7dbl_2", n(w), n(w), tall, 1, (3, 0)), ("branch7x7dbl_3", n(w), n(w), wide, 1, (0, 3)),
                   ("branch7x7dbl_4", n(w), n(w), tall, 1, (3, 0)), ("branch7x7dbl_5", n(w), n(192), wide, 1, (0, 3))],
                  [("pool",), ("branch_pool", c, n(192), 1)]], average)


def block_d(c, n):
    return Block([[("branch3x3_1", c, n(192), 1), ("branch3x3_2", n(192), n(320), 3, 2)],
                  [("branch7x7x3_1", c, n(192), 1), ("branch7x7x3_2", n(192), n(192), (1, 7), 1, (0, 3)),
                   ("branch7x7x3_3", n(192), n(192), (7, 1), 1, (3, 0)), ("branch7x7x3_4", n(192), n(192), 3, 2)],
                  [("pool",)]], shrink)


def block_e(c, pool, n):
    wide, tall = ((1, 3), 1, (0, 1)), ((3, 1), 1, (1, 0))
    return Block([[("branch1x1", c, n(320), 1)],
                  [("branch3x3_1", c, n(384), 1), ("branch3x3_2a", n(384), n(384), *wide), ("branch3x3_2b", n(384), n(384), *tall)],
                  [("branch3x3dbl_1", c, n(448), 1), ("branch3x3dbl_2", n(448), n(384), 3, 1, 1),
                   ("branch3x3dbl_3a", n(384), n(384), *wide), ("branch3x3dbl_3b", n(384), n(384), *tall)],
                  [("pool",), ("branch_pool", c, n(192), 1)]], pool)


class FidInception(nn.Module):
    """Images [B, 3, 299, 299] in [-1, 1] to the 2048 values of the last pool ('pool3') and 1008 logits without bias."""

    def __init__(self, width=1.0, logits=LOGITS):
        super().__init__()
        def n(channels):
            return max(1, round(channels * width))
        self.Conv2d_1a_3x3 = Conv(3, n(32), 3, 2)
        self.Conv2d_2a_3x3 = Conv(n(32), n(32), 3)
        self.Conv2d_2b_3x3 = Conv(n(32), n(64), 3, 1, 1)
        self.Conv2d_3b_1x1 = Conv(n(64), n(80), 1)
        self.Conv2d_4a_3x3 = Conv(n(80), n(192), 3)
        a1, a2 = n(64) * 2 + n(96) + n(32), n(64) * 3 + n(96)
        b, d, e = n(384) + n(96) + a2, n(320) + n(192) + n(192) * 4, n(320) + n(384) * 4 + n(192)
        c = n(192) * 4
        self.Mixed_5b, self.Mixed_5c, self.Mixed_5d = block_a(n(192), 32, n), block_a(a1, 64, n), block_a(a2, 64, n)
        self.Mixed_6a = block_b(a2, n)
        self.Mixed_6b, self.Mixed_6c, self.Mixed_6d, self.Mixed_6e = block_c(b, 128, n), block_c(c, 160, n), block_c(c, 160, n), block_c(c, 192, n)
        self.Mixed_7a = block_d(c, n)
        # The last block pools by maximum.
        self.Mixed_7b, self.Mixed_7c = block_e(d, average, n), block_e(e, lambda x: F.max_pool2d(x, 3, 1, 1), n)
        self.fc = nn.Linear(e, logits)
        self.dimensions = e

    def forward(self, x):
        x = self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(x)))
        x = self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(shrink(x)))
        x = self.Mixed_5d(self.Mixed_5c(self.Mixed_5b(shrink(x))))
        x = self.Mixed_6e(self.Mixed_6d(self.Mixed_6c(self.Mixed_6b(self.Mixed_6a(x)))))
        x = self.Mixed_7c(self.Mixed_7b(self.Mixed_7a(x)))
        pool = x.mean((2, 3))
        # 'logits_unbiased' of torch-fidelity: the inception score is computed without the bias.
        return pool, pool @ self.fc.weight.T
