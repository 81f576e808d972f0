"""Building blocks of diffusers' networks, written from the description of the architectures. Names and the order of construction are that library's, so that
seeded random weights are the same numbers and exported graphs carry the same names.
"""
import math

import torch
import torch.nn as nn
import torch.nn.functional as F


def sinusoid(t, width, shift=0.0):
    """Cosines first (flip_sin_to_cos)."""
    half = width // 2
    freqs = torch.exp(-math.log(10000) * torch.arange(half, dtype=torch.float32) / (half - shift))
    angles = t[:, None].float() * freqs[None]
    return torch.cat([torch.cos(angles), torch.sin(angles)], dim=-1)


class TimestepEmbedding(nn.Module):
    def __init__(self, width, out, cond=None):
        super().__init__()
        self.linear_1 = nn.Linear(width, out)
        self.cond_proj = nn.Linear(cond, width, bias=False) if cond else None
        self.act = nn.SiLU()
        self.linear_2 = nn.Linear(out, out)

    def forward(self, x, condition=None):
        if condition is not None:
            x = x + self.cond_proj(condition)
        return self.linear_2(self.act(self.linear_1(x)))


class ResnetBlock2D(nn.Module):
    def __init__(self, cin, cout, temb, groups, eps):
        super().__init__()
        self.norm1, self.conv1 = nn.GroupNorm(groups, cin, eps=eps), nn.Conv2d(cin, cout, 3, padding=1)
        self.time_emb_proj = nn.Linear(temb, cout) if temb else None
        self.norm2, self.conv2 = nn.GroupNorm(groups, cout, eps=eps), nn.Conv2d(cout, cout, 3, padding=1)
        self.nonlinearity = nn.SiLU()
        self.conv_shortcut = None if cin == cout else nn.Conv2d(cin, cout, 1)

    def forward(self, x, temb=None):
        h = self.conv1(self.nonlinearity(self.norm1(x)))
        if self.time_emb_proj is not None:
            h = h + self.time_emb_proj(self.nonlinearity(temb))[:, :, None, None]
        h = self.conv2(self.nonlinearity(self.norm2(h)))
        return (x if self.conv_shortcut is None else self.conv_shortcut(x)) + h


class Attention(nn.Module):
    """On tokens; with groups, on images."""

    def __init__(self, width, heads, head_width, context=None, bias=False, groups=None, eps=1e-5):
        super().__init__()
        inner = heads * head_width
        self.heads, self.scale = heads, head_width ** -0.5
        self.group_norm = nn.GroupNorm(groups, width, eps=eps) if groups else None
        self.to_q = nn.Linear(width, inner, bias=bias)
        self.to_k = nn.Linear(context or width, inner, bias=bias)
        self.to_v = nn.Linear(context or width, inner, bias=bias)
        self.to_out = nn.ModuleList([nn.Linear(inner, width), nn.Dropout(0.0)])

    def split(self, x):
        return x.reshape(x.shape[0], x.shape[1], self.heads, -1).transpose(1, 2)

    def forward(self, x, context=None):
        residual, image = x, x.dim() == 4
        if image:
            b, c, height, width = x.shape
            x = x.reshape(b, c, height * width)
        if self.group_norm is not None:
            x = self.group_norm(x)
        if image:
            x = x.transpose(1, 2)
        context = x if context is None else context
        q, k, v = self.split(self.to_q(x)), self.split(self.to_k(context)), self.split(self.to_v(context))
        weight = torch.softmax(torch.matmul(q, k.transpose(-1, -2)) * self.scale, dim=-1)
        h = torch.matmul(weight, v).transpose(1, 2).reshape(x.shape[0], x.shape[1], -1)
        h = self.to_out[0](h)
        return h.transpose(1, 2).reshape(residual.shape) + residual if image else h


class Activation(nn.Module):
    """GEGLU, or GELU with the tanh approximation."""

    def __init__(self, width, inner, gated):
        super().__init__()
        self.gated, self.proj = gated, nn.Linear(width, 2 * inner if gated else inner)

    def forward(self, x):
        h = self.proj(x)
        if self.gated:
            h, gate = h.chunk(2, dim=-1)
            return h * F.gelu(gate)
        return gelu_tanh(h)


def gelu_tanh(x):
    return 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x)))


class FeedForward(nn.Module):
    def __init__(self, width, gated=True):
        super().__init__()
        self.net = nn.ModuleList([Activation(width, 4 * width, gated), nn.Dropout(0.0), nn.Linear(4 * width, width)])

    def forward(self, x):
        return self.net[2](self.net[0](x))


