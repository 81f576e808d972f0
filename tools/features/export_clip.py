"""Exports CLIP from its published weights: the image half for CMMD, and with a vocabulary the text half, too, for CLIP scores.

    python3 export_clip.py ViT-L-14-336px.pt --out clip-vit-l-14-336
    python3 export_clip.py ViT-B-32.pt --vocabulary bpe_simple_vocab_16e6.txt.gz --out clip-vit-b-32

The files are those that the CLIP project's own loader fetches; their SHA-256 stand below. CMMD is published for
ViT-L/14 at 336 pixels, CLIP scores mostly for ViT-B/32 and ViT-L/14. --random makes a small package with random weights instead.
"""
import argparse
import pathlib

import torch

import package
from clip_text import ClipText, published_tokenizer, small_tokenizer, spelled
from clip_vision import MEAN, STD, ClipVision

CHECKSUMS = {
    "ViT-B-32.pt": "40d365715913c9da98579312b702a82c18be219cc2a73407c4526f58eba950af",
    "ViT-L-14-336px.pt": "3035c92b350959924f9f00213499208652fc7ea050643e8b385c2dac08641f02",
}


TEXT = ("token_embedding.", "positional_embedding", "transformer.", "ln_final.", "text_projection")


def load(path):
    """The published files are TorchScript archives; a plain state dictionary is read too. The image half and the text half."""
    try:
        state = torch.jit.load(str(path), map_location="cpu").state_dict()
    except RuntimeError:
        state = package.load(path)
    image = {k[len("visual."):]: v.float() for k, v in state.items() if k.startswith("visual.")}
    return image, {k: v.float() for k, v in state.items() if k.startswith(TEXT)}


def randomise(network, seed=0):
    generator = torch.Generator().manual_seed(seed)
    for p in network.parameters():
        p.data = torch.randn(p.shape, generator=generator) * (p.shape[-1] ** -0.5 if p.dim() > 1 else 0.3) + (0 if p.dim() > 1 else 0.5)
    return network.eval()


def write(network, folder, name, provenance="", text=None, ids=None):
    """text: the text half, whose tokenizer with these ids lies in the folder already."""
    folder.mkdir(parents=True, exist_ok=True)
    path, size = folder / "clip.onnx", network.size
    sample = torch.randn(2, 3, size, size, generator=torch.Generator().manual_seed(1))
    package.export(network, (sample,), ["images"], ["embedding"], path, {"images": {0: "batch"}, "embedding": {0: "batch"}})
    package.check(network, path, ["images"], [(sample,), (sample[:1],)])
    more = {}
    if text is not None:
        rows = torch.cat([spelled(words, ids, text.length) for words in ("a cat", "two red dogs")])
        package.export(text, (rows,), ["input_ids"], ["embedding"], folder / "text.onnx", {"input_ids": {0: "batch"}, "embedding": {0: "batch"}})
        package.check(text, folder / "text.onnx", ["input_ids"], [(rows,), (rows[:1],)])
        more["text"] = {"file": "text.onnx", "input": "input_ids", "output": "embedding", "tokenizer": "tokenizer"}
    package.write_manifest(folder, {
        "name": name, "description": "Projected image embedding of CLIP, as CMMD uses it.",
        "features": {"file": "clip.onnx", "input": "images", "output": "embedding", "dimensions": network.dimensions, "layer": "projected class token"},
        "image": {"channels": 3, "height": size, "width": size, "resize": "antialiased-bicubic", "mean": [255 * v for v in MEAN], "std": [255 * v for v in STD]},
        **more, "provenance": provenance})


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", nargs="?", type=pathlib.Path)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--vocabulary", type=pathlib.Path, help="bpe_simple_vocab_16e6.txt.gz of the CLIP project: the text half is written, too")
    parser.add_argument("--random", action="store_true")
    parser.add_argument("--any-checksum", action="store_true")
    a = parser.parse_args()
    if a.random == (a.weights is not None):
        parser.error("give a weight file or --random")
    if a.random:
        a.out.mkdir(parents=True, exist_ok=True)
        ids = small_tokenizer(a.out / "tokenizer")
        write(randomise(ClipVision(64, 16, 128, 2, 2, 64)), a.out, "clip-random", "random weights: scores mean nothing", randomise(ClipText(len(ids), 77, 64, 2, 1, 64)), ids)
        return
    if not a.any_checksum:
        if a.weights.name not in CHECKSUMS:
            raise SystemExit(f"{a.weights.name} is not one of {', '.join(CHECKSUMS)}; --any-checksum goes on nevertheless.")
        package.require(a.weights, CHECKSUMS[a.weights.name], a.weights.name)
    state, words = load(a.weights)
    network, text, ids = ClipVision.like(state), None, None
    network.load_state_dict(state)
    if a.vocabulary:
        a.out.mkdir(parents=True, exist_ok=True)
        text, ids = ClipText.like(words), published_tokenizer(a.out / "tokenizer", a.vocabulary)
        text.load_state_dict(words)
    write(network.eval(), a.out, f"clip-{a.weights.stem.lower()}", f"{a.weights.name}, SHA-256 {package.digest(a.weights)}", text and text.eval(), ids)


if __name__ == "__main__":
    main()
