"""The U-Net of guided diffusion (ADM), by default scaled down from that of ImageNet-64: channel multiples 1, 2, 3, 4, three residual
blocks per level, attention at 2, 4 and 8 times down-sampling, residual blocks that resample, scale-and-shift conditioning.
Written from the description of the architecture, with the names of the published weights. 58 blocks, numbered in the order of construction.
"""
import torch
import torch.nn as nn
import torch.nn.functional as F

from layers import Block, sinusoid, tally

GROUPS = 2


class ResBlock(Block):
    def __init__(self, cin, cout, emb, resample=None, groups=GROUPS):
        super().__init__()
        self.resample = resample
        self.in_layers = nn.Sequential(nn.GroupNorm(groups, cin), nn.SiLU(), nn.Conv2d(cin, cout, 3, padding=1))
        self.emb_layers = nn.Sequential(nn.SiLU(), nn.Linear(emb, 2 * cout))
        self.out_layers = nn.Sequential(nn.GroupNorm(groups, cout), nn.SiLU(), nn.Dropout(0.0), nn.Conv2d(cout, cout, 3, padding=1))
        self.skip_connection = nn.Identity() if cin == cout else nn.Conv2d(cin, cout, 1)
        self.shortcut = "resample" if resample else "identity" if cin == cout else "conv1x1"
        self.shortcut_module = "skip_connection"

    def resize(self, x):
        if self.resample == "down":
            return F.avg_pool2d(x, 2)
        if self.resample == "up":
            return F.interpolate(x, scale_factor=2, mode="nearest")
        return x

    def forward(self, x, emb):
        if self.skip:
            return self.skip_connection(self.resize(x))
        h = self.in_layers[2](self.resize(self.in_layers[1](self.in_layers[0](x))))
        scale, shift = self.emb_layers(emb)[:, :, None, None].chunk(2, dim=1)
        h = self.out_layers[0](h) * (1 + scale) + shift
        h = self.out_layers[3](self.out_layers[2](self.out_layers[1](h)))
        return self.skip_connection(self.resize(x)) + h


class AttentionBlock(Block):
    kind = "attention"

    def __init__(self, c, heads=2, groups=GROUPS, by_head=False):
        """by_head: q, k and v stand side by side for each head (the older order), not each for all heads."""
        super().__init__()
        self.heads, self.by_head = heads, by_head
        self.norm = nn.GroupNorm(groups, c)
        self.qkv = nn.Conv1d(c, 3 * c, 1)
        self.proj_out = nn.Conv1d(c, c, 1)

    def forward(self, x, emb):
        if self.skip:
            return x
        b, c, *spatial = x.shape
        x = x.reshape(b, c, -1)
        qkv = self.qkv(self.norm(x))
        if self.by_head:
            qkv = qkv.reshape(b, self.heads, 3, c // self.heads, x.shape[2]).transpose(1, 2).reshape(b, 3 * c, x.shape[2])
        q, k, v = qkv.chunk(3, dim=1)
        n, head = x.shape[2], c // self.heads
        scale = head ** -0.25
        weight = torch.einsum("bct,bcs->bts", (q * scale).reshape(b * self.heads, head, n), (k * scale).reshape(b * self.heads, head, n))
        a = torch.einsum("bts,bcs->bct", torch.softmax(weight, dim=-1), v.reshape(b * self.heads, head, n))
        tally(self, (n, head, n, b * self.heads), (n, n, head, b * self.heads))
        return (x + self.proj_out(a.reshape(b, c, n))).reshape(b, c, *spatial)


class Stage(nn.Sequential):
    def forward(self, x, emb):
        for layer in self:
            x = layer(x, emb) if isinstance(layer, Block) else layer(x)
        return x


class Adm(nn.Module):
    def __init__(self, width=6, multiples=(1, 2, 3, 4), per_level=3, attention=(2, 4, 8), channels=1, classes=10, out_channels=None, groups=GROUPS, heads=lambda c: 2, by_head=False):
        """classes None: no labels; heads: number of heads by channels."""
        super().__init__()
        self.width, emb = width, 4 * width
        residual = lambda cin, cout, resample=None: ResBlock(cin, cout, emb, resample, groups)
        attend = lambda c: AttentionBlock(c, heads(c), groups, by_head)
        self.time_embed = nn.Sequential(nn.Linear(width, emb), nn.SiLU(), nn.Linear(emb, emb))
        self.label_emb = nn.Embedding(classes, emb) if classes else None
        self.input_blocks = nn.ModuleList([Stage(nn.Conv2d(channels, width, 3, padding=1))])
        kept, c, ds = [width], width, 1
        for level, multiple in enumerate(multiples):
            for _ in range(per_level):
                layers = [residual(c, multiple * width)]
                c = multiple * width
                if ds in attention:
                    layers.append(attend(c))
                self.input_blocks.append(Stage(*layers))
                kept.append(c)
            if level < len(multiples) - 1:
                self.input_blocks.append(Stage(residual(c, c, "down")))
                kept.append(c)
                ds *= 2
        self.middle_block = Stage(residual(c, c), attend(c), residual(c, c))
        self.output_blocks = nn.ModuleList()
        for level, multiple in reversed(list(enumerate(multiples))):
            for i in range(per_level + 1):
                layers = [residual(c + kept.pop(), multiple * width)]
                c = multiple * width
                if ds in attention:
                    layers.append(attend(c))
                if level and i == per_level:
                    layers.append(residual(c, c, "up"))
                    ds //= 2
                self.output_blocks.append(Stage(*layers))
        self.out = nn.Sequential(nn.GroupNorm(groups, c), nn.SiLU(), nn.Conv2d(c, out_channels or channels, 3, padding=1))

    def forward(self, x, timesteps, y=None):
        emb = self.time_embed(sinusoid(timesteps, self.width, cosine_first=True))
        if self.label_emb is not None:
            emb = emb + self.label_emb(y)
        kept, h = [], x
        for stage in self.input_blocks:
            h = stage(h, emb)
            kept.append(h)
        h = self.middle_block(h, emb)
        for stage in self.output_blocks:
            h = stage(torch.cat([h, kept.pop()], dim=1), emb)
        return self.out(h)