class BasicTransformerBlock(nn.Module):
    def __init__(self, width, heads, head_width, context):
        super().__init__()
        self.norm1, self.attn1 = nn.LayerNorm(width), Attention(width, heads, head_width)
        self.norm2, self.attn2 = nn.LayerNorm(width), Attention(width, heads, head_width, context)
        self.norm3, self.ff = nn.LayerNorm(width), FeedForward(width)

    def forward(self, x, context):
        x = self.attn1(self.norm1(x)) + x
        x = self.attn2(self.norm2(x), context) + x
        return self.ff(self.norm3(x)) + x


class Transformer2DModel(nn.Module):
    def __init__(self, width, heads, head_width, context, groups, depth=1, linear=False):
        super().__init__()
        inner = heads * head_width
        self.linear = linear
        self.norm = nn.GroupNorm(groups, width, eps=1e-6)
        self.proj_in = nn.Linear(width, inner) if linear else nn.Conv2d(width, inner, 1)
        self.transformer_blocks = nn.ModuleList([BasicTransformerBlock(inner, heads, head_width, context) for _ in range(depth)])
        self.proj_out = nn.Linear(inner, width) if linear else nn.Conv2d(inner, width, 1)

    def forward(self, x, context):
        b, c, height, width = x.shape
        h = self.norm(x)
        if not self.linear:
            h = self.proj_in(h)
        h = h.permute(0, 2, 3, 1).reshape(b, height * width, -1)
        if self.linear:
            h = self.proj_in(h)
        for block in self.transformer_blocks:
            h = block(h, context)
        if self.linear:
            h = self.proj_out(h)
        h = h.reshape(b, height, width, -1).permute(0, 3, 1, 2)
        return (h if self.linear else self.proj_out(h)) + x


class Downsample2D(nn.Module):
    def __init__(self, c, padding=1):
        super().__init__()
        self.padding, self.conv = padding, nn.Conv2d(c, c, 3, stride=2, padding=padding)

    def forward(self, x):
        return self.conv(x if self.padding else F.pad(x, (0, 1, 0, 1)))


