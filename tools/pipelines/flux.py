"""Flux' transformer: blocks with two streams of tokens, then blocks with one, rotary positions, guidance as an input. Latents enter as tokens of 2 x 2 squares."""
import torch
import torch.nn as nn
import torch.nn.functional as F

from joint import plain_norm
from modules import FeedForward, TimestepEmbedding, gelu_tanh, sinusoid


def rotations(ids, widths):
    """Cosines and sines [S, D] of positions [S, 3], each number twice, side by side."""
    parts = []
    for axis, width in enumerate(widths):
        frequencies = 1 / 10000 ** (torch.arange(0, width, 2, dtype=torch.float32) / width)
        parts.append((ids[:, axis:axis + 1].float() * frequencies).repeat_interleave(2, dim=1))
    angles = torch.cat(parts, dim=1)
    return angles.cos(), angles.sin()


def rotate(x, where):
    cos, sin = where
    pairs = x.reshape(*x.shape[:-1], -1, 2)
    turned = torch.stack([-pairs[..., 1], pairs[..., 0]], dim=-1).reshape(x.shape)
    return x * cos + turned * sin


class RmsNorm(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6) * self.weight


class Projections(nn.Module):
    """Queries, keys and values of one stream, by head."""

    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.q, self.k, self.v = (nn.Linear(width, width) for _ in range(3))
        self.norm_q, self.norm_k = RmsNorm(width // heads), RmsNorm(width // heads)

    def forward(self, x):
        split = lambda v: v.reshape(x.shape[0], x.shape[1], self.heads, -1).transpose(1, 2)
        return self.norm_q(split(self.q(x))), self.norm_k(split(self.k(x))), split(self.v(x))


def attend(q, k, v, where):
    weight = torch.softmax(torch.matmul(rotate(q, where), rotate(k, where).transpose(-1, -2)) * q.shape[-1] ** -0.5, dim=-1)
    return torch.matmul(weight, v).transpose(1, 2).reshape(q.shape[0], q.shape[2], -1)


class DoubleBlock(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.norm, self.norm1, self.norm1_context = plain_norm(width), nn.Linear(width, 6 * width), nn.Linear(width, 6 * width)
        self.image, self.text = Projections(width, heads), Projections(width, heads)
        self.to_out, self.to_add_out = nn.Linear(width, width), nn.Linear(width, width)
        self.ff, self.ff_context = FeedForward(width, gated=False), FeedForward(width, gated=False)

    def forward(self, x, context, emb, where):
        a, b = ([v[:, None] for v in linear(F.silu(emb)).chunk(6, dim=1)] for linear in (self.norm1, self.norm1_context))
        image, text = self.image(self.norm(x) * (1 + a[1]) + a[0]), self.text(self.norm(context) * (1 + b[1]) + b[0])
        h = attend(*(torch.cat([t, i], dim=2) for t, i in zip(text, image)), where)
        words = context.shape[1]
        x, context = x + a[2] * self.to_out(h[:, words:]), context + b[2] * self.to_add_out(h[:, :words])
        x = x + a[5] * self.ff(self.norm(x) * (1 + a[4]) + a[3])
        return x, context + b[5] * self.ff_context(self.norm(context) * (1 + b[4]) + b[3])


class SingleBlock(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.norm, self.linear = plain_norm(width), nn.Linear(width, 3 * width)
        self.attn, self.proj_mlp, self.proj_out = Projections(width, heads), nn.Linear(width, 4 * width), nn.Linear(5 * width, width)

    def forward(self, x, emb, where):
        shift, scale, gate = (v[:, None] for v in self.linear(F.silu(emb)).chunk(3, dim=1))
        h = self.norm(x) * (1 + scale) + shift
        return x + gate * self.proj_out(torch.cat([attend(*self.attn(h), where), gelu_tanh(self.proj_mlp(h))], dim=2))


class FluxTransformer(nn.Module):
    def __init__(self, channels, width, heads, doubles, singles, joint, pooled, axes):
        super().__init__()
        self.axes = axes
        self.x_embedder, self.context_embedder = nn.Linear(channels, width), nn.Linear(joint, width)
        self.timestep_embedder, self.guidance_embedder = TimestepEmbedding(256, width), TimestepEmbedding(256, width)
        self.text_embedder = nn.ModuleList([nn.Linear(pooled, width), nn.Linear(width, width)])
        self.transformer_blocks = nn.ModuleList([DoubleBlock(width, heads) for _ in range(doubles)])
        self.single_transformer_blocks = nn.ModuleList([SingleBlock(width, heads) for _ in range(singles)])
        self.norm, self.norm_out, self.proj_out = plain_norm(width), nn.Linear(width, 2 * width), nn.Linear(width, channels)

    def forward(self, hidden_states, encoder_hidden_states, pooled_projections, timestep, img_ids, txt_ids, guidance):
        # Times come divided by 1000, the scale as it is; both are embedded 1000 times larger.
        emb = self.timestep_embedder(sinusoid(1000 * timestep, 256)) + self.guidance_embedder(sinusoid(1000 * guidance, 256))
        emb = emb + self.text_embedder[1](F.silu(self.text_embedder[0](pooled_projections)))
        x, context = self.x_embedder(hidden_states), self.context_embedder(encoder_hidden_states)
        where = rotations(torch.cat([txt_ids, img_ids], dim=0), self.axes)
        for block in self.transformer_blocks:
            x, context = block(x, context, emb, where)
        words, x = context.shape[1], torch.cat([context, x], dim=1)
        for block in self.single_transformer_blocks:
            x = block(x, emb, where)
        scale, shift = self.norm_out(F.silu(emb)).chunk(2, dim=1)
        return self.proj_out(self.norm(x[:, words:]) * (1 + scale[:, None]) + shift[:, None])


def pack(x):
    """[B, C, H, W] to tokens of 2 x 2 squares."""
    b, c, h, w = x.shape
    return x.reshape(b, c, h // 2, 2, w // 2, 2).permute(0, 2, 4, 1, 3, 5).reshape(b, h * w // 4, 4 * c)


def unpack(x, h, w):
    b, _, c = x.shape
    return x.reshape(b, h // 2, w // 2, c // 4, 2, 2).permute(0, 3, 1, 4, 2, 5).reshape(b, c // 4, h, w)


def image_ids(h, w):
    """(0, row, column) of each square."""
    rows, columns = torch.meshgrid(torch.arange(h // 2), torch.arange(w // 2), indexing="ij")
    return torch.stack([torch.zeros_like(rows), rows, columns], dim=-1).reshape(-1, 3)
