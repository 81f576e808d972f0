"""Two U-Nets in the manner of the diffusers library, unconditional and text-conditional, written from the description of the
architectures: levels of residual blocks with attention behind each, strided convolutions down, nearest neighbour and a convolution
up, a long skip per residual block. Module names follow that library, because exported graphs in the wild carry them.
"""
import torch
import torch.nn as nn
import torch.nn.functional as F

from layers import GROUPS, Block, sinusoid, tally


class ResnetBlock2D(Block):
    def __init__(self, cin, cout, temb):
        super().__init__()
        self.norm1, self.conv1 = nn.GroupNorm(GROUPS, cin), nn.Conv2d(cin, cout, 3, padding=1)
        self.time_emb_proj = nn.Linear(temb, cout)
        self.norm2, self.dropout, self.conv2 = nn.GroupNorm(GROUPS, cout), nn.Dropout(0.0), nn.Conv2d(cout, cout, 3, padding=1)
        self.nonlinearity = nn.SiLU()
        self.conv_shortcut = None if cin == cout else nn.Conv2d(cin, cout, 1)
        self.shortcut, self.shortcut_module = ("identity", None) if cin == cout else ("conv1x1", "conv_shortcut")

    def forward(self, x, temb):
        straight = x if self.conv_shortcut is None else self.conv_shortcut(x)
        if self.skip:
            return straight
        h = self.conv1(self.nonlinearity(self.norm1(x)))
        h = h + self.time_emb_proj(self.nonlinearity(temb))[:, :, None, None]
        h = self.conv2(self.dropout(self.nonlinearity(self.norm2(h))))
        return (straight + h) / 1.0


