"""The text half of CLIP, written from its description; the projected embedding, not divided by its length, and the vocabulary as files that tokenizers read.

Module names are those of the published weights. Attention and layers are those of the image half, with a causal mask.
"""
import gzip
import json
import pathlib
import sys

import torch
from torch import nn

from clip_vision import Layer

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "pipelines"))
from text import characters  # noqa: E402

START, END, MERGES = "<|startoftext|>", "<|endoftext|>", 49152 - 256 - 2


class ClipText(nn.Module):
    def __init__(self, vocabulary, length, width, layers, heads, dimensions):
        super().__init__()
        self.length, self.dimensions = length, dimensions
        self.token_embedding = nn.Embedding(vocabulary, width)
        self.positional_embedding = nn.Parameter(torch.randn(length, width) * 0.01)
        self.transformer = nn.ModuleDict({"resblocks": nn.ModuleList([Layer(width, heads) for _ in range(layers)])})
        self.ln_final = nn.LayerNorm(width)
        self.text_projection = nn.Parameter(torch.randn(width, dimensions) * width ** -0.5)
        self.register_buffer("mask", torch.full((length, length), torch.finfo(torch.float32).min).triu(1), persistent=False)

    @staticmethod
    def like(state):
        """The network that a state dictionary fits; heads have 64 channels in all published models."""
        vocabulary, width = state["token_embedding.weight"].shape
        layers = sum(name.endswith("attn.in_proj_weight") for name in state)
        return ClipText(vocabulary, len(state["positional_embedding"]), width, layers, width // 64, state["text_projection"].shape[1])

    def forward(self, input_ids):
        x = self.token_embedding(input_ids) + self.positional_embedding
        for layer in self.transformer["resblocks"]:
            x = layer(x, self.mask)
        x = self.ln_final(x)
        # The end token has the largest id; its first place is the text's end.
        one = (torch.arange(self.length) == input_ids.argmax(dim=-1, keepdim=True)).to(x.dtype)
        return (x * one[:, :, None]).sum(dim=1) @ self.text_projection


def write_tokenizer(folder, tokens, merges):
    """Rows are filled with "!", whose id is 0, as CLIP's own program fills them with zeros."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.json").write_text(json.dumps({token: i for i, token in enumerate(tokens)}, ensure_ascii=False))
    (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(merges) + "\n")
    (folder / "special_tokens_map.json").write_text(json.dumps({"pad_token": "!"}))


def published_tokenizer(folder, path):
    """The vocabulary from the file bpe_simple_vocab_16e6.txt.gz of the CLIP project."""
    lines = gzip.open(path, "rt", encoding="utf-8").read().split("\n")[1:MERGES + 1]
    tokens = characters() + [c + "</w>" for c in characters()] + [line.replace(" ", "") for line in lines] + [START, END]
    write_tokenizer(folder, tokens, lines)
    return {token: i for i, token in enumerate(tokens)}


def small_tokenizer(folder):
    """Single bytes and no merges: every text has ids."""
    tokens = characters() + [c + "</w>" for c in characters()] + [START, END]
    write_tokenizer(folder, tokens, [])
    return {token: i for i, token in enumerate(tokens)}


def spelled(text, ids, length):
    """The row of a text of plain lower-case words without merges."""
    inner = [ids[c + ("</w>" if i == len(word) - 1 else "")] for word in text.split() for i, c in enumerate(word)]
    row = [ids[START], *inner[:length - 2], ids[END]]
    return torch.tensor([row + [0] * (length - len(row))])
