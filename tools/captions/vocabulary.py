"""A vocabulary of our own for the tokenizer of CLIP: bytes, merges learned from the words of the captions, start and end."""
import collections
import functools
import json
import pathlib
import sys

import torch

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "pipelines"))
from text import characters  # noqa: E402

START, END, PADDING, LENGTH = "<|startoftext|>", "<|endoftext|>", "!", 24


def joined(parts, pair):
    """The parts with every neighbouring pair of these two made one."""
    out, i = [], 0
    while i < len(parts):
        both = i + 1 < len(parts) and (parts[i], parts[i + 1]) == pair
        out.append(parts[i] + parts[i + 1] if both else parts[i])
        i += 2 if both else 1
    return out


def pieces(word):
    return [*word[:-1], word[-1] + "</w>"]


class Vocabulary:
    """Byte pair encoding: the most frequent pair is merged first, until each word is one token."""

    def __init__(self, words):
        parts, self.merges = [pieces(word) for word in words], []
        while any(len(p) > 1 for p in parts):
            counts = collections.Counter(pair for p in parts for pair in zip(p, p[1:]))
            best = min(counts, key=lambda pair: (-counts[pair], pair))
            self.merges.append(best)
            parts = [joined(p, best) for p in parts]
        tokens = characters() + [c + "</w>" for c in characters()] + ["".join(m) for m in self.merges] + [START, END]
        self.ids = {token: i for i, token in enumerate(tokens)}

    @functools.lru_cache(maxsize=None)
    def word(self, word):
        parts = pieces(word)
        for pair in self.merges:
            parts = joined(parts, pair)
        return [self.ids[p] for p in parts]

    def rows(self, texts):
        """Token ids [N, LENGTH] of captions, whose words are letters or one digit each."""
        out = torch.full((len(texts), LENGTH), self.ids[PADDING])
        for row, text in zip(out, texts):
            ids = [self.ids[START], *(i for word in text.lower().split() for i in self.word(word)), self.ids[END]]
            row[:len(ids)] = torch.tensor(ids)
        return out

    def write(self, folder):
        folder.mkdir(parents=True, exist_ok=True)

        def write(name, content):
            (folder / name).write_text(content)

        write("vocab.json", json.dumps(self.ids, ensure_ascii=False))
        write("merges.txt", "#version: 0.2\n" + "\n".join(" ".join(m) for m in self.merges) + "\n")
        special = {"bos_token": START, "eos_token": END, "unk_token": END, "pad_token": PADDING}
        write("special_tokens_map.json", json.dumps(special, indent=2) + "\n")
        write("tokenizer_config.json", json.dumps({**special, "model_max_length": LENGTH, "do_lower_case": True, "tokenizer_class": "CLIPTokenizer"}, indent=2) + "\n")
