"""SD3's transformer: two streams of tokens that meet in one attention."""
import torch
import torch.nn as nn
import torch.nn.functional as F

from modules import FeedForward, PatchEmbed, TimestepEmbedding, sinusoid


def plain_norm(width):
    return nn.LayerNorm(width, elementwise_affine=False, eps=1e-6)


class JointAttention(nn.Module):
    def __init__(self, width, heads, last):
        super().__init__()
        self.heads = heads
        self.to_q, self.to_k, self.to_v = (nn.Linear(width, width) for _ in range(3))
        self.add_k_proj, self.add_v_proj, self.add_q_proj = (nn.Linear(width, width) for _ in range(3))
        self.to_out = nn.ModuleList([nn.Linear(width, width), nn.Dropout(0.0)])
        self.to_add_out = None if last else nn.Linear(width, width)

    def forward(self, x, context):
        b, n, c = x.shape
        split = lambda v: v.reshape(b, -1, self.heads, c // self.heads).transpose(1, 2)
        q = split(torch.cat([self.to_q(x), self.add_q_proj(context)], dim=1))
        k = split(torch.cat([self.to_k(x), self.add_k_proj(context)], dim=1))
        v = split(torch.cat([self.to_v(x), self.add_v_proj(context)], dim=1))
        weight = torch.softmax(torch.matmul(q, k.transpose(-1, -2)) * (c // self.heads) ** -0.5, dim=-1)
        h = torch.matmul(weight, v).transpose(1, 2).reshape(b, -1, c)
        return self.to_out[0](h[:, :n]), None if self.to_add_out is None else self.to_add_out(h[:, n:])


class JointTransformerBlock(nn.Module):
    def __init__(self, width, heads, last):
        super().__init__()
        self.last, self.norm = last, plain_norm(width)
        self.norm1, self.norm1_context = nn.Linear(width, 6 * width), nn.Linear(width, (2 if last else 6) * width)
        self.attn = JointAttention(width, heads, last)
        self.ff = FeedForward(width, gated=False)
        self.ff_context = None if last else FeedForward(width, gated=False)

    def forward(self, x, context, emb):
        shift, scale, gate, shift_mlp, scale_mlp, gate_mlp = (v[:, None] for v in self.norm1(F.silu(emb)).chunk(6, dim=1))
        if self.last:
            c_scale, c_shift = (v[:, None] for v in self.norm1_context(F.silu(emb)).chunk(2, dim=1))
        else:
            c_shift, c_scale, c_gate, c_shift_mlp, c_scale_mlp, c_gate_mlp = (v[:, None] for v in self.norm1_context(F.silu(emb)).chunk(6, dim=1))
        h, c = self.attn(self.norm(x) * (1 + scale) + shift, self.norm(context) * (1 + c_scale) + c_shift)
        x = x + gate * h
        x = x + gate_mlp * self.ff(self.norm(x) * (1 + scale_mlp) + shift_mlp)
        if self.last:
            return x, context
        context = context + c_gate * c
        return x, context + c_gate_mlp * self.ff_context(self.norm(context) * (1 + c_scale_mlp) + c_shift_mlp)


class SD3Transformer(nn.Module):
    def __init__(self, size, patch, channels, width, heads, layers, joint, pooled):
        super().__init__()
        self.size, self.patch, self.channels = size, patch, channels
        self.pos_embed = PatchEmbed(size, patch, channels, width)
        self.timestep_embedder = TimestepEmbedding(256, width)
        self.text_embedder = nn.ModuleList([nn.Linear(pooled, width), nn.Linear(width, width)])
        self.context_embedder = nn.Linear(joint, width)
        self.transformer_blocks = nn.ModuleList([JointTransformerBlock(width, heads, i == layers - 1) for i in range(layers)])
        self.norm = plain_norm(width)
        self.norm_out, self.proj_out = nn.Linear(width, 2 * width), nn.Linear(width, patch * patch * channels)

    def forward(self, hidden_states, encoder_hidden_states, pooled_projections, timestep):
        emb = self.timestep_embedder(sinusoid(timestep, 256)) + self.text_embedder[1](F.silu(self.text_embedder[0](pooled_projections)))
        x, context = self.pos_embed(hidden_states), self.context_embedder(encoder_hidden_states)
        for block in self.transformer_blocks:
            x, context = block(x, context, emb)
        scale, shift = self.norm_out(F.silu(emb)).chunk(2, dim=1)
        x = self.proj_out(self.norm(x) * (1 + scale[:, None]) + shift[:, None])
        side = self.size // self.patch
        return x.reshape(-1, side, side, self.patch, self.patch, self.channels).permute(0, 5, 1, 3, 2, 4).reshape(-1, self.channels, self.size, self.size)
