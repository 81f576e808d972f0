"""CLIP's text model, and a tokenizer folder with a small vocabulary of its own."""
import json

import torch
import torch.nn as nn
import torch.nn.functional as F

LENGTH = 77


class ClipLayer(nn.Module):
    def __init__(self, width, heads, quick):
        super().__init__()
        self.heads, self.quick = heads, quick
        self.layer_norm1, self.layer_norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.q_proj, self.k_proj, self.v_proj, self.out_proj = (nn.Linear(width, width) for _ in range(4))
        self.fc1, self.fc2 = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x, mask):
        b, n, c = x.shape
        h = self.layer_norm1(x)
        split = lambda v: v.reshape(b, n, self.heads, -1).transpose(1, 2)
        q, k, v = split(self.q_proj(h) * (c // self.heads) ** -0.5), split(self.k_proj(h)), split(self.v_proj(h))
        weight = torch.softmax(torch.matmul(q, k.transpose(-1, -2)) + mask, dim=-1)
        x = x + self.out_proj(torch.matmul(weight, v).transpose(1, 2).reshape(b, n, c))
        h = self.fc1(self.layer_norm2(x))
        return x + self.fc2(h * torch.sigmoid(1.702 * h) if self.quick else F.gelu(h))


class ClipText(nn.Module):
    """outputs: of last_hidden_state, pooler_output, text_embeds, hidden_states (all of them)."""

    def __init__(self, vocabulary, width, layers, heads, outputs, projection=None, quick=True, length=LENGTH):
        super().__init__()
        self.token_embedding, self.position_embedding = nn.Embedding(vocabulary, width), nn.Embedding(length, width)
        self.layers = nn.ModuleList([ClipLayer(width, heads, quick) for _ in range(layers)])
        self.final_layer_norm = nn.LayerNorm(width)
        self.text_projection = nn.Linear(width, projection, bias=False) if projection else None
        self.outputs = outputs
        mask = torch.full((length, length), torch.finfo(torch.float32).min).triu(1)
        self.register_buffer("mask", mask, persistent=False)

    def forward(self, input_ids):
        x = self.token_embedding(input_ids) + self.position_embedding.weight
        states = [x]
        for layer in self.layers:
            x = layer(x, self.mask)
            states.append(x)
        last = self.final_layer_norm(x)
        # eos_token_id 2 in the configuration: the largest id ends the text
        one = F.one_hot(input_ids.argmax(dim=-1), len(self.mask)).to(last.dtype)
        pooled = (last * one[:, :, None]).sum(dim=1)
        made = {"last_hidden_state": [last], "pooler_output": [pooled], "hidden_states": states}
        if self.text_projection is not None:
            made["text_embeds"] = [self.text_projection(pooled)]
        return tuple(v for name in self.outputs for v in made[name])

    def names(self):
        return [n for name in self.outputs for n in ([f"hidden_states.{i}" for i in range(len(self.layers) + 1)] if name == "hidden_states" else [name])]


def characters():
    """The printable character of each byte (the table of GPT-2)."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    return [chr(b) for b in printable] + [chr(256 + i) for i in range(256 - len(printable))]


def tokenizer(folder, padding):
    """Writes vocab.json, merges.txt and special_tokens_map.json; returns a function from a list of known words to a row."""
    merges = ["r e", "re d</w>", "c a", "ca t</w>", "b l", "bl u", "blu e</w>", "d o", "do g</w>"]
    tokens = characters() + [c + "</w>" for c in characters()] + [m.replace(" ", "") for m in merges] + ["<|startoftext|>", "<|endoftext|>"]
    ids = {t: i for i, t in enumerate(tokens)}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.json").write_text(json.dumps(ids, ensure_ascii=False))
    (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(merges) + "\n")
    (folder / "special_tokens_map.json").write_text(json.dumps({"pad_token": padding}))
    known = {"a": ["a</w>"], "red": ["red</w>"], "cat": ["cat</w>"], "blue": ["blue</w>"], "dog": ["dog</w>"]}

    def row(text):
        inner = [ids[t] for word in text.split() for t in known[word]]
        full = [ids["<|startoftext|>"], *inner, ids["<|endoftext|>"]]
        return torch.tensor([full + [ids[padding]] * (LENGTH - len(full))])

    return row, len(ids)