class Heads(nn.Module):
    """Queries from x, keys and values from the context; linear layers, heads folded into the batch."""

    def __init__(self, width, context=None, heads=2, bias=False):
        super().__init__()
        self.heads, self.scale = heads, (width // heads) ** -0.5
        self.to_q = nn.Linear(width, width, bias=bias)
        self.to_k = nn.Linear(context or width, width, bias=bias)
        self.to_v = nn.Linear(context or width, width, bias=bias)
        self.to_out = nn.ModuleList([nn.Linear(width, width), nn.Dropout(0.0)])

    def fold(self, x):
        b, n, c = x.shape
        return x.reshape(b, n, self.heads, c // self.heads).permute(0, 2, 1, 3).reshape(b * self.heads, n, c // self.heads)

    def forward(self, x, context=None):
        context = x if context is None else context
        b, n, c = x.shape
        q, k, v = self.fold(self.to_q(x)), self.fold(self.to_k(context)), self.fold(self.to_v(context))
        weight = torch.softmax(torch.matmul(q, k.transpose(-1, -2)) * self.scale, dim=-1)
        a = torch.matmul(weight, v).reshape(b, self.heads, n, c // self.heads).permute(0, 2, 1, 3).reshape(b, n, c)
        tally(self, (n, c // self.heads, k.shape[1], b * self.heads), (n, k.shape[1], c // self.heads, b * self.heads))
        return self.to_out[1](self.to_out[0](a))


class Attention(Block):
    kind = "attention"

    def __init__(self, width):
        super().__init__()
        self.group_norm = nn.GroupNorm(GROUPS, width)
        self.heads = Heads(width, bias=True)

    def forward(self, x, temb=None, context=None):
        if self.skip:
            return x
        b, c, height, width = x.shape
        h = self.group_norm(x.reshape(b, c, height * width)).transpose(1, 2)
        h = self.heads(h).transpose(-1, -2).reshape(b, c, height, width)
        return (h + x) / 1.0


class GEGLU(nn.Module):
    def __init__(self, width, inner):
        super().__init__()
        self.proj = nn.Linear(width, 2 * inner)

    def forward(self, x):
        h, gate = self.proj(x).chunk(2, dim=-1)
        return h * F.gelu(gate)


class FeedForward(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.net = nn.ModuleList([GEGLU(width, 2 * width), nn.Dropout(0.0), nn.Linear(2 * width, width)])

    def forward(self, x):
        for layer in self.net:
            x = layer(x)
        return x


class BasicTransformerBlock(nn.Module):
    """Three residual parts, which can be dropped one by one as well: `drop` holds their names."""
    PARTS = ("attn1", "attn2", "ff")

    def __init__(self, width, context):
        super().__init__()
        self.norm1, self.attn1 = nn.LayerNorm(width), Heads(width)
        self.norm2, self.attn2 = nn.LayerNorm(width), Heads(width, context)
        self.norm3, self.ff = nn.LayerNorm(width), FeedForward(width)
        self.drop = set()

    def forward(self, x, context):
        if "attn1" not in self.drop:
            x = self.attn1(self.norm1(x)) + x
        if "attn2" not in self.drop:
            x = self.attn2(self.norm2(x), context) + x
        if "ff" not in self.drop:
            x = self.ff(self.norm3(x)) + x
        return x


class Transformer2DModel(Block):
    kind = "transformer"

    def __init__(self, width, context):
        super().__init__()
        self.norm = nn.GroupNorm(GROUPS, width, eps=1e-6)
        self.proj_in = nn.Conv2d(width, width, 1)
        self.transformer_blocks = nn.ModuleList([BasicTransformerBlock(width, context)])
        self.proj_out = nn.Conv2d(width, width, 1)

    def forward(self, x, temb=None, context=None):
        if self.skip:
            return x
        b, c, height, width = x.shape
        h = self.proj_in(self.norm(x)).permute(0, 2, 3, 1).reshape(b, height * width, c)
        for block in self.transformer_blocks:
            h = block(h, context)
        h = h.reshape(b, height, width, c).permute(0, 3, 1, 2)
        return self.proj_out(h) + x


class Downsample2D(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.conv = nn.Conv2d(c, c, 3, stride=2, padding=1)

    def forward(self, x):
        return self.conv(x)


class Upsample2D(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.conv = nn.Conv2d(c, c, 3, padding=1)

    def forward(self, x):
        return self.conv(F.interpolate(x, scale_factor=2.0, mode="nearest"))


class Level(nn.Module):
    """Down: `widths_in` one per residual block. Up: the long skips are concatenated before each."""

    def __init__(self, widths_in, width, temb, attention, down=False, up=False):
        super().__init__()
        self.resnets = nn.ModuleList([ResnetBlock2D(c, width, temb) for c in widths_in])
        self.attentions = nn.ModuleList([attention(width) for _ in widths_in]) if attention else None
        self.downsamplers = nn.ModuleList([Downsample2D(width)]) if down else None
        self.upsamplers = nn.ModuleList([Upsample2D(width)]) if up else None

    def forward(self, x, temb, context, kept=None):
        outputs = []
        for i, resnet in enumerate(self.resnets):
            x = resnet(x if kept is None else torch.cat([x, kept.pop()], dim=1), temb)
            if self.attentions is not None:
                x = self.attentions[i](x, temb, context)
            outputs.append(x)
        for resample in (self.downsamplers, self.upsamplers):
            if resample is not None:
                x = resample[0](x)
                outputs.append(x)
        return (x, outputs) if kept is None else x


class Mid(nn.Module):
    def __init__(self, width, temb, attention):
        super().__init__()
        self.attentions = nn.ModuleList([attention(width)])
        self.resnets = nn.ModuleList([ResnetBlock2D(width, width, temb), ResnetBlock2D(width, width, temb)])

    def forward(self, x, temb, context):
        x = self.resnets[0](x, temb)
        return self.resnets[1](self.attentions[0](x, temb, context), temb)


class TimestepEmbedding(nn.Module):
    def __init__(self, width, temb):
        super().__init__()
        self.linear_1, self.act, self.linear_2 = nn.Linear(width, temb), nn.SiLU(), nn.Linear(temb, temb)

    def forward(self, x):
        return self.linear_2(self.act(self.linear_1(x)))


class Unet(nn.Module):
    def __init__(self, channels, widths, attention_levels, attention, per_level=2):
        super().__init__()
        temb = 4 * widths[0]
        self.width = widths[0]
        self.conv_in = nn.Conv2d(channels, widths[0], 3, padding=1)
        self.time_embedding = TimestepEmbedding(widths[0], temb)
        self.down_blocks, self.up_blocks = nn.ModuleList(), nn.ModuleList()
        kept, c, last = [widths[0]], widths[0], len(widths) - 1
        for i, width in enumerate(widths):
            self.down_blocks.append(Level([c] + [width] * (per_level - 1), width, temb, attention if i in attention_levels else None, down=i < last))
            kept += [width] * (per_level + (i < last))
            c = width
        self.mid_block = Mid(c, temb, attention)
        for i, width in reversed(list(enumerate(widths))):
            inputs = []
            for _ in range(per_level + 1):
                inputs.append(c + kept.pop())
                c = width
            self.up_blocks.append(Level(inputs, width, temb, attention if i in attention_levels else None, up=i > 0))
        self.conv_norm_out, self.conv_act = nn.GroupNorm(GROUPS, c), nn.SiLU()
        self.conv_out = nn.Conv2d(c, channels, 3, padding=1)

    def run(self, sample, t, context):
        temb = self.time_embedding(sinusoid(t, self.width, cosine_first=False))
        h = self.conv_in(sample)
        kept = [h]
        for level in self.down_blocks:
            h, outputs = level(h, temb, context)
            kept += outputs
        h = self.mid_block(h, temb, context)
        for level in self.up_blocks:
            h = level(h, temb, context, kept)
        return self.conv_out(self.conv_act(self.conv_norm_out(h)))


class UNet2D(Unet):
    """Unconditional; integer time steps, one per sample."""

    def __init__(self):
        super().__init__(3, (8, 16, 16), (1, 2), Attention, per_level=1)

    def forward(self, sample, timestep):
        return self.run(sample, timestep, None)


class UNet2DCondition(Unet):
    """Text-conditional; one scalar time step for the whole batch, as common exporters write it."""

    def __init__(self, context=12):
        super().__init__(4, (8, 16, 16), (0, 1), lambda width: Transformer2DModel(width, context))

    def forward(self, sample, timestep, encoder_hidden_states):
        return self.run(sample, timestep.expand(sample.shape[0]), encoder_hidden_states)
