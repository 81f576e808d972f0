"""LPIPS v0.1 (Zhang et al. 2018) over AlexNet, VGG16 and SqueezeNet 1.1, written from its description.

Two images in [-1, 1] in, one distance per pair out: scaling layer, taps behind rectifiers, channels divided by (root of the sum of squares
+ 1e-10), squared differences, non-negative weights per channel, mean over positions, sum over taps.
Layers are numbered as torchvision's `features`, so that its state dictionaries load as they are. `width` scales channels, for tests.
"""
import torch
import torch.nn.functional as F
from torch import nn

SHIFT, SCALE = (-.030, -.088, -.188), (.458, .448, .450)
CHANNELS = {"alex": [64, 192, 384, 256, 256], "vgg": [64, 128, 256, 512, 512], "squeeze": [64, 128, 256, 384, 384, 512, 512]}
TAPS = {"alex": [1, 4, 7, 9, 11], "vgg": [3, 8, 15, 22, 29], "squeeze": [1, 4, 7, 9, 10, 11, 12]}
MINIMUM_SIZE = {"alex": 32, "vgg": 16, "squeeze": 32}


class Fire(nn.Module):
    def __init__(self, c, squeeze, expand):
        super().__init__()
        self.squeeze, self.expand1x1, self.expand3x3 = nn.Conv2d(c, squeeze, 1), nn.Conv2d(squeeze, expand, 1), nn.Conv2d(squeeze, expand, 3, padding=1)

    def forward(self, x):
        x = F.relu(self.squeeze(x))
        return torch.cat([F.relu(self.expand1x1(x)), F.relu(self.expand3x3(x))], 1)


def alex(n):
    return [nn.Conv2d(3, n(64), 11, 4, 2), nn.ReLU(), nn.MaxPool2d(3, 2), nn.Conv2d(n(64), n(192), 5, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2),
            nn.Conv2d(n(192), n(384), 3, padding=1), nn.ReLU(), nn.Conv2d(n(384), n(256), 3, padding=1), nn.ReLU(),
            nn.Conv2d(n(256), n(256), 3, padding=1), nn.ReLU()]


def vgg(n):
    layers, before = [], 3
    for channels in (64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0, 512, 512, 512):
        if channels:
            layers += [nn.Conv2d(before, n(channels), 3, padding=1), nn.ReLU()]
            before = n(channels)
        else:
            layers.append(nn.MaxPool2d(2, 2))
    return layers


def squeeze(n):
    pool = lambda: nn.MaxPool2d(3, 2, ceil_mode=True)
    fire = lambda c, s, e: Fire(n(c), n(s), n(e // 2))
    return [nn.Conv2d(3, n(64), 3, 2), nn.ReLU(), pool(), fire(64, 16, 128), fire(128, 16, 128), pool(), fire(128, 32, 256), fire(256, 32, 256), pool(),
            fire(256, 48, 384), fire(384, 48, 384), fire(384, 64, 512), fire(512, 64, 512)]


class Lpips(nn.Module):
    def __init__(self, kind, width=1.0):
        super().__init__()
        def n(channels):
            return max(2, 2 * round(channels * width / 2))
        self.kind, self.taps = kind, TAPS[kind]
        self.features = nn.ModuleList({"alex": alex, "vgg": vgg, "squeeze": squeeze}[kind](n))
        self.lin = nn.ParameterList([nn.Parameter(torch.rand(n(c))) for c in CHANNELS[kind]])
        self.register_buffer("shift", torch.tensor(SHIFT)[None, :, None, None])
        self.register_buffer("scale", torch.tensor(SCALE)[None, :, None, None])

    def activations(self, x):
        x, found = (x - self.shift) / self.scale, []
        for index, layer in enumerate(self.features):
            x = layer(x)
            if index in self.taps:
                found.append(x)
        return found

    def forward(self, a, b):
        total = 0
        for x, y, weight in zip(self.activations(a), self.activations(b), self.lin):
            x, y = (v / ((v * v).sum(1, keepdim=True).sqrt() + 1e-10) for v in (x, y))
            total = total + (((x - y) ** 2) * weight[None, :, None, None]).sum(1).mean((1, 2))
        return total
