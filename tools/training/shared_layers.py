"""The layers that the bundled models share, in PyTorch."""
import torch
import torch.nn as nn

class Norm(nn.GroupNorm):
    """Eight groups, in single precision even where the convolutions around it train in half of it."""

    def __init__(self, width):
        super().__init__(8, width)

    def forward(self, x):
        return super().forward(x if x.dtype == torch.float32 else x.float())


class Attention(nn.Module):
    """x + projection of 4-head self-attention over the pixels, scale (channels per head)^-1/2."""

    def __init__(self, width, side, heads=4):
        super().__init__()
        self.n = Norm(width)
        self.qkv = nn.Conv2d(width, 3 * width, 1)
        self.o = nn.Conv2d(width, width, 1)
        self.width, self.side, self.heads = width, side, heads
        nn.init.zeros_(self.o.weight)
        nn.init.zeros_(self.o.bias)

    def forward(self, x, embedding):
        head = self.width // self.heads
        qkv = self.qkv(self.n(x)).reshape(-1, 3 * self.heads, head, self.side * self.side)
        q, k, v = qkv.split(self.heads, dim=1)
        weights = (q.transpose(-1, -2) @ k * head ** -0.5).softmax(-1)
        return x + self.o((v @ weights.transpose(-1, -2)).reshape(-1, self.width, self.side, self.side))


class Perceptual(nn.Module):
    """LPIPS on a trunk of layers: `taps` maps the index of a layer to its channels.

    Per tap: channels to unit length, squared difference, weights >= 0, mean over pixels; the sum over taps.
    """

    def __init__(self, trunk, taps):
        super().__init__()
        self.trunk, self.at = trunk, taps
        self.lin = nn.ParameterList([nn.Parameter(torch.full((c,), 1.0 / c)) for c in taps.values()])

    def taps(self, images):
        found, h = [], images
        for index, layer in enumerate(self.trunk):
            h = layer(h)
            if index in self.at:
                found.append(h / (h.square().sum(1, keepdim=True).sqrt() + 1e-10))
            if index == max(self.at):
                return found

    def differences(self, a, b):
        """Per tap the mean over pixels of the squared difference, [B, channels]: all that `lin` needs."""
        return [(x - y).square().mean((2, 3)) for x, y in zip(self.taps(a), self.taps(b))]

    def forward(self, a, b):
        total = 0
        for x, y, lin in zip(self.taps(a), self.taps(b), self.lin):
            total = total + ((x - y).square() * lin[None, :, None, None]).sum(1).mean((1, 2))
        return total