class Upsample2D(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.conv = nn.Conv2d(c, c, 3, padding=1)

    def forward(self, x):
        return self.conv(F.interpolate(x, scale_factor=2.0, mode="nearest"))


class Level(nn.Module):
    """Residual blocks, each with an attention or transformer behind it where the level has some."""

    def __init__(self, widths, out, temb, groups, eps, attention=None, down=None, up=False):
        super().__init__()
        resnets, attentions = [], []
        for width in widths:
            resnets.append(ResnetBlock2D(width, out, temb, groups, eps))
            if attention:
                attentions.append(attention(out))
        self.resnets = nn.ModuleList(resnets)
        self.attentions = nn.ModuleList(attentions) if attention else None
        self.downsamplers = nn.ModuleList([Downsample2D(out, down)]) if down is not None else None
        self.upsamplers = nn.ModuleList([Upsample2D(out)]) if up else None

    def forward(self, x, temb, context, kept=None):
        outputs = []
        for i, resnet in enumerate(self.resnets):
            x = resnet(x if kept is None else torch.cat([x, kept.pop()], dim=1), temb)
            if self.attentions is not None:
                x = self.attentions[i](x, context)
            outputs.append(x)
        for resample in (self.downsamplers, self.upsamplers):
            if resample is not None:
                x = resample[0](x)
                outputs.append(x)
        return (x, outputs) if kept is None else x


class Mid(nn.Module):
    def __init__(self, width, temb, groups, eps, attention):
        super().__init__()
        resnets = [ResnetBlock2D(width, width, temb, groups, eps)]
        attentions = [attention(width)]
        resnets.append(ResnetBlock2D(width, width, temb, groups, eps))
        self.attentions, self.resnets = nn.ModuleList(attentions), nn.ModuleList(resnets)

    def forward(self, x, temb=None, context=None):
        x = self.resnets[0](x, temb)
        return self.resnets[1](self.attentions[0](x, context), temb)


class UNet(nn.Module):
    """UNet2DModel and UNet2DConditionModel.

    attention: makes the attention of a level by its width and index, or None for a plain level; extra: embeddings added to the time's (classes, text and sizes, guidance).
    """

    def __init__(self, cin, cout, widths, per_level, groups, attention, mid_attention, extra=None, shift=0.0, eps=1e-5, sine_first=False, down_padding=1):
        super().__init__()
        self.shift, self.sine_first = shift, sine_first
        temb, last = 4 * widths[0], len(widths) - 1
        self.width = widths[0]
        self.conv_in = nn.Conv2d(cin, widths[0], 3, padding=1)
        extra = extra or {}
        self.time_embedding = TimestepEmbedding(widths[0], temb, extra.get("cond"))
        self.class_embedding = nn.Embedding(extra["classes"], temb) if extra.get("classes") else None
        self.size_width = extra.get("size_width")
        self.add_embedding = TimestepEmbedding(extra["pooled"] + 6 * self.size_width, temb) if extra.get("pooled") else None
        self.down_blocks, self.up_blocks = nn.ModuleList(), nn.ModuleList()
        kept, c = [widths[0]], widths[0]
        for i, width in enumerate(widths):
            self.down_blocks.append(Level([c] + [width] * (per_level - 1), width, temb, groups, eps, attention(i), down_padding if i < last else None))
            kept += [width] * (per_level + (i < last))
            c = width
        self.mid_block = Mid(c, temb, groups, eps, mid_attention)
        for i in reversed(range(len(widths))):
            inputs = []
            for _ in range(per_level + 1):
                inputs.append(c + kept.pop())
                c = widths[i]
            self.up_blocks.append(Level(inputs, c, temb, groups, eps, attention(i), up=i > 0))
        self.conv_norm_out, self.conv_act = nn.GroupNorm(groups, c, eps=eps), nn.SiLU()
        self.conv_out = nn.Conv2d(c, cout, 3, padding=1)

    def run(self, x, t, context=None, labels=None, pooled=None, sizes=None, cond=None):
        angles = sinusoid(t, self.width, self.shift)
        temb = self.time_embedding(torch.cat([*reversed(angles.chunk(2, dim=-1))], dim=-1) if self.sine_first else angles, cond)
        if labels is not None:
            temb = temb + self.class_embedding(labels)
        if pooled is not None:
            embedded = sinusoid(sizes.flatten(), self.size_width).reshape(sizes.shape[0], -1)
            temb = temb + self.add_embedding(torch.cat([pooled, embedded], dim=-1))
        h = self.conv_in(x)
        kept = [h]
        for level in self.down_blocks:
            h, outputs = level(h, temb, context)
            kept += outputs
        h = self.mid_block(h, temb, context)
        for level in self.up_blocks:
            h = level(h, temb, context, kept)
        return self.conv_out(self.conv_act(self.conv_norm_out(h)))


class Coder(nn.Module):
    """Encoder or decoder of AutoencoderKL and VQModel."""

    def __init__(self, cin, cout, widths, per_level, groups, decode):
        super().__init__()
        self.decode, last, eps = decode, len(widths) - 1, 1e-6
        attention = lambda width: Attention(width, 1, width, bias=True, groups=groups, eps=eps)
        order = list(reversed(widths)) if decode else list(widths)
        self.conv_in = nn.Conv2d(cin, order[0], 3, padding=1)
        if decode:
            self.mid_block = Mid(order[0], None, groups, eps, attention)
        blocks, c = [], order[0]
        for i, width in enumerate(order):
            count = per_level + 1 if decode else per_level
            blocks.append(Level([c] + [width] * (count - 1), width, None, groups, eps, None, 0 if not decode and i < last else None, decode and i < last))
            c = width
        self.blocks = nn.ModuleList(blocks)
        if not decode:
            self.mid_block = Mid(c, None, groups, eps, attention)
        self.conv_norm_out, self.conv_act = nn.GroupNorm(groups, c, eps=eps), nn.SiLU()
        self.conv_out = nn.Conv2d(c, cout, 3, padding=1)

    def forward(self, x):
        h = self.conv_in(x)
        if self.decode:
            h = self.mid_block(h)
        for block in self.blocks:
            h, _ = block(h, None, None)
        if not self.decode:
            h = self.mid_block(h)
        return self.conv_out(self.conv_act(self.conv_norm_out(h)))


class AutoencoderKL(nn.Module):
    def __init__(self, widths=(64,), per_level=1, latent=4, groups=32):
        super().__init__()
        self.encoder = Coder(3, 2 * latent, widths, per_level, groups, decode=False)
        self.decoder = Coder(latent, 3, widths, per_level, groups, decode=True)
        self.quant_conv, self.post_quant_conv = nn.Conv2d(2 * latent, 2 * latent, 1), nn.Conv2d(latent, latent, 1)

    def forward(self, latent_sample):
        return self.decoder(self.post_quant_conv(latent_sample))


class VQModel(nn.Module):
    """Decodes the nearest codebook vectors, the first where two are equally near."""

    def __init__(self, widths, codes, per_level=1, latent=3, groups=8):
        super().__init__()
        self.encoder = Coder(3, latent, widths, per_level, groups, decode=False)
        self.quant_conv = nn.Conv2d(latent, latent, 1)
        self.embedding = nn.Embedding(codes, latent)
        self.embedding.weight.data.uniform_(-1.0 / codes, 1.0 / codes)
        self.post_quant_conv = nn.Conv2d(latent, latent, 1)
        self.decoder = Coder(latent, 3, widths, per_level, groups, decode=True)

    def forward(self, latent_sample):
        b, c, height, width = latent_sample.shape
        flat = latent_sample.permute(0, 2, 3, 1).reshape(-1, c)
        codes = self.embedding.weight
        distances = (flat * flat).sum(1, keepdim=True) + (codes * codes).sum(1) - 2 * flat @ codes.t()
        nearest = codes[distances.argmin(dim=1)].reshape(b, height, width, c).permute(0, 3, 1, 2)
        return self.decoder(self.post_quant_conv(nearest))


class AdaLayerNormZero(nn.Module):
    def __init__(self, width, classes):
        super().__init__()
        self.timestep_embedder = TimestepEmbedding(256, width)
        self.class_embedder = nn.Embedding(classes + 1, width)
        self.silu, self.linear = nn.SiLU(), nn.Linear(width, 6 * width)
        self.norm = nn.LayerNorm(width, elementwise_affine=False, eps=1e-6)

    def embed(self, t, labels):
        return self.timestep_embedder(sinusoid(t, 256, shift=1.0)) + self.class_embedder(labels)

    def forward(self, x, t, labels):
        shift, scale, gate, shift_mlp, scale_mlp, gate_mlp = self.linear(self.silu(self.embed(t, labels))).chunk(6, dim=1)
        return self.norm(x) * (1 + scale[:, None]) + shift[:, None], gate, shift_mlp, scale_mlp, gate_mlp


class DiTBlock(nn.Module):
    def __init__(self, width, heads, head_width, classes):
        super().__init__()
        self.norm1 = AdaLayerNormZero(width, classes)
        self.attn1 = Attention(width, heads, head_width, bias=True)
        self.norm3, self.ff = nn.LayerNorm(width, elementwise_affine=False), FeedForward(width, gated=False)

    def forward(self, x, t, labels):
        h, gate, shift_mlp, scale_mlp, gate_mlp = self.norm1(x, t, labels)
        x = gate[:, None] * self.attn1(h) + x
        h = self.norm3(x) * (1 + scale_mlp[:, None]) + shift_mlp[:, None]
        return gate_mlp[:, None] * self.ff(h) + x


def positions(width, grid):
    """Two-dimensional sines and cosines, columns first."""
    def line(values):
        omega = 1 / 10000 ** (torch.arange(width // 4, dtype=torch.float64) / (width / 4))
        angles = values.reshape(-1)[:, None] * omega[None]
        return torch.cat([torch.sin(angles), torch.cos(angles)], dim=1)
    rows, columns = torch.meshgrid(torch.arange(grid, dtype=torch.float64), torch.arange(grid, dtype=torch.float64), indexing="ij")
    return torch.cat([line(columns), line(rows)], dim=1).float()[None]


class PatchEmbed(nn.Module):
    def __init__(self, size, patch, channels, width):
        super().__init__()
        self.proj = nn.Conv2d(channels, width, patch, stride=patch)
        self.register_buffer("pos_embed", positions(width, size // patch))

    def forward(self, x):
        return self.proj(x).flatten(2).transpose(1, 2) + self.pos_embed


class DiT(nn.Module):
    def __init__(self, size=16, layers=2, patch=4, heads=2, head_width=8, cin=4, cout=8, classes=1000):
        super().__init__()
        width = heads * head_width
        self.size, self.patch, self.cout = size, patch, cout
        self.pos_embed = PatchEmbed(size, patch, cin, width)
        self.transformer_blocks = nn.ModuleList([DiTBlock(width, heads, head_width, classes) for _ in range(layers)])
        self.norm_out = nn.LayerNorm(width, elementwise_affine=False, eps=1e-6)
        self.proj_out_1, self.proj_out_2 = nn.Linear(width, 2 * width), nn.Linear(width, patch * patch * cout)

    def forward(self, hidden_states, timestep, class_labels):
        h = self.pos_embed(hidden_states)
        for block in self.transformer_blocks:
            h = block(h, timestep, class_labels)
        shift, scale = self.proj_out_1(F.silu(self.transformer_blocks[0].norm1.embed(timestep, class_labels))).chunk(2, dim=1)
        h = self.proj_out_2(self.norm_out(h) * (1 + scale[:, None]) + shift[:, None])
        side = self.size // self.patch
        h = h.reshape(-1, side, side, self.patch, self.patch, self.cout).permute(0, 5, 1, 3, 2, 4)
        return h.reshape(-1, self.cout, self.size, self.size)


class UNet2DModel(UNet):
    """As in the tests of DDPM and DDIM: plain and attention blocks of head width 8."""

    def __init__(self, channels=3, widths=(4, 8), per_level=1, groups=4, attended=(1,), more=0):
        attention = lambda width: Attention(width, width // 8, 8, bias=True, groups=groups)
        super().__init__(channels + more, channels, widths, per_level, groups, lambda i: attention if i in attended else None, attention)

    def forward(self, sample, timestep):
        return self.run(sample, timestep)
