"""The image half of CLIP (a vision transformer), written from its description; the projected embedding, not divided by its length.

Module names are those of the published weights under `visual.`. Attention is written out, since the fused operator has no ONNX form in opset 17.
"""
import torch
import torch.nn.functional as F
from torch import nn

MEAN, STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.in_proj_weight, self.in_proj_bias = nn.Parameter(torch.randn(3 * width, width) * width ** -0.5), nn.Parameter(torch.zeros(3 * width))
        self.out_proj = nn.Linear(width, width)

    def forward(self, x, mask=None):
        batch, tokens, width = x.shape
        part = width // self.heads
        q, k, v = (F.linear(x, w, b).reshape(batch, tokens, self.heads, part).transpose(1, 2)
                   for w, b in zip(self.in_proj_weight.chunk(3), self.in_proj_bias.chunk(3)))
        weights = q @ k.transpose(2, 3) * part ** -0.5
        weights = (weights if mask is None else weights + mask).softmax(-1)
        return self.out_proj((weights @ v).transpose(1, 2).reshape(batch, tokens, width))


class Layer(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.attn, self.ln_1, self.ln_2 = Attention(width, heads), nn.LayerNorm(width), nn.LayerNorm(width)
        self.mlp = nn.ModuleDict({"c_fc": nn.Linear(width, 4 * width), "c_proj": nn.Linear(4 * width, width)})

    def forward(self, x, mask=None):
        x = x + self.attn(self.ln_1(x), mask)
        h = self.mlp["c_fc"](self.ln_2(x))
        # The published models use this approximation of GELU.
        return x + self.mlp["c_proj"](h * torch.sigmoid(1.702 * h))


class ClipVision(nn.Module):
    def __init__(self, size, patch, width, layers, heads, dimensions):
        super().__init__()
        self.size, self.dimensions = size, dimensions
        self.conv1 = nn.Conv2d(3, width, patch, patch, bias=False)
        self.class_embedding = nn.Parameter(torch.randn(width) * width ** -0.5)
        self.positional_embedding = nn.Parameter(torch.randn((size // patch) ** 2 + 1, width) * width ** -0.5)
        self.ln_pre, self.ln_post = nn.LayerNorm(width), nn.LayerNorm(width)
        self.transformer = nn.ModuleDict({"resblocks": nn.ModuleList([Layer(width, heads) for _ in range(layers)])})
        self.proj = nn.Parameter(torch.randn(width, dimensions) * width ** -0.5)

    @staticmethod
    def like(state):
        """The network that a state dictionary fits; heads have 64 channels in all published models."""
        width, _, patch, _ = state["conv1.weight"].shape
        grid = round((state["positional_embedding"].shape[0] - 1) ** 0.5)
        layers = sum(name.endswith("attn.in_proj_weight") for name in state)
        return ClipVision(grid * patch, patch, width, layers, width // 64, state["proj"].shape[1])

    def forward(self, x):
        x = self.conv1(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.class_embedding.expand(x.shape[0], 1, -1), x], 1) + self.positional_embedding
        x = self.ln_pre(x)
        for layer in self.transformer["resblocks"]:
            x = layer(x)
        return self.ln_post(x[:, 0]) @ self.proj
